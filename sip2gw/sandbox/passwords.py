"""Passwords: kept as salted hashes, and compared by the operation that brings one."""

from __future__ import annotations

import hashlib
import hmac
import secrets
import sqlite3
from typing import NewType, Protocol

from sip2gw.sandbox import strict_json
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem

Password = NewType("Password", str)
"""A password as it was entered: 1 to 4000 characters."""


def _entered(text: str) -> str:
    if not text:
        raise ValueError("must not be empty; leave it out if there is none")
    return text


strict_json.refine(Password, str, _entered)

RIGHT, WRONG, NOT_SET, SSO_ONLY = "right", "wrong", "not_set", "sso_only"
_CODES = {WRONG: "password_wrong", NOT_SET: "no_password_set", SSO_ONLY: "sso_only"}


def sealed(password: str) -> str:
    """Return the salted hash to keep. A fast one: the sandbox has the passwords in its data file anyway."""
    salt = secrets.token_hex(8)
    return f"{salt}${_digest(salt, password)}"


def matches(password: str, seal: str | None) -> bool:
    """Return whether this password has that salted hash; nothing matches when there is none."""
    salt, _, digest = (seal or "$").partition("$")
    return hmac.compare_digest(_digest(salt, password), digest)


def _digest(salt: str, password: str) -> str:
    return hashlib.blake2b(password.encode(), salt=bytes.fromhex(salt)).hexdigest()


def compare(call: Call, member: sqlite3.Row, password: str) -> str:
    """Return `right`, `wrong`, or the reason why it can't be compared. Raises `Problem` (`rate_limited`)."""
    if member["sso"]:
        return SSO_ONLY
    if member["password"] is None:
        return NOT_SET
    who, seconds = (call.nickname, member["id"]), call.now.timestamp()
    call.attempts.check(who, seconds)
    right = matches(password, member["password"])
    call.attempts.note(who, right, seconds)
    return RIGHT if right else WRONG


class Entered(Protocol):
    """The body of a write that may bring a password."""

    @property
    def password(self) -> Password | None:
        """The password, if the call has it."""
        ...

    @property
    def password_entered(self) -> bool:
        """Whether one was entered."""
        ...


def demand(call: Call, member: sqlite3.Row, body: Entered) -> None:
    """Check that the password is the member's, or that none was entered. Raises `Problem`.

    A call that is sent again comes without its password. If the first one never came, this one may not be done instead.
    """
    password = body.password
    if password is None:
        if body.password_entered:
            raise Problem("password_missing")
        return
    if code := _CODES.get(compare(call, member, password)):
        raise Problem(code)
