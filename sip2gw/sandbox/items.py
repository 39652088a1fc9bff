"""Look up one copy, or store its condition and properties."""

from __future__ import annotations

from typing import Any

from sip2gw.sandbox import copies, ledger, resolution
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem


def find(call: Call, body: copies.Find) -> tuple[int, Any]:
    """Serve `find_copy`: the copy that stands for all that the identifier names."""
    found = resolution.candidates(call, body.identifier, body.types)
    best = resolution.to_show(found)
    return 200, {
        **copies.shape(call, best.copy, matched_by=best.matched_by),
        "matches": len(found),
        "available": sum(one.available for one in found),
    }


def update(call: Call, body: copies.CopyUpdate) -> tuple[int, Any]:
    """Serve `update_copy`: store a copy's condition or properties, where the library's policy allows it."""
    if not call.library.preferences.item_updates:
        raise Problem("not_allowed", "preference item_updates is off")
    found = resolution.candidates(call, body.identifier, body.types)
    copy = resolution.the_only(found).copy
    values = [
        copy[key] if (new := getattr(body, key)) is None else new
        for key in ("condition", "properties", "location")
    ]
    call.database.execute(
        "UPDATE copies SET condition = ?, properties = ?, location = ? WHERE id = ?", (*values, copy["id"])
    )
    ledger.enter(call, "copy_update", copy_id=copy["id"])
    return 200, copies.shape(call, copies.by_id(call, copy["id"]))
