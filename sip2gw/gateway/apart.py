"""What has begun runs to its end, also when whoever waits for it no longer does."""

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, TypeVar

from twisted.internet.defer import Deferred

T = TypeVar("T")


def apart(begun: Coroutine[Any, Any, T]) -> Deferred[T]:
    """What comes of it. To cancel this ends the wait alone: what comes after that is looked at by nobody."""
    waiting: Deferred[T] = Deferred()
    Deferred.fromCoroutine(begun).addCallbacks(waiting.callback, waiting.errback)
    return waiting
