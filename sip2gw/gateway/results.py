"""What became of a request to the library, for log, metrics and record."""

from __future__ import annotations

from attrs import frozen

from sip2gw.circulation import Desk, is_offered
from sip2gw.events import Outcome
from sip2gw.library import InDoubt, LibraryError, Refused, Unavailable
from sip2gw.sip2 import Request


@frozen
class Result:
    """What became of a request: its outcome, and more about that."""

    outcome: Outcome
    code: str = ""


ANSWERED = Result("answered")
NOT_OFFERED = Result("not_offered")
OFFLINE = Result("answered", "offline")
"""98 has told the terminal that the library can't be reached."""


def of_answer(request: Request, desk: Desk) -> Result:
    """Return the result of a request that got its answer without an error."""
    if not is_offered(request, desk.place.profile):
        return NOT_OFFERED
    return Result("refused", desk.refused) if desk.refused else ANSWERED


def of_error(error: LibraryError) -> Result:
    """Return the result of a request that was refused after this error."""
    match error:
        case Refused(code=code):
            return Result("refused", code)
        case InDoubt():
            return Result("in_doubt")
        case Unavailable(throttled=True):
            return Result("unavailable", "too_many_tries")
        case _:
            return Result("unavailable")
