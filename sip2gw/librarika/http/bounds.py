"""What JSON may come to is bounded before it is parsed: neither deep nests nor endless texts become objects.

Both are found on the bytes, by functions that run in C: most answers cost no more than a look at their length.
"""

from __future__ import annotations

import re

from sip2gw.librarika.http.settings import CallLimits

_BRACKETS = b"{}[]"
_OTHERS = bytes(set(range(256)) - set(_BRACKETS))
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*+"', re.DOTALL)
_PAIR = re.compile(rb"\{\}|\[\]")


class TooDeep(ValueError):
    """It is nested further than any answer of the contract."""

    limit = "answer_depth"


class TooLong(ValueError):
    """A text in it is longer than any of the contract."""

    limit = "answer_text"


def check(body: bytes, restraint: CallLimits) -> None:
    """Raise `TooDeep` or `TooLong` if this is beyond the limits. Whether it is JSON at all is not asked."""
    opening = body.count(b"{") + body.count(b"[")
    if opening > restraint.answer_depth:
        _check_depth(_STRING.sub(b"", body), restraint.answer_depth)
    if len(body) > restraint.answer_text:
        for found in _STRING.finditer(body):
            if found.end() - found.start() - 2 > restraint.answer_text:
                raise TooLong("a text in it is too long")


def _check_depth(body: bytes, most: int) -> None:
    """Each round takes the innermost brackets away: there are as many rounds as the nest is deep."""
    brackets = body.translate(None, _OTHERS)
    for _ in range(most):
        if not brackets:
            return
        brackets = _PAIR.sub(b"", brackets)
    if brackets:
        raise TooDeep("it is nested too deep")
