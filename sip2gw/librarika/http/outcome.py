"""Decide what an answer means: done, refused, not done, or in doubt.

A status alone proves nothing: proxies and frameworks send them too, even after the work was done. A write was refused
only if the contract's problem document says so (`application/problem+json` with a known `code`). A status such as
"later" or "too much" means that a write was not done only if the document says `not_processed`. A failed read has
changed nothing. Of a problem document only the `code` and known facts in known forms are used.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sip2gw.librarika.http.call import Answer, Call, Failed, Head, How, Outcome, Unauthorized, rest
from sip2gw.librarika.http.codes import CODES, UNKNOWN_OPERATION
from sip2gw.librarika.http.settings import CallLimits
from sip2gw.librarika.http.structuring import Currency, Misshapen, parsed, structured
from sip2gw.library import Refused

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
"""Members of a problem document for texts: their name there, their name here, and their form."""

_LATER = frozenset({408, 421, 425, 429})
"""Statuses that ask the caller to come back later."""
_UNDECIDED = frozenset({408, 413, 421, 425, 429})
"""Statuses below 500 that do not show whether the work was done, with any code."""
_KEY_REUSED, _OTHER_REQUEST = "idempotency_key_reused", 422
"""With this status the code means another request. With 409 this request is in progress, or was done."""


def outcome(
    call: Call,
    status: int,
    headers: Head,
    body: bytes,
    limits: CallLimits = CallLimits(),
    now: float = 0.0,
) -> Outcome:
    """Return what this answer means. `now` is in seconds since 1970."""
    if 200 <= status < 300:
        return _answer(call, status, headers, body)
    if status == 304 and b"If-None-Match" in call.headers:
        return Answer(status, headers)
    if status < 400:
        # Never followed: 3xx may be "done, look there" as well as "not here".
        return Failed(How.REDIRECTED if status >= 300 else How.SERVER_ERROR, f"status {status}")
    return _no(call, status, headers, _problem(headers, body), limits, now)


def _answer(call: Call, status: int, headers: Head, body: bytes) -> Outcome:
    try:
        document = parsed(body)
        return Answer(status, headers, None if call.shape is None else structured(document, call.shape))
    except Misshapen as error:
        return Failed(How.UNREADABLE, f"{status}, but {error}")


def _no(
    call: Call, status: int, headers: Head, problem: Mapping[str, Any], limits: CallLimits, now: float
) -> Outcome:
    sent = problem.get("not_processed") is not True
    if status == 401 and b"Authorization" in call.headers:
        return Unauthorized(call.operation, proved=bool(problem))
    if status == 429 and call.guesses:
        return Failed(How.THROTTLED, "429, too many tries", sent=sent)
    if status == 425 and problem.get("code") == "password_missing":
        return Failed(How.WITHOUT_PASSWORD, "425, not done without the password", sent=sent)
    if status in _LATER or (status == 503 and b"retry-after" in headers):
        wait = rest(headers, now, limits.retry_after)
        return Failed(How.BUSY, f"{status}, asked to come back later", sent=sent, wait=wait)
    if status >= 500:
        return Failed(How.SERVER_ERROR, f"status {status}", sent=sent)
    in_progress = problem.get("code") == _KEY_REUSED and status != _OTHER_REQUEST
    undecided = status in _UNDECIDED or in_progress
    if not problem or (call.writes and sent and undecided):
        return Failed(How.NOT_THERE, f"status {status}, which proves nothing", sent=sent)
    if problem["code"] in UNKNOWN_OPERATION:
        return Failed(How.NOT_THERE, f"status {status}, the API does not know the operation", sent=False)
    return Refused(problem["code"], f"{call.operation}: status {status}", _facts(problem), document=problem)


def _problem(headers: Head, body: bytes) -> Mapping[str, Any]:
    """Return the contract's problem document; empty if there is none, as in a proxy's page."""
    kind = headers.get(b"content-type", b"")
    if kind.partition(b";")[0].strip().lower() != b"application/problem+json":
        return {}
    try:
        problem = parsed(body)
    except Misshapen:
        return {}
    code = problem.get("code")
    return problem if isinstance(code, str) and code in CODES else {}


def _facts(problem: Mapping[str, Any]) -> dict[str, str]:
    facts = {}
    for theirs, (ours, form) in _FACTS.items():
        value = problem.get(theirs)
        if theirs == "currency" and isinstance(value, str):
            value = Currency.read(value)
        if isinstance(value, str | int) and not isinstance(value, bool) and form.fullmatch(str(value)):
            facts[ours] = str(value)
    return facts
