"""The operator's people: their accounts in the store, with passwords as argon2id has them."""

from __future__ import annotations

import os
import re
from functools import cache

from attrs import frozen
from cryptography.exceptions import InvalidKey
from cryptography.hazmat.primitives.kdf.argon2 import Argon2id

from sip2gw.secret import Secret
from sip2gw.store.port import Transaction

SHORTEST = 12
"""Characters of a password."""
LONGEST = 200
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}")
_MEMORY, _ROUNDS = 19 * 1024, 2
"""KiB of memory and rounds of one hash: some 25 ms."""


class NotUsable(ValueError):
    """A name or a password that can't be used. The text is for the person who gave it."""


@frozen
class Operator:
    """One account. `since` is in seconds of the epoch."""

    name: str
    since: float


def hashed(password: Secret) -> str:
    """Return the hash of a password, with its salt and parameters. It takes some 25 ms: call it in a thread."""
    kdf = Argon2id(salt=os.urandom(16), length=32, iterations=_ROUNDS, lanes=1, memory_cost=_MEMORY)
    return kdf.derive_phc_encoded(password.reveal().encode())


def fits(password: Secret, kept: str | None) -> bool:
    """Return whether a password is that of a hash. Without a hash it takes as long, and the answer is no."""
    try:
        Argon2id.verify_phc_encoded(password.reveal().encode(), kept or _other())
    except (InvalidKey, ValueError):
        return False
    return kept is not None


def check(name: str, password: Secret) -> None:
    """Raise `NotUsable` for a name or password that an account can't have."""
    if not NAME.fullmatch(name):
        raise NotUsable(
            "a name has 1 to 64 letters, digits and . _ @ + -, and begins with a letter or a digit"
        )
    if not SHORTEST <= len(password.reveal()) <= LONGEST:
        raise NotUsable(f"a password has {SHORTEST} to {LONGEST} characters")


def keep(tx: Transaction, name: str, kept: str) -> None:
    """Add an account, or give it another password."""
    tx.rows(
        "INSERT INTO operators (name, password, since) VALUES (:name, :password, :now) "
        "ON CONFLICT (name) DO UPDATE SET password = excluded.password, since = excluded.since",
        name=name,
        password=kept,
        now=tx.now,
    )


def accounts(tx: Transaction) -> list[Operator]:
    """Return all accounts, by name."""
    return [Operator(row["name"], row["since"]) for row in tx.rows("SELECT * FROM operators ORDER BY name")]


def kept_hash(tx: Transaction, name: str) -> str | None:
    """Return the hash of an account's password; None if there is no such account."""
    found = tx.rows("SELECT password FROM operators WHERE name = :name", name=name)
    return found[0]["password"] if found else None


def remove(tx: Transaction, name: str) -> bool:
    """Remove an account, and return whether there was one."""
    return bool(tx.rows("DELETE FROM operators WHERE name = :name RETURNING name", name=name))


@cache
def _other() -> str:
    return hashed(Secret(os.urandom(16).hex()))
