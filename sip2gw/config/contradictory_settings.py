"""Find settings that contradict each other, such as a limit of a part above the limit of the whole.

The bounds of a single number are in its declaration (`limits.Between`), and `scalars.py` checks them.

A default is never a fault: an operator who lowers `connections` alone need not lower all limits within it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sip2gw.circulation.desk import CALL_MARGIN
from sip2gw.config.librarika import LibrarikaAPI
from sip2gw.config.tables import Tables
from sip2gw.config.terminals import Terminals
from sip2gw.limits import Limits

_COUNTED_WITHIN = (
    ("librarika.calls_per_library", "librarika.calls"),
    ("limits.connections_per_address", "limits.connections"),
    ("limits.connections_per_library", "limits.connections"),
    ("limits.strangers", "limits.connections"),
    ("limits.strangers_per_address", "limits.strangers"),
    ("limits.strangers_per_address", "limits.connections_per_address"),
)
"""Pairs of keys: the first is at most the second, if both are given."""

_ENDS_WITHIN = (
    ("limits.drain_spread", "limits.drain_deadline"),
    ("limits.login_floor", "limits.login_deadline"),
    ("limits.login_floor", "terminals.timeout"),
)
"""Pairs of keys, checked if the first is given: a time above the second would never be reached."""

LEAST_MEMORY = 64
"""Mebibytes that the process has without connections, roughly: with less, all logins would fail."""


def check_contradictions(
    raw: Mapping[str, Any], librarika: LibrarikaAPI, terminals: Terminals, limits: Limits, tables: Tables
) -> None:
    """Add the faults of settings that contradict each other. `raw` is the content of the file."""
    _check_deadlines(librarika, terminals, tables)
    read = {"librarika": librarika, "terminals": terminals, "limits": limits}
    both = (pair for pair in _COUNTED_WITHIN if _is_given(raw, pair[1]))
    for part, whole in (*both, *_ENDS_WITHIN):
        (table, key), (around, bound) = part.split("."), whole.split(".")
        given, most = getattr(read[table], key), getattr(read[around], bound)
        sound = tables.is_sound(part) and tables.is_sound(whole)
        if sound and _is_given(raw, part) and given > most:
            tables.fault(
                part, f"is {given:g}, but {whole} is {most:g}", f"write at most {most:g}, or raise {bound}"
            )
    if 0 < limits.memory < LEAST_MEMORY:
        tables.fault(
            "limits.memory",
            f"is {limits.memory}, less than the gateway takes by itself, so no terminal could log in",
            f"write at least {LEAST_MEMORY}, or 0 for no limit",
        )
    if librarika.ca_file is not None and librarika.url.startswith("http:"):
        tables.fault(
            "librarika.ca_file", "means nothing, because url is plain http", "leave it out, or write https"
        )


def _is_given(raw: Mapping[str, Any], place: str) -> bool:
    table, _, key = place.partition(".")
    content = raw.get(table)
    return isinstance(content, Mapping) and key in content


def _check_deadlines(librarika: LibrarikaAPI, terminals: Terminals, tables: Tables) -> None:
    """Check that a terminal gets an answer before it gives up, and that no part of a call outlasts the whole."""
    if terminals.timeout <= CALL_MARGIN and tables.is_sound("terminals.timeout"):
        problem = f"is {terminals.timeout:g} s, too short for any call to Librarika"
        tables.fault("terminals.timeout", problem, f"keep it above {CALL_MARGIN:g} s; 30 is usual")
        return
    call = librarika.call(terminals.timeout)
    sound = tables.is_sound("librarika.call_deadline") and tables.is_sound("terminals.timeout")
    if sound and call >= terminals.timeout - CALL_MARGIN:
        tables.fault(
            "librarika.call_deadline",
            f"is {call:g} s, but terminals give up after terminals.timeout, {terminals.timeout:g} s",
            f"keep it more than {CALL_MARGIN:g} s below that",
        )
