"""Read the lines of one terminal as requests, and count damaged ones."""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from sip2gw.session.spelling import Spelling
from sip2gw.session.steps import PATIENCE, Decline, Ignore, Pending
from sip2gw.sip2 import BadChecksum, Crowded, Request, Unfit, UnknownMessage, parse

DAMAGED = (
    f"{PATIENCE} lines in a row whose checksum does not fit; look for noise on the terminal's line, "
    "or set its error detection and charset right"
)


@frozen
class Damaged:
    """A line whose checksum does not fit. `enough` says that there were too many in a row."""

    enough: bool


@frozen
class Unreadable:
    """A request that can't be read without a doubt, and its refusal."""

    pending: Pending
    refused: Decline


class RequestReader:
    """The lines of one session. `most_fields` returns how many fields of a request are read."""

    __slots__ = ("_damaged", "_most_fields", "_spelling")

    def __init__(self, spelling: Spelling, most_fields: Callable[[], int]) -> None:
        self._spelling = spelling
        self._most_fields = most_fields
        self._damaged = 0

    def read(self, line: bytes, early: bool) -> Pending | Ignore | Damaged | Unreadable:
        """Read a line without its terminator. `early` is as in `Session.receive`."""
        try:
            request, trailer = parse(line, self._spelling.dialect, most=self._most_fields())
        except UnknownMessage as unknown:
            return Ignore(str(unknown))
        except BadChecksum:
            self._damaged += 1
            return Damaged(self._damaged >= PATIENCE)
        except Unfit as unfit:
            self._damaged = 0
            limit = "fields" if isinstance(unfit, Crowded) else ""
            pending = Pending(line, unfit.request, unfit.trailer)
            return Unreadable(pending, Decline("unreadable", limit, why=str(unfit)))
        self._damaged = 0
        if not isinstance(request, Request):
            return Ignore(f"a response, {request.code}")
        return Pending(line, request, trailer, early=early)
