"""The accounts that terminals sign in with, changed as the library's administrator would."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Mapping
from typing import Any

from attrs import evolve

from sip2gw.sandbox import auth, strict_json
from sip2gw.sandbox.form import UserForm
from sip2gw.sandbox.passwords import sealed
from sip2gw.sandbox.problem import Problem


def change(database: sqlite3.Connection, library: str, username: str, changes: Mapping[str, Any]) -> None:
    """Change an account; a new password ends its tokens. Raises `Problem` (`not_found`, `validation_failed`)."""
    query = "SELECT * FROM users WHERE library = ? AND username = ?"
    user = database.execute(query, (library, username)).fetchone()
    if user is None:
        raise Problem("not_found", "the library has no such account")
    kept = {
        "password": "unchanged",
        "groups": json.loads(user["permissions"]),
        "status": user["status"],
        "sip2_activated": bool(user["sip2_activated"]),
    }
    try:
        form = strict_json.structure({"username": username, **kept, **changes}, UserForm)
    except strict_json.Faults as faults:
        raise Problem("validation_failed", str(faults)) from None
    form = evolve(form, name=form.name or user["name"])
    database.execute(
        "UPDATE users SET name = ?, permissions = ?, status = ?, sip2_activated = ? WHERE id = ?",
        (form.name, json.dumps(form.groups), form.status, form.sip2_activated, user["id"]),
    )
    if "password" in changes:
        database.execute("UPDATE users SET password = ? WHERE id = ?", (sealed(form.password), user["id"]))
        auth.end_tokens(database, user["id"])
