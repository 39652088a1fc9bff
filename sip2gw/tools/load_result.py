"""Result of a load: how many answers, how fast, how many refusals, and the errors."""

from __future__ import annotations

import sys
from array import array
from collections import Counter
from typing import Any

from rich.console import Console
from rich.table import Table

from sip2gw.sip2 import REQUESTS

_PERCENTILES = (("p50", 0.50), ("p90", 0.90), ("p99", 0.99))


class LoadResult:
    """Count the answers of a load. Latencies are in seconds inside, and shown in milliseconds."""

    def __init__(self, terminals: int) -> None:
        self.terminals = terminals
        self.seconds = 0.0
        """How long answers were counted."""
        self.answers = 0
        self.errors: Counter[str] = Counter()
        """Each error, in words, and how often it happened."""
        self._latencies: dict[str, array[float]] = {}
        self._refused: Counter[str] = Counter()

    def answered(self, code: str, latency: float, accepted: bool) -> None:
        """Count one answer. `latency` is in seconds."""
        self.answers += 1
        self._latencies.setdefault(code, array("d")).append(latency)
        if not accepted:
            self._refused[code] += 1

    def as_object(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        everything = array("d")
        for latencies in self._latencies.values():
            everything.extend(latencies)
        by_message = {code: self._of(code) for code in sorted(self._latencies)}
        return {
            "terminals": self.terminals,
            "seconds": round(self.seconds, 3),
            "messages": self.answers,
            "messages_per_second": round(self.answers / self.seconds, 1) if self.seconds else 0.0,
            "latency_ms": _latency(everything),
            "refused": sum(self._refused.values()),
            "errors": dict(self.errors),
            "by_message": by_message,
        }

    def _of(self, code: str) -> dict[str, Any]:
        latencies = self._latencies[code]
        return {"messages": len(latencies), "refused": self._refused[code], "latency_ms": _latency(latencies)}

    def show(self) -> None:
        """Print the result as a table."""
        found = self.as_object()
        columns = ("p50", "p90", "p99", "max")
        table = Table("message", "answers", "refused", *(f"{name} ms" for name in columns), box=None)
        for column in table.columns[1:]:
            column.justify = "right"
        rows = {f"{code} {REQUESTS[code].name}": row for code, row in found["by_message"].items()}
        for name, row in {**rows, "all": found}.items():
            latency = (f"{row['latency_ms'][column]:.1f}" for column in columns)
            table.add_row(name, str(row["messages"]), str(row["refused"]), *latency)
        console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
        console.print(
            f"{found['terminals']} terminals, {found['seconds']:.1f} s:"
            f" {found['messages_per_second']:.1f} messages a second"
        )
        if found["messages"]:
            console.print(table)
        for what, times in found["errors"].items():
            console.print(f"{times} times: {what}", markup=False)


def _latency(seconds: array[float]) -> dict[str, float]:
    """Compute percentiles in milliseconds, by the nearest rank."""
    if not seconds:
        return {name: 0.0 for name, _ in (*_PERCENTILES, ("max", 1.0))}
    ordered = sorted(seconds)
    last = len(ordered) - 1
    ranks = {name: ordered[round(share * last)] for name, share in _PERCENTILES}
    return {name: round(value * 1000, 3) for name, value in {**ranks, "max": ordered[last]}.items()}
