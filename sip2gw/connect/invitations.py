"""Invitations: a code that lives 8 hours, and the browsers that brought it.

The store keeps them, so they hold after a restart, and at each machine that shares it. It has digests of codes and of
the browsers' cookies alone.
"""

from __future__ import annotations

import re
from functools import partial
from hashlib import sha256
from secrets import token_urlsafe

from sip2gw.store.port import Store, Transaction

NICKNAME = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
"""What may be the nickname of a library."""

LIFE = 8 * 3600.0
"""Seconds."""
BROWSERS = 5
"""Browsers that one invitation lets in."""
MOST = 1_000
"""Invitations that are kept; the oldest ends first."""


class Invitations:
    """The invitations in a store. Each method raises `StoreFailed`."""

    def __init__(self, store: Store) -> None:
        self._store = store

    async def invite(self, library: str) -> str:
        """Return the code of a new invitation."""
        code = token_urlsafe(24)
        await self._store.change(partial(_invite, digest=_digest(code), library=library))
        return code

    async def enter(self, code: str) -> str | None:
        """Return what a browser is known by from now on; None if the code is wrong, used up or has ended."""
        token = token_urlsafe(24)
        entered = await self._store.change(partial(_enter, code=_digest(code), token=_digest(token)))
        return token if entered else None

    async def library(self, token: str) -> str | None:
        """Return the library that a browser was invited to; None if there is none, or no longer."""
        return await self._store.read(partial(_library, token=_digest(token)))


def _digest(text: str) -> bytes:
    # 192 random bits can't be guessed: no key and no salt is needed.
    return sha256(text.encode("utf-8", "surrogatepass")).digest()


def _invite(tx: Transaction, digest: bytes, library: str) -> None:
    tx.rows(
        "DELETE FROM invitations WHERE ends <"
        " (SELECT min(ends) FROM (SELECT ends FROM invitations ORDER BY ends DESC LIMIT :others) AS newest)",
        others=MOST - 1,
    )
    tx.rows(
        "INSERT INTO invitations (digest, library, ends, browsers) VALUES (:digest, :library, :ends, :browsers)",
        digest=digest,
        library=library,
        ends=tx.now + LIFE,
        browsers=BROWSERS,
    )


def _enter(tx: Transaction, code: bytes, token: bytes) -> bool:
    found = tx.rows(
        "UPDATE invitations SET browsers = browsers - 1 WHERE digest = :code AND browsers > 0 AND ends > :now"
        " RETURNING library, ends",
        code=code,
        now=tx.now,
    )
    for row in found:
        tx.rows(
            "INSERT INTO invited_browsers (digest, library, ends) VALUES (:token, :library, :ends)",
            token=token,
            library=row["library"],
            ends=row["ends"],
        )
    return bool(found)


def _library(tx: Transaction, token: bytes) -> str | None:
    sql = "SELECT library FROM invited_browsers WHERE digest = :token AND ends > :now"
    found = tx.rows(sql, token=token, now=tx.now)
    return found[0]["library"] if found else None
