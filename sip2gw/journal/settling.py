"""Settle one row: make its call again under its key, and find out what became of it."""

from __future__ import annotations

from typing import Any

from attrs import evolve, frozen

from sip2gw.journal.codec import Call
from sip2gw.journal.methods import with_password
from sip2gw.journal.states import Event, Told
from sip2gw.library import InDoubt, Library, LibraryError, PasswordMissing, Refused, Unavailable
from sip2gw.secret import Secret

ARRIVED = 300.0
"""Seconds after which a request that was sent is no longer on its way. A library that has not done a write by then, and
can't do it without a password, will not do it."""

KEY_KEPT = 23 * 3600.0
"""Seconds for which a library surely knows a key; the contract says 24 hours. Nothing is sent again after that."""

ACCOUNT_REFUSED = frozenset(
    {
        "account_inactive",
        "invalid_credentials",
        "library_not_found",
        "permission_missing",
        "rate_limited",
        "sip2_disabled",
        "sip2_not_activated",
        "unauthorized",
    }
)
"""Refusals of the account and not of the write."""


@frozen(repr=False)
class Settled:
    """What a library said of a write: a result, or an error."""

    event: Event
    result: Any = None
    error: LibraryError | None = None

    @property
    def is_decided(self) -> bool:
        """Whether it is known what became of the write."""
        return self.event in (Event.DONE, Event.REFUSED)

    @property
    def reason(self) -> str:
        """Why it was not done, for the operator; without data."""
        return self.error.code if isinstance(self.error, Refused) else ""

    def value(self) -> Any:
        """Return the result, or raise the error."""
        if self.error is not None:
            raise self.error
        return self.result


async def ask(library: Library, call: Call, password: Secret | None = None) -> Settled:
    """Make the call, and return what came of it. `library` has the deadline."""
    if call.identifiers:
        library = library.reading(call.identifiers)
    method = getattr(library, call.method.name)
    try:
        return Settled(
            Event.DONE,
            await method(**call.arguments, occasion=call.occasion, **with_password(password)),
        )
    except Refused as refused:
        return Settled(Event.REFUSED, error=refused)
    except InDoubt as doubt:
        return Settled(Event.LOST, error=doubt)
    except LibraryError as unavailable:
        return Settled(Event.NOT_SENT, error=unavailable)


async def settle(
    library: Library, call: Call, *, told: Told, age: float, password: Secret | None = None
) -> Settled:
    """Settle a call that may have been made before. `age` is the seconds since it was sent first.

    `password` is the one that was entered again just now, for a call that had one.
    """
    had_one = call.occasion.password_entered
    settled = await ask(library, call, password if had_one else None)
    if settled.event is Event.REFUSED and settled.reason in ACCOUNT_REFUSED:
        return Settled(Event.NOT_SENT, error=Unavailable(settled.reason))
    if not had_one:
        return settled
    not_done = isinstance(settled.error, PasswordMissing)
    if told is Told.OK and (not_done or settled.reason == "idempotency_key_reused"):
        # The terminal was told yes for what had happened already, so no password may stop it.
        return await ask(library, evolve(call, occasion=evolve(call.occasion, password_entered=False)))
    if not_done and age > ARRIVED:
        return Settled(
            Event.REFUSED,
            error=Refused("not_done", "the library can't do it without the password"),
        )
    return settled
