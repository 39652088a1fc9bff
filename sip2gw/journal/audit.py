"""The audit table: who of the operator's people did what, and why. Each entry is one piece of work in a transaction."""

from __future__ import annotations

from typing import Any

from attrs import asdict, frozen

from sip2gw.journal.listing import PAGE, moment
from sip2gw.store.port import Transaction

LONGEST_WHY = 500
"""Characters of a name or a reason."""
_NO_ENTRY = 2**53
"""More than the number of any entry."""


class NotPossible(Exception):
    """The row is in no state for this. The text is for the person who asked, and has no data."""


@frozen
class By:
    """Who does something, and why: both have to be given, or this raises `NotPossible`."""

    who: str
    why: str

    def __attrs_post_init__(self) -> None:
        for said in (self.who, self.why):
            if not said.strip() or not said.isprintable() or len(said) > LONGEST_WHY:
                raise NotPossible(
                    f"say who you are and why, each in one line of at most {LONGEST_WHY} characters"
                )


@frozen
class Entered:
    """One entry of the audit table."""

    number: int
    at: float
    who: str
    what: str
    subject: str
    why: str


def enter(tx: Transaction, by: By, what: str, subject: str) -> None:
    """Enter in the audit table what a person does."""
    tx.rows(
        "INSERT INTO audit (at, who, what, subject, why) VALUES (:at, :who, :what, :subject, :why)",
        at=tx.now,
        who=by.who.strip(),
        what=what,
        subject=subject,
        why=by.why.strip(),
    )


def entries(tx: Transaction, before_number: int = 0) -> list[Entered]:
    """Return entries of the audit table, newest first, at most `PAGE`."""
    found = tx.rows(
        "SELECT id, at, who, what, subject, why FROM audit WHERE id < :before ORDER BY id DESC LIMIT :most",
        before=before_number or _NO_ENTRY,
        most=PAGE,
    )
    return [
        Entered(row["id"], row["at"], row["who"], row["what"], row["subject"], row["why"]) for row in found
    ]


def entry_in_json(entry: Entered) -> dict[str, Any]:
    """Return an entry of the audit table for programs."""
    return {**asdict(entry), "at": moment(entry.at)}
