"""Exchanges, the latest first: by filters, by a card or an item, or one by its code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attrs import asdict

from sip2gw.events import Exchange
from sip2gw.log.log_line import WORDS
from sip2gw.record.asked import Key, NotUnderstood, Wanted, key, limit, only, shown_key, text
from sip2gw.record.exchanges import place
from sip2gw.record.parts import About, Part, Parts, Row, named, page, rows_of

if TYPE_CHECKING:
    from sip2gw.record.record import Record


def exchanges(record: Record, about: About) -> Part:
    """Return a page of the exchanges, the latest first."""
    found = record.exchanges.find(Wanted.read(about), more=1)
    return {"rows": [_row(one) for one in found]}


def search(record: Record, about: About) -> Part:
    """Return the exchanges of a card or an item by its number, which is made a tag here and not kept."""
    kind, number, where = text(about, "kind"), text(about, "number"), text(about, "library").lower()
    if kind not in ("patron", "item") or not number or not where:
        raise NotUnderstood("give library, kind (patron or item) and number")
    others = {name: value for name, value in about.items() if name not in ("kind", "number")}
    tag = record.tag(kind, where, number)
    return {"tag": tag, **exchanges(record, {**others, "library": where, kind: tag})}


def joined_exchanges(about: About, parts: Parts) -> Row:
    """Return a page of the exchanges of all processes; of a search, with the tag that was searched for."""
    rows = sorted(rows_of(parts), key=lambda row: _read_key(row["key"]), reverse=True)
    tags = {part["tag"] for _, part in parts if "tag" in part}
    return {**page(rows, limit(about)), **({"tag": tags.pop()} if tags else {})}


def exchange(record: Record, about: About) -> Part | None:
    """Return the latest exchange with this code; its calls, and its lines if a trace has them."""
    only(about, "ref")
    one = record.exchanges.by_ref(text(about, "ref").upper())
    if one is None:
        return None
    lines = [("< " if line.sent else "> ") + line.text for line in record.traces.of(one.conn, one.seq)]
    calls = [dict(zip(("operation", "status", "ms", "id"), call, strict=True)) for call in one.api]
    return {**_row(one), "api": calls, "lines": lines}


def latest(_: About, parts: Parts) -> Row:
    """Return the latest of the exchanges that several processes have under the same code."""
    worker, part = max(parts, key=lambda one: float(one[1]["at"]))
    return named(worker, part)


def _row(one: Exchange) -> Row:
    """Return an exchange for a list."""
    kept = asdict(one, recurse=False, filter=lambda a, _: a.name != "api")
    return {"key": shown_key(place(one)), **kept, "name": WORDS.get(one.message, "")}


def _read_key(shown: str) -> Key:
    found = key(shown)
    assert found is not None  # noqa: S101 (a part has made it)
    return found
