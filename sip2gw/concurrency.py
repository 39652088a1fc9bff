"""Coroutines that are shared by several waiters, run side by side, or outlive their waiter."""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, TypeVar

from twisted.internet.defer import Deferred, FirstError, gatherResults
from twisted.python.failure import Failure

T = TypeVar("T")
A = TypeVar("A")
B = TypeVar("B")


class SingleFlight(Generic[T]):
    """A shared fetch: concurrent callers wait for one call. `ended`, if given, is called when that has ended."""

    def __init__(
        self, fetch: Callable[[], Coroutine[Any, Any, T]], ended: Callable[[], None] | None = None
    ) -> None:
        self._fetch = fetch
        self._ended = ended
        self._waiting: list[Deferred[T]] = []
        self._running = False

    def join(self) -> Deferred[T]:
        """Return the result of the fetch in progress, or of a new one. Fails as the fetch fails."""
        mine: Deferred[T] = Deferred()
        self._waiting.append(mine)
        if not self._running:
            self._running = True
            Deferred.fromCoroutine(self._fetch()).addBoth(self._end)
        return mine

    def _end(self, result: T | Failure) -> None:
        waiting, self._waiting, self._running = self._waiting, [], False
        if self._ended is not None:
            self._ended()
        for one in waiting:
            # A waiter that was cancelled meanwhile is skipped.
            if isinstance(result, Failure):
                one.errback(result)
            else:
                one.callback(result)


async def together(first: Coroutine[Any, Any, A], second: Coroutine[Any, Any, B]) -> tuple[A, B]:
    """Await both at the same time. Fails as the first that fails; the other one then finishes unwatched."""
    one, other = Deferred.fromCoroutine(first), Deferred.fromCoroutine(second)
    both: list[Deferred[Any]] = [one, other]
    try:
        await gatherResults(both, consumeErrors=True)
    except FirstError as error:
        failure: Failure = error.subFailure
        raise failure.value or error from None
    return await one, await other


def begun(coroutine: Coroutine[Any, Any, T]) -> T | Deferred[T]:
    """Run a coroutine up to its first wait. Return its result at once if there is none, and else a Deferred.

    Raises what the coroutine raises before it waits.
    """
    try:
        waiting = coroutine.send(None)
    except StopIteration as over:
        result: T = over.value
        return result
    return Deferred.fromCoroutine(rest_of(coroutine, waiting))


@types.coroutine
def rest_of(
    coroutine: Coroutine[Any, Any, T],
    waiting: Deferred[Any],
    watch: Callable[[Deferred[Any]], object] | None = None,
) -> Generator[Deferred[Any], Any, T]:
    """Run a coroutine to its end that waits for `waiting`. `watch` is called with that, and with each further wait.

    A cancelled wait raises `CancelledError` in the coroutine.
    """
    try:
        while True:
            if watch is not None:
                watch(waiting)
            try:
                result = yield waiting
            except GeneratorExit:  # the result is no longer waited for
                raise
            except BaseException as error:  # the wait failed or was cancelled: the coroutine handles that
                waiting = coroutine.throw(error)
            else:
                waiting = coroutine.send(result)
    except StopIteration as over:
        returned: T = over.value
        return returned
    finally:
        coroutine.close()


def shielded(coroutine: Coroutine[Any, Any, T]) -> Deferred[T]:
    """Return the result of a coroutine. A cancel ends only the wait; the coroutine finishes unwatched."""
    running = Deferred.fromCoroutine(coroutine)
    if running.called:
        return running

    def over(result: T | Failure) -> None:
        if not waiting.called:
            waiting.callback(result)  # a Failure as well

    waiting: Deferred[T] = Deferred()
    running.addBoth(over)
    return waiting
