"""The audit table: who of the operator's people looked, traced, disconnected and changed, and why."""

from __future__ import annotations

from typing import Any

from sip2gw.store.port import Transaction

PAGE = 100


def enter(tx: Transaction, who: str, what: str, subject: str, why: str = "") -> None:
    """Add a row."""
    tx.rows(
        "INSERT INTO audit (at, who, what, subject, why) VALUES (:at, :who, :what, :subject, :why)",
        at=tx.now,
        who=who,
        what=what,
        subject=subject,
        why=why,
    )


def listed(tx: Transaction, *, who: str = "", what: str = "", before: int = 0) -> list[dict[str, Any]]:
    """Return the latest rows, at most `PAGE`, of one person and one kind of deed; those before a number, if given."""
    asked = [
        *(["who = :who"] if who else []),
        *(["what LIKE :what"] if what else []),
        *(["id < :before"] if before else []),
    ]
    where = f"WHERE {' AND '.join(asked)} " if asked else ""
    values: dict[str, Any] = {"who": who, "what": f"{what}%", "before": before}
    used = {name: value for name, value in values.items() if value not in ("", "%", 0)}
    sql = f"SELECT id, at, who, what, subject, why FROM audit {where}ORDER BY id DESC LIMIT {PAGE}"  # noqa: S608 (constants)
    return [dict(row) for row in tx.rows(sql, **used)]
