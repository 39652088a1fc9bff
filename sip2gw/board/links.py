"""Links by which a library's own staff see their library, and no other.

The secret of a link stands behind the # of its URL, which a browser sends to no server: it is in no log. The store
keeps a digest of it, so a copy of the store opens nothing, and a link is revoked by removing its row.
"""

from __future__ import annotations

from hashlib import sha256
from secrets import token_hex, token_urlsafe
from typing import Any

from attrs import frozen

from sip2gw.store.port import Transaction

DAYS = 30
"""How long a link is good for."""
_DAY = 86_400.0


@frozen
class Link:
    """A link, without its secret. `expires` is in seconds of the epoch."""

    id: str
    library: str
    expires: float
    made_by: str


def _digest(secret: str) -> bytes:
    # 256 random bits can't be guessed: no key and no salt is needed.
    return sha256(secret.encode("utf-8", "surrogatepass")).digest()


def new_secret() -> str:
    """Return the secret of a new link."""
    return token_urlsafe(32)


def make(tx: Transaction, secret: str, library: str, made_by: str) -> Link:
    """Keep a link to a library, and remove those that have expired."""
    tx.rows("DELETE FROM board_links WHERE expires <= :now", now=tx.now)
    made = Link(token_hex(4), library, tx.now + DAYS * _DAY, made_by)
    tx.rows(
        "INSERT INTO board_links (digest, id, library, expires, made_by) "
        "VALUES (:digest, :id, :library, :expires, :made_by)",
        digest=_digest(secret),
        id=made.id,
        library=made.library,
        expires=made.expires,
        made_by=made.made_by,
    )
    return made


def find(tx: Transaction, secret: str) -> Link | None:
    """Return the link with this secret; None if there is none, or no longer."""
    sql = "SELECT id, library, expires, made_by FROM board_links WHERE digest = :digest AND expires > :now"
    found = tx.rows(sql, digest=_digest(secret), now=tx.now)
    return _link(found[0]) if found else None


def of_library(tx: Transaction, library: str) -> list[Link]:
    """Return the links of a library that are good."""
    rows = tx.rows(
        "SELECT id, library, expires, made_by FROM board_links "
        "WHERE library = :library AND expires > :now ORDER BY id",
        library=library,
        now=tx.now,
    )
    return [_link(row) for row in rows]


def good(tx: Transaction) -> set[str]:
    """Return the ids of all links that are good."""
    return {row["id"] for row in tx.rows("SELECT id FROM board_links WHERE expires > :now", now=tx.now)}


def revoke(tx: Transaction, id: str) -> str | None:
    """Remove a link; return the library it was for, None if there was none."""
    found = tx.rows("DELETE FROM board_links WHERE id = :id RETURNING library", id=id)
    return found[0]["library"] if found else None


def _link(row: Any) -> Link:
    return Link(row["id"], row["library"], row["expires"], row["made_by"])
