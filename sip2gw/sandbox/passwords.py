"""A password is kept only as a salted hash, and guessing a member's takes time: five wrong ones, then a pause."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from typing import Any

from attrs import Factory, define, field, frozen

from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem

WRONG_IN_A_ROW = 5
PAUSE = 60.0
"""Seconds, from the first of the wrong ones."""


@frozen
class Verification:
    """The body of `verify_member`."""

    password: str = field(repr=False)


@define
class Attempts:
    """Wrong passwords in a row, by library and member: how many, and when the first was. In memory only."""

    wrong: dict[tuple[str, int], tuple[int, float]] = Factory(dict)

    def check(self, who: tuple[str, int], seconds: float) -> None:
        """Raises `Problem` (`rate_limited`) while the pause lasts."""
        count, first = self.wrong.get(who, (0, seconds))
        rest = first + PAUSE - seconds
        if rest <= 0:
            self.wrong.pop(who, None)
        elif count >= WRONG_IN_A_ROW:
            raise Problem(
                "rate_limited", "too many wrong passwords", headers={"Retry-After": str(int(rest) + 1)}
            )

    def note(self, who: tuple[str, int], valid: bool, seconds: float) -> None:
        """Count a wrong password; a right one ends the row."""
        if valid:
            self.wrong.pop(who, None)
        else:
            count, first = self.wrong.get(who, (0, seconds))
            self.wrong[who] = (count + 1, first)


def sealed(password: str) -> str:
    """The salted hash to keep. A fast one: this is a sandbox, and the passwords stand in its data file."""
    salt = secrets.token_hex(8)
    return f"{salt}${_digest(salt, password)}"


def matches(password: str, seal: str | None) -> bool:
    """Whether this password has that salted hash; nothing matches when there is none."""
    salt, _, digest = (seal or "$").partition("$")
    return hmac.compare_digest(_digest(salt, password), digest)


def _digest(salt: str, password: str) -> str:
    return hashlib.blake2b(password.encode(), salt=bytes.fromhex(salt)).hexdigest()


def verify(call: Call, attempts: Attempts, member_id: int, body: Verification) -> tuple[int, Any]:
    """`verify_member`: whether this is the member's password."""
    member, seconds = call.row("members", member_id, "member_not_found"), call.now.timestamp()
    if member["sso"]:
        raise Problem("sso_only")
    if member["password"] is None:
        raise Problem("no_password_set")
    who = (call.nickname, member_id)
    attempts.check(who, seconds)
    valid = matches(body.password, member["password"])
    attempts.note(who, valid, seconds)
    return 200, {"valid": valid}
