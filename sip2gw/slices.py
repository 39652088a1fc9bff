"""Long work in the reactor's thread, a few milliseconds at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

from twisted.internet.task import coiterate

T = TypeVar("T")


async def in_slices(items: Iterator[T]) -> list[T]:
    """Return the items of an iterator that works for long. Other work is done every 10 milliseconds."""
    found: list[T] = []

    def each() -> Iterator[None]:
        for item in items:
            found.append(item)
            yield

    await coiterate(each())
    return found
