"""Attempts of terminals and strangers that did not get in, by network, step, reason and library."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from operator import itemgetter
from typing import TYPE_CHECKING

from attrs import asdict

from sip2gw.record.asked import only, text
from sip2gw.record.attempts import Attempts
from sip2gw.record.parts import About, Part, Parts, Row, numbered_page

if TYPE_CHECKING:
    from sip2gw.record.record import Record


def door(record: Record, about: About) -> Part:
    """Return who did not get in, all groups."""
    only(about, "network", "reason", "library", "after", "limit")
    network, reason = text(about, "network"), text(about, "reason").casefold()
    found = groups(record, network, reason, text(about, "library").lower())
    return {"rows": [attempts_row(one) for one in found]}


def joined(about: About, parts: Parts) -> Row:
    """Return a page of the groups of all processes, the latest first."""
    return numbered_page(joined_attempts([row for _, part in parts for row in part["rows"]]), about)


def groups(record: Record, network: str = "", reason: str = "", library: str = "") -> Iterable[Attempts]:
    """Yield the groups of attempts; an empty value asks for all, and a part of the reason is enough."""
    for one in record.failed_attempts.groups(record.now()):
        fits = not network or network in (one.network, one.address)
        if fits and reason in one.reason.casefold() and library in ("", one.library):
            yield one


def attempts_row(one: Attempts) -> Row:
    """Return failed attempts for a list."""
    return asdict(one)


def joined_attempts(rows: Sequence[Row]) -> list[Row]:
    """Return one row for each group, the latest first; it says what the process that saw it last says."""
    joined: dict[tuple[str, ...], Row] = {}
    for row in sorted(rows, key=itemgetter("last")):
        place = row["network"], row["rung"], row["reason"], row["library"]
        before = joined.get(place)
        if before is None:
            joined[place] = dict(row)
        else:
            counted = before["count"] + row["count"]
            joined[place] = {**row, "count": counted, "first": min(before["first"], row["first"])}
    return sorted(joined.values(), key=itemgetter("last"), reverse=True)
