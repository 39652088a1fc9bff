"""Idempotency keys: the same request again gets the first result; another one under the same key is refused.

The record is committed with the effect, so neither can be lost alone. Keys belong to a library and last a day. A
request that was not carried out (a malformed body, a missing token) is not kept.
"""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

from sip2gw.sandbox.answer import Answer
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem

KEPT = 24 * 3600
"""Seconds."""

_KEY = re.compile(r"[!-~]{1,255}")


def checked(key: str) -> str:
    """Return the key, if it can be one. Raises `Problem` (`validation_failed`)."""
    if not _KEY.fullmatch(key):
        raise Problem("validation_failed", "Idempotency-Key: must be 1 to 255 visible ASCII characters")
    return key


def fingerprint(method: str, path: str, body: dict[str, Any]) -> str:
    """Return the digest of a request: of method, path and the JSON value of the body, without password and `waited`.

    Clients do not keep a member's password, so a call that is sent again later comes without it, and has waited longer.
    """
    kept = {name: value for name, value in body.items() if name not in ("password", "waited")}
    text = json.dumps([method, path, kept], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def first_answer(call: Call, mark: str) -> Answer | None:
    """Return the answer that this key has had. Raises `Problem` (`idempotency_key_reused`) for another request."""
    row = call.database.execute(
        "SELECT * FROM idempotency WHERE library = ? AND key = ? AND at > ?",
        (call.nickname, call.key, call.now.timestamp() - KEPT),
    ).fetchone()
    if row is None:
        return None
    if row["fingerprint"] != mark:
        raise Problem("idempotency_key_reused")
    return Answer(row["status"], row["body"], row["content_type"], {"Idempotency-Replayed": "true"})


def keep(call: Call, mark: str, answer: Answer) -> None:
    """Keep the answer under the call's key, and drop keys older than a day."""
    now = call.now.timestamp()
    call.database.execute("DELETE FROM idempotency WHERE at <= ?", (now - KEPT,))
    call.database.execute(
        "INSERT OR REPLACE INTO idempotency VALUES (?, ?, ?, ?, ?, ?, ?)",
        (call.nickname, call.key, mark, answer.status, answer.content_type, answer.body, now),
    )
