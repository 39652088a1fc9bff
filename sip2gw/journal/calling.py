"""Make the call of one write, the first time or again, and return its outcome.

A call that is made again is in `settling`.
"""

from __future__ import annotations

from typing import Any

from attrs import frozen

from sip2gw.journal.codec import Call
from sip2gw.journal.methods import with_password
from sip2gw.journal.states import Event
from sip2gw.library import InDoubt, Library, LibraryError, Refused
from sip2gw.secret import Secret


@frozen(repr=False)
class Outcome:
    """What came of a call: a result, or an error. `event` is what that means for the row."""

    event: Event
    result: Any = None
    error: LibraryError | None = None

    @property
    def is_decided(self) -> bool:
        """Whether it is known what became of the write."""
        return self.event in (Event.DONE, Event.REFUSED)

    @property
    def reason(self) -> str:
        """Why it was not done, or is given up, for the operator; without data."""
        if self.event is Event.GIVEN_UP:
            return str(self.error)
        return self.error.code if isinstance(self.error, Refused) else ""

    def value(self) -> Any:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.result


async def make_call(library: Library, call: Call, password: Secret | None = None) -> Outcome:
    """Make a call, and return its outcome. `library` has the deadline."""
    if call.identifiers:
        library = library.reading(call.identifiers)
    method = getattr(library, call.method.name)
    try:
        return Outcome(
            Event.DONE,
            await method(**call.arguments, occasion=call.occasion, **with_password(password)),
        )
    except Refused as refused:
        return Outcome(Event.REFUSED, error=refused)
    except InDoubt as doubt:
        return Outcome(Event.LOST, error=doubt)
    except LibraryError as unavailable:
        return Outcome(Event.NOT_SENT, error=unavailable)
