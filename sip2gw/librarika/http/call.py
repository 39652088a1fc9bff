"""One REST call: what is asked, and every way in which it can end.

Nothing of a URL or a body gets into a log, or the text of an error.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from enum import StrEnum
from typing import Any

import msgspec
from attrs import evolve, field, frozen

from sip2gw.library import InDoubt, LibraryError, Made, PasswordMissing, Refused, Still, Unavailable

JSON = {b"Accept": b"application/json"}
"""The headers of a call that needs no account; to be copied."""

Head = Mapping[bytes, bytes]
"""An answer's headers: their names in lower case, and of several with one name the last."""

_encode = msgspec.json.Encoder().encode
_SECONDS = re.compile(rb"\d{1,10}", re.ASCII)


class How(StrEnum):
    """The ways in which a call fails; a figure counts them by these names."""

    NOT_ASKED = "not_asked"
    """By us: its library is left alone at this moment."""
    NO_TURN = "no_turn"
    """By us: there was no place, or no time left."""
    ABANDONED = "abandoned"
    """By us: whoever asked gave up."""
    NOT_CONNECTED = "not_connected"
    LATE = "late"
    BROKEN = "broken"
    """The connection ended before the answer did."""
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    REDIRECTED = "redirected"
    SERVER_ERROR = "server_error"
    BUSY = "busy"
    """It was asked to come back later."""
    THROTTLED = "throttled"
    """A password was tried too often. That is between its owner and whoever tries: it says nothing of the library."""
    WITHOUT_PASSWORD = "without_password"  # noqa: S105 (a name)
    """A write that is settled, and that the server has not done: it can't do it without the password."""
    NOT_THERE = "not_there"
    """A refusal in no form of the contract; a proxy's page, say."""

    @property
    def theirs(self) -> bool:
        """Whether it says that the library's API is not well."""
        ours = (How.NOT_ASKED, How.NO_TURN, How.ABANDONED)
        return self not in (*ours, How.NOT_THERE, How.THROTTLED, How.WITHOUT_PASSWORD)


@frozen
class Failed:
    """A call came to no answer.

    `sent` is whether it may have been carried out all the same, `wait` how long the server asks to be left alone, and
    `limit` the setting that was hit.
    """

    how: How
    why: str
    sent: bool = field(default=True, kw_only=True)
    wait: float | None = field(default=None, kw_only=True)
    limit: str = field(default="", kw_only=True)


class GivenUp(InDoubt):
    """In doubt, and the caller no longer waits."""


class Unauthorized(Exception):
    """401: the token is no longer good. It never leaves the package.

    `proved` is whether the contract's problem document says so: only then is it certain that nothing was done.
    """

    def __init__(self, operation: str, *, proved: bool) -> None:
        super().__init__(operation)
        self.proved = proved


@frozen
class Call:
    """One request as the contract has it. `operation` names it in logs; `url` and `body` never get there."""

    operation: str
    method: str
    url: str = field(repr=False)
    headers: dict[bytes, bytes] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    shape: type[Any] | None = None
    """The record that its answer is."""
    reads: bool = False
    """Whether it changes nothing, not even how often a password may be tried yet."""
    writes: bool = False
    """Whether it has an `Idempotency-Key`: made again, it has the effect and the answer of the first."""
    guesses: bool = False
    """Whether it brings a password."""
    still: Still | None = field(default=None, repr=False)
    """Asked right before it is sent."""
    settling: Mapping[str, Any] | None = field(default=None, repr=False)
    """What a write says when it is made again, if that is less: no password, which the server does not compare."""
    stranger: bool = False
    """A login that was never right before."""
    made: list[Made] | None = field(default=None, repr=False)
    """Each sending is added to it."""

    def again(self, *, settles: bool) -> Call:
        """The call as it is made once more: as it was, or so that it settles what became of it."""
        if not settles or self.settling is None:
            return self
        return evolve(self, body=encoded(self.settling), settling=None)

    def in_doubt(self, outcome: Outcome) -> bool:
        """Whether this may have been done, and the outcome does not tell."""
        if isinstance(outcome, Unauthorized):
            return self.writes and not outcome.proved
        return self.writes and isinstance(outcome, Failed) and outcome.sent

    def error(self, failed: Failed, *, doubt: bool) -> LibraryError:
        """What a failure is to the caller. `doubt` is whether it may have been done, by this call or one before."""
        text = f"{self.operation}: {failed.why}"
        if not doubt:
            return Unavailable(text, throttled=failed.how is How.THROTTLED)
        if failed.how is How.WITHOUT_PASSWORD:
            return PasswordMissing(text)
        return GivenUp(text) if failed.how is How.ABANDONED else InDoubt(text)


@frozen
class Answer:
    """What came back. `record` is what its JSON says, in the call's shape; None without a shape, and for 304."""

    status: int
    headers: Head = field(repr=False)
    record: Any = field(default=None, repr=False)


Outcome = Answer | Failed | Refused | Unauthorized
"""How a call ends. A `Refused` is the port's, carried as a value until `API.call` raises it."""


def encoded(body: Mapping[str, Any]) -> bytes:
    """The body of a request. Half a character, which no charset can hold, is spelled as an escape."""
    try:
        return _encode(body)
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":")).encode("ascii")


def rest(headers: Head, now: float, most: float) -> float | None:
    """The seconds of `Retry-After`, from 0 to `most`; None if there is none, or it is neither form.

    A date counts from the server's own time, which `Date` tells; `now` is ours, since 1970.
    """
    said = headers.get(b"retry-after", b"")
    if _SECONDS.fullmatch(said.strip()):
        return min(float(said), most)
    moment = date(said)
    if moment is None:
        return None
    server = date(headers.get(b"date", b""))
    return min(max(moment - (now if server is None else server), 0.0), most)


def date(raw: bytes) -> float | None:
    """An HTTP date in seconds since 1970, or None."""
    try:
        moment = parsedate_to_datetime(raw.decode("ascii"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
