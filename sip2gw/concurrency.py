"""Coroutines that several wait for, run side by side, or run on when their waiter has gone."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.python.failure import Failure

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")


class SingleFlight(Generic[T]):
    """One thing that can be fetched. `landed`, if given, is called when nobody waits any longer."""

    def __init__(
        self, fetch: Callable[[], Coroutine[Any, Any, T]], landed: Callable[[], None] | None = None
    ) -> None:
        self._fetch = fetch
        self._landed = landed
        self._waiting: list[Deferred[T]] = []
        self._aloft = False

    def join(self) -> Deferred[T]:
        """What the fetch under way brings, or a new one. Fails as it fails."""
        mine: Deferred[T] = Deferred()
        self._waiting.append(mine)
        if not self._aloft:
            self._aloft = True
            Deferred.fromCoroutine(self._fetch()).addBoth(self._land)
        return mine

    def _land(self, result: T | Failure) -> None:
        waiting, self._waiting, self._aloft = self._waiting, [], False
        if self._landed is not None:
            self._landed()
        for one in waiting:
            # One that was cancelled meanwhile takes no notice.
            if isinstance(result, Failure):
                one.errback(result)
            else:
                one.callback(result)


async def together(first: Coroutine[Any, Any, A], second: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Both at the same time. Fails as the first that fails; the other then runs out, and nobody looks at it."""
    one, other = Deferred.fromCoroutine(first), Deferred.fromCoroutine(second)
    both: list[Deferred[Any]] = [one, other]
    try:
        await gatherResults(both, consumeErrors=True)
    except FirstError as error:
        failure: Failure = error.subFailure
        raise failure.value or error from None
    return await one, await other


def shielded(begun: Coroutine[Any, Any, T]) -> Deferred[T]:
    """What comes of it. To cancel this ends the wait alone: what comes after that is looked at by nobody."""
    waiting: Deferred[T] = Deferred()
    Deferred.fromCoroutine(begun).addCallbacks(waiting.callback, waiting.errback)
    return waiting
