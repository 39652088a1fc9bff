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
from typing import Any, TypeVar

from attrs import field, frozen
from twisted.web.http_headers import Headers

from sip2gw.librarika.http.structuring import Misshapen, structured
from sip2gw.library import InDoubt, LibraryError, Still, Unavailable

T = TypeVar("T")

JSON = Headers({b"Accept": [b"application/json"]})
"""The headers of a call that needs no account; to be copied."""

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
    NOT_THERE = "not_there"
    """A refusal in no form of the contract; a proxy's page, say."""

    @property
    def theirs(self) -> bool:
        """Whether it says that the library's API is not well."""
        ours = (How.NOT_ASKED, How.NO_TURN, How.ABANDONED)
        return self not in (*ours, How.NOT_THERE, How.THROTTLED)


class Failed(Exception):
    """A call came to no answer. It never leaves the package: `Call.error` is what the port's caller hears.

    `sent` is whether it may have been carried out all the same, `wait` how long the server asks to be left alone, and
    `limit` the setting that struck.
    """

    def __init__(
        self, how: How, why: str, *, sent: bool = True, wait: float | None = None, limit: str = ""
    ) -> None:
        super().__init__(why)
        self.how, self.sent, self.wait, self.limit = how, sent, wait, limit


class GivenUp(InDoubt):
    """In doubt, and whoever asked no longer waits."""


class Unauthorized(Exception):
    """401: the token is no longer good, and the request was not done. It never leaves the package."""


@frozen
class Call:
    """One request as the contract has it. `operation` names it in logs; `url` and `body` never get there."""

    operation: str
    method: str
    url: str = field(repr=False)
    headers: Headers = field(repr=False)
    body: bytes | None = field(default=None, repr=False)
    writes: bool = False
    still: Still | None = field(default=None, repr=False)
    """Asked right before it is sent."""

    def lost(self, why: str) -> LibraryError:
        """The answer can't be had or understood."""
        if self.writes:
            return InDoubt(f"{self.operation}: {why}")
        return self.not_done(why)

    def record(self, answer: Answer, kind: type[T]) -> T:
        """What the answer says, as a record. Raises as `lost` says if it can't be understood."""
        try:
            return structured(answer.document, kind)
        except Misshapen as error:
            raise self.lost(str(error)) from None

    def not_done(self, why: str, *, throttled: bool = False) -> Unavailable:
        """It is certain that nothing was done."""
        return Unavailable(f"{self.operation}: {why}", throttled=throttled)

    def error(self, failed: Failed) -> LibraryError:
        """What a failure is to whoever asked."""
        if failed.how is How.ABANDONED and failed.sent and self.writes:
            return GivenUp(f"{self.operation}: {failed}")
        if failed.sent:
            return self.lost(str(failed))
        return self.not_done(str(failed), throttled=failed.how is How.THROTTLED)


@frozen
class Answer:
    """What came back. `document` is its JSON object; None for 304."""

    status: int
    headers: Headers = field(repr=False)
    document: dict[str, Any] | None = field(default=None, repr=False)


def encoded(body: Mapping[str, Any]) -> bytes:
    """The body of a request."""
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def rest(headers: Headers, now: float, most: float) -> float | None:
    """The seconds of `Retry-After`, from 0 to `most`; None if there is none, or it is neither form.

    A date counts from the server's own time, which `Date` tells; `now` is ours, since 1970.
    """
    said = (headers.getRawHeaders(b"Retry-After") or [b""])[-1]
    if _SECONDS.fullmatch(said.strip()):
        return min(float(said), most)
    moment = date(said)
    if moment is None:
        return None
    server = date((headers.getRawHeaders(b"Date") or [b""])[-1])
    return min(max(moment - (now if server is None else server), 0.0), most)


def date(raw: bytes) -> float | None:
    """An HTTP date in seconds since 1970, or None."""
    try:
        moment = parsedate_to_datetime(raw.decode("ascii"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
