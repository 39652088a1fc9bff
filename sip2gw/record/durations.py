"""How long answers take: counts in steps of a factor, so that a percentile costs little memory and can be summed."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Sequence

BOUNDS = (
    1, 1.5, 2, 3, 4, 6, 8, 11, 16, 23, 32, 45, 64, 91, 128, 181, 256, 362, 512, 724, 1024, 1448, 2048, 2896, 4096,
    5793, 8192, 11585, 16384,
)  # fmt: skip
"""Milliseconds up to which each step reaches; the last step has no end."""

Counts = list[int]


def no_counts() -> Counts:
    """Return counts of nothing."""
    return [0] * (len(BOUNDS) + 1)


def count(counts: Counts, ms: float) -> None:
    """Count one duration."""
    counts[bisect_left(BOUNDS, ms)] += 1


def summed(many: Iterable[Sequence[int]]) -> Counts:
    """Return the sum of several counts."""
    total = no_counts()
    for counts in many:
        for step, number in enumerate(counts):
            total[step] += number
    return total


def p95(counts: Sequence[int]) -> float | None:
    """Return the milliseconds within which 95 of 100 were over, at most a step too high; None of nothing."""
    total = sum(counts)
    if not total:
        return None
    seen, wanted = 0, 0.95 * total
    for step, number in enumerate(counts):
        seen += number
        if seen >= wanted:
            return float(BOUNDS[min(step, len(BOUNDS) - 1)])
    return float(BOUNDS[-1])
