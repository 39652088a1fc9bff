"""Tokens: each belongs to one account of one library, and is checked against it at each request.

A sign-in for SIP2 is refused with the first thing that is wrong, in this order: password, account, permission, the
library's SIP2, the account's activation. Each request with the token is checked in the same way, so a changed password,
a revoked permission or a closed account ends it at once. Tokens are kept as hashes.
"""

from __future__ import annotations

import hashlib
import json
import secrets
import sqlite3
from typing import Any, Literal

from attrs import field, frozen

from sip2gw.sandbox.call import Call
from sip2gw.sandbox.form import STAFF
from sip2gw.sandbox.passwords import matches
from sip2gw.sandbox.problem import Problem

REFRESH_LIVES = 24
"""A refresh token lives so many times as long as an access token."""

_CHALLENGE = {"WWW-Authenticate": 'Bearer realm="librarika"'}


@frozen
class Credentials:
    """The body of `create_token`."""

    username: str
    password: str = field(repr=False)
    scope: Literal["sip2"] | None = None


@frozen
class Refresh:
    """The body of `refresh_token`."""

    refresh_token: str = field(repr=False)


def sign_in(call: Call, body: Credentials) -> tuple[int, Any]:
    """Serve `create_token`."""
    user = call.database.execute(
        "SELECT * FROM users WHERE library = ? AND username = ?", (call.nickname, body.username)
    ).fetchone()
    if user is None or not matches(body.password, user["password"]):
        raise Problem("invalid_credentials")
    _admit(call, user, body.scope or "")
    return 200, _tokens(call, user, body.scope or "")


def renew(call: Call, body: Refresh) -> tuple[int, Any]:
    """Serve `refresh_token`: a new pair for a refresh token, which can be used once."""
    digest = _digest(body.refresh_token)
    found = _find(call, "refresh", digest)
    if found is None:
        raise Problem("unauthorized", "the refresh token is unknown, spent or expired", headers=_CHALLENGE)
    _admit(call, found, found["scope"])
    call.database.execute("DELETE FROM tokens WHERE digest = ?", (digest,))
    return 200, _tokens(call, found, found["scope"])


def revoke(call: Call, _: None = None) -> tuple[int, Any]:
    """Serve `revoke_token`: end the token of this request, and the refresh token that came with it."""
    pair = "SELECT pair FROM tokens WHERE digest = ?"
    digest = _digest(call.headers.get("authorization", "").partition(" ")[2].strip())
    call.database.execute(f"DELETE FROM tokens WHERE pair = ({pair})", (digest,))  # noqa: S608 (`pair` is ours)
    return 204, None


def authenticate(call: Call) -> int:
    """Return the number of the account that the request's token stands for. Raises `Problem`."""
    scheme, _, token = call.headers.get("authorization", "").partition(" ")
    found = _find(call, "access", _digest(token.strip())) if scheme.lower() == "bearer" else None
    if found is None:
        raise Problem("unauthorized", headers=_CHALLENGE)
    _admit(call, found, found["scope"])
    _permit(found)
    return int(found["id"])


def end_tokens(database: sqlite3.Connection, user_id: int) -> None:
    """End all tokens of this account."""
    database.execute("DELETE FROM tokens WHERE user_id = ?", (user_id,))


def _admit(call: Call, user: sqlite3.Row, scope: str) -> None:
    if user["status"] != "Active":
        raise Problem("account_inactive", f"the account's status is {user['status']}")
    if scope != "sip2":
        return
    _permit(user)
    if not call.library.form.sip2.enabled:
        raise Problem("sip2_disabled")
    if not user["sip2_activated"]:
        raise Problem("sip2_not_activated", "ask support to activate SIP2 for this account")


def _permit(user: sqlite3.Row) -> None:
    if not set(STAFF).intersection(json.loads(user["permissions"])):
        raise Problem("permission_missing", "Manage > Users > Change Permissions > tick Library Staff")


def _find(call: Call, use: str, digest: str) -> sqlite3.Row | None:
    found: sqlite3.Row | None = call.database.execute(
        "SELECT u.*, t.scope FROM tokens t JOIN users u ON u.id = t.user_id"
        " WHERE t.digest = ? AND t.use = ? AND t.library = ? AND t.expires_at > ?",
        (digest, use, call.nickname, call.now.timestamp()),
    ).fetchone()
    return found


def _tokens(call: Call, user: sqlite3.Row, scope: str) -> dict[str, Any]:
    now, life, pair = call.now.timestamp(), call.token_life, secrets.token_hex(8)
    access, refresh = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    call.database.execute("DELETE FROM tokens WHERE expires_at <= ?", (now,))
    call.database.executemany(
        "INSERT INTO tokens VALUES (?, ?, ?, ?, ?, ?, ?)",
        [
            (_digest(access), "access", pair, call.nickname, user["id"], scope, now + life),
            (_digest(refresh), "refresh", pair, call.nickname, user["id"], scope, now + life * REFRESH_LIVES),
        ],
    )
    return {
        "token_type": "Bearer",
        "access_token": access,
        "expires_in": int(life),
        "refresh_token": refresh,
        "user": {"id": user["id"], "name": user["name"], "groups": json.loads(user["permissions"])},
        "library": json.loads(call.library.document),
    }


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()
