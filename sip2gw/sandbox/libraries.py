"""The settings of each library, by nickname, as frozen values: they are read often and changed seldom."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from typing import Any
from zoneinfo import ZoneInfo

from attrs import evolve, field, frozen

from sip2gw.sandbox import strict_json
from sip2gw.sandbox.form import LibraryForm, Preferences, Sip2
from sip2gw.sandbox.problem import Problem


@frozen
class Library:
    """One library, for the rules; `document` is what `GET /library` answers, `etag` names that text."""

    form: LibraryForm
    zone: ZoneInfo
    document: bytes = field(repr=False)
    etag: str

    @property
    def nickname(self) -> str:
        return self.form.nickname

    @property
    def preferences(self) -> Preferences:
        return self.form.preferences

    @property
    def currency(self) -> str:
        return self.form.currency

    @classmethod
    def of(cls, form: LibraryForm) -> Library:
        """Return the library with these settings."""
        document = json.dumps(strict_json.plain(form), ensure_ascii=False).encode()
        etag = f'"{hashlib.sha256(document).hexdigest()[:32]}"'
        return cls(form, ZoneInfo(form.timezone), document, etag)


def store(database: sqlite3.Connection, form: LibraryForm) -> None:
    """Write a library's settings, whether they are new or not."""
    fields = strict_json.plain(form)
    database.execute(
        "INSERT OR REPLACE INTO libraries VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            form.nickname,
            form.name,
            form.plan,
            form.timezone,
            form.currency,
            form.language,
            form.sip2.enabled,
            form.sip2.terminals_licensed,
            json.dumps(fields["preferences"]),
            json.dumps(fields["branches"]),
        ),
    )


def load(database: sqlite3.Connection) -> dict[str, Library]:
    """Return all libraries of the database, by nickname."""
    return {row["nickname"]: Library.of(_form(row)) for row in database.execute("SELECT * FROM libraries")}


def changed(library: Library, *, sip2: Any = None, preferences: Any = None) -> LibraryForm:
    """Return the settings with some of them replaced. Raises `Problem` (`validation_failed`)."""
    try:
        new_sip2 = strict_json.structure(
            {**strict_json.plain(library.form.sip2), **(sip2 or {})}, Sip2, "sip2"
        )
        merged = {**strict_json.plain(library.preferences), **(preferences or {})}
        new_preferences = strict_json.structure(merged, Preferences, "preferences")
    except (strict_json.Faults, TypeError) as faults:
        raise Problem("validation_failed", str(faults)) from None
    return evolve(library.form, sip2=new_sip2, preferences=new_preferences)


def _form(row: sqlite3.Row) -> LibraryForm:
    fields = {key: row[key] for key in ("nickname", "name", "plan", "timezone", "currency", "language")}
    fields["sip2"] = {
        "enabled": bool(row["sip2_enabled"]),
        "terminals_licensed": row["terminals_licensed"],
    }
    fields["preferences"] = json.loads(row["preferences"])
    fields["branches"] = json.loads(row["branches"])
    return strict_json.structure(fields, LibraryForm)
