"""One REST call: its request, and each way in which it can end.

Nothing of a URL or a body gets into the log or into the text of an error.
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

from sip2gw.library import InDoubt, LibraryError, Made, MayWrite, PasswordMissing, Refused, Unavailable

JSON = {b"Accept": b"application/json"}
"""The headers of a call without an account. Copy them to add others."""

Head = Mapping[bytes, bytes]
"""The headers of an answer, by names in lower case; the last one of several with the same name."""

_encode = msgspec.json.Encoder().encode
_SECONDS = re.compile(rb"\d{1,10}", re.ASCII)


class How(StrEnum):
    """The kinds of failures of a call. A metric counts them by these names."""

    NOT_ASKED = "not_asked"
    """Not sent by us: the library has asked for a pause, or its breaker is open."""
    NO_TURN = "no_turn"
    """Not sent by us: there was no slot, or no time left."""
    ABANDONED = "abandoned"
    """Given up by the caller."""
    NOT_CONNECTED = "not_connected"
    LATE = "late"
    BROKEN = "broken"
    """The connection ended before the answer did."""
    TOO_LARGE = "too_large"
    UNREADABLE = "unreadable"
    REDIRECTED = "redirected"
    SERVER_ERROR = "server_error"
    BUSY = "busy"
    """The API asked to call later."""
    THROTTLED = "throttled"
    """A password was tried too often. This concerns one account, and says nothing of the library's health."""
    WITHOUT_PASSWORD = "without_password"  # noqa: S105 (a name)
    """A write was repeated to settle it. The API has not done it, and can't do it without the password."""
    NOT_THERE = "not_there"
    """A refusal that is not in the contract's form, such as a proxy's page, or of an API that lacks the operation."""

    @property
    def theirs(self) -> bool:
        """Whether this failure shows that the library's API is not well."""
        ours = (How.NOT_ASKED, How.NO_TURN, How.ABANDONED)
        return self not in (*ours, How.NOT_THERE, How.THROTTLED, How.WITHOUT_PASSWORD)


@frozen
class Failed:
    """A call without an answer.

    `sent` is whether it may have been done all the same. `wait` is how many seconds the server asks for a pause.
    `limit` is the setting that was hit.
    """

    how: How
    why: str
    sent: bool = field(default=True, kw_only=True)
    wait: float | None = field(default=None, kw_only=True)
    limit: str = field(default="", kw_only=True)


class GivenUp(InDoubt):
    """In doubt, and the caller does not wait any longer."""


class Unauthorized(Exception):
    """401: the token is not valid any longer. This error never leaves the package.

    `proved` is whether the contract's problem document came with it: only then it is certain that nothing was done.
    """

    def __init__(self, operation: str, *, proved: bool) -> None:
        super().__init__(operation)
        self.proved = proved


@frozen
class Call:
    """One request of the contract. `operation` is its name in the log; `url` and `body` never get there."""

    operation: str
    method: str
    url: str = field(repr=False)
    headers: dict[bytes, bytes] = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    shape: type[Any] | None = None
    """The class of the record in its answer."""
    reads: bool = False
    """Whether it changes nothing, not even the number of tries that a password has left."""
    writes: bool = False
    """Whether it has an `Idempotency-Key`: the same call made again has no further effect and the same answer."""
    guesses: bool = False
    """Whether there is a password in its body."""
    may_write: MayWrite | None = field(default=None, repr=False)
    """Called right before it is sent."""
    body_again: Mapping[str, Any] | None = field(default=None, repr=False)
    """The body of a write that is made again, without the password; None if it is the same."""
    low_priority: bool = False
    """Whether other calls come first. It is a login that was never right, or a write that the journal forwards."""
    made: list[Made] | None = field(default=None, repr=False)
    """Each time that it is sent is added to this list."""

    def again(self, *, settles: bool) -> Call:
        """Return the call as it is made again. `settles` is whether it settles a write in doubt."""
        if not settles or self.body_again is None:
            return self
        return evolve(self, body=encoded(self.body_again), body_again=None)

    def in_doubt(self, outcome: Outcome) -> bool:
        """Return whether this may have been done, and the outcome does not say so."""
        if isinstance(outcome, Unauthorized):
            return self.writes and not outcome.proved
        return self.writes and isinstance(outcome, Failed) and outcome.sent

    def error(self, failed: Failed, *, doubt: bool) -> LibraryError:
        """Return the error for the caller. `doubt` is whether this call or an earlier one may have been done."""
        text = f"{self.operation}: {failed.why}"
        if failed.how is How.WITHOUT_PASSWORD:  # sent to settle a write, perhaps one of long ago
            return PasswordMissing(text)
        if not doubt:
            return Unavailable(text, throttled=failed.how is How.THROTTLED)
        return GivenUp(text) if failed.how is How.ABANDONED else InDoubt(text)


@frozen
class Answer:
    """An answer. `record` is its JSON as the call's `shape`; None without a shape, and for 304."""

    status: int
    headers: Head = field(repr=False)
    record: Any = field(default=None, repr=False)


Outcome = Answer | Failed | Refused | Unauthorized
"""How a call ends. `Refused` is the port's error; it is a value until `API.call` raises it."""


def encoded(body: Mapping[str, Any]) -> bytes:
    """Return the body of a request. Half of a surrogate pair, which no charset can encode, becomes an escape."""
    try:
        return _encode(body)
    except UnicodeEncodeError:
        return json.dumps(body, separators=(",", ":")).encode("ascii")


def rest(headers: Head, now: float, most: float) -> float | None:
    """Return the seconds of `Retry-After`, from 0 to `most`; None if it is absent or can't be read.

    A date in it is compared with the server's own time in `Date`; without that, with `now`, in seconds since 1970.
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
    """Return an HTTP date in seconds since 1970; None if it can't be read."""
    try:
        moment = parsedate_to_datetime(raw.decode("ascii"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
