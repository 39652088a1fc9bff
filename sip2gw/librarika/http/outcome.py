"""What an answer's status means is decided here, once: done, refused, not done, or nobody knows.

A read that failed changed nothing, so all its failures are `Unavailable`. A write is refused only if the server said no
in so many words (4xx), was not done if the server said that it did not try, and is in doubt in every other case.
Nothing of a body but a problem's `code` and facts of known names and forms gets any further.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, NoReturn, TypeVar

from twisted.web.http_headers import Headers

from sip2gw.librarika.http.bounds import TooDeep, TooLong, check
from sip2gw.librarika.http.call import Answer, Call, Failed, How, Unauthorized, rest
from sip2gw.librarika.http.settings import CallLimits
from sip2gw.library import Refused

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

_NOT_TRIED = frozenset({408, 421, 425, 429})
_PASSWORDS = frozenset({"create_token", "verify_member"})
"""Operations that say whether a password is right."""


def answer(
    call: Call,
    status: int,
    headers: Headers,
    body: bytes,
    restraint: CallLimits = CallLimits(),
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


def parsed(body: bytes, restraint: CallLimits = CallLimits()) -> dict[str, Any]:
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
