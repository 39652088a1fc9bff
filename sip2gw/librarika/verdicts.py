"""What an answer's status means is decided here, once: done, refused, not done, or nobody knows.

A read that failed changed nothing, so all its failures are `Unavailable`. A write is refused only if the server said no
in so many words (4xx), was not done if the server said that it did not try, and is in doubt in every other case.
Nothing of a body but a problem's `code` and facts of known names and forms gets any further.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NoReturn, TypeVar

from attrs import field, frozen
from twisted.web.http_headers import Headers

from sip2gw.librarika.bounds import TooDeep, TooLong, check
from sip2gw.librarika.restraint import Restraint
from sip2gw.librarika.rests import rest
from sip2gw.librarika.shapes import Misshapen, structured
from sip2gw.library import InDoubt, LibraryError, Refused, Still, Unavailable

T = TypeVar("T")

_CODE = re.compile(r"[a-z][a-z0-9_]{0,63}", re.ASCII)
_AMOUNT = re.compile(r"\d{1,15}(\.\d{1,3})?", re.ASCII)
_FACTS = {
    "available_from": ("available_from", re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)),
    "quota": ("limit", re.compile(r"\d{1,9}", re.ASCII)),
    "reason": ("reason", _CODE),
    "amount": ("amount", _AMOUNT),
    "currency": ("currency", re.compile(r"[A-Z]{3}", re.ASCII)),
    "payable": ("payable", _AMOUNT),
}
"""Members of a problem document that a text may name: what they are called there, here, and their form."""

JSON = Headers({b"Accept": [b"application/json"]})
"""The headers of a call that needs no account; to be copied."""

_NOT_TRIED = frozenset({408, 421, 425, 429})
_PASSWORDS = frozenset({"create_token", "verify_member"})
"""Operations that say whether a password is right."""


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


def answer(
    call: Call,
    status: int,
    headers: Headers,
    body: bytes,
    restraint: Restraint = Restraint(),
    now: float = 0.0,
) -> Answer:
    """The answer, if it is one to go on with. Raises `Refused`, `Failed` or `Unauthorized`. `now` is since 1970."""
    if 200 <= status < 300:
        try:
            return Answer(status, headers, parsed(body, restraint))
        except ValueError as error:
            limit = getattr(error, "limit", "")
            raise Failed(How.UNREADABLE, f"{status}, but {error}", limit=limit) from None
    if status == 304 and call.headers.hasHeader(b"If-None-Match"):
        return Answer(status, headers)
    if status == 401 and call.headers.hasHeader(b"Authorization"):
        raise Unauthorized(call.operation)
    if status == 429 and call.operation in _PASSWORDS:
        raise Failed(How.THROTTLED, "429, too many tries", sent=False)
    if status in _NOT_TRIED or (status == 503 and headers.hasHeader(b"Retry-After")):
        wait = rest(headers, now, restraint.retry_after)
        raise Failed(How.BUSY, f"{status}, asked to come back later", sent=False, wait=wait)
    if 400 <= status < 500:
        _refuse(call, status, _problem(headers, body))
    # Never followed: 3xx may be "done, look there" as well as "not here".
    raise Failed(How.REDIRECTED if 300 <= status < 400 else How.SERVER_ERROR, f"status {status}")


def parsed(body: bytes, restraint: Restraint = Restraint()) -> dict[str, Any]:
    """The JSON object in `body`. Raises `ValueError` whose text has nothing of the body in it."""
    try:
        check(body, restraint)
        document = json.loads(body, parse_constant=_no_constant, object_pairs_hook=_once_each)
    except (TooDeep, TooLong):
        raise
    except (ValueError, RecursionError) as error:
        raise ValueError(f"the body is no JSON ({type(error).__name__})") from None
    if not isinstance(document, dict):
        raise ValueError("the body is no JSON object")
    return document


def _no_constant(_: str) -> NoReturn:
    raise ValueError


def _once_each(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) != len(pairs):
        raise ValueError
    return result


def _problem(headers: Headers, body: bytes) -> Mapping[str, Any]:
    """The problem document; empty if it isn't one (a proxy's page, say)."""
    kinds = headers.getRawHeaders(b"Content-Type") or [b""]
    if kinds[-1].partition(b";")[0].strip().lower() != b"application/problem+json":
        return {}
    try:
        return parsed(body)
    except ValueError:
        return {}


def _refuse(call: Call, status: int, problem: Mapping[str, Any]) -> NoReturn:
    code = problem.get("code")
    if isinstance(code, str) and _CODE.fullmatch(code):
        raise Refused(code, f"{call.operation}: status {status}", _facts(problem))
    if call.writes:
        raise Refused("refused", f"{call.operation}: status {status} without a code")
    raise Failed(How.NOT_THERE, f"status {status} without a code", sent=False)


def _facts(problem: Mapping[str, Any]) -> dict[str, str]:
    facts = {}
    for theirs, (ours, form) in _FACTS.items():
        value = problem.get(theirs)
        if isinstance(value, str | int) and not isinstance(value, bool) and form.fullmatch(str(value)):
            facts[ours] = str(value)
    return facts
