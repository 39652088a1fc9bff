"""A coroutine runs at once as far as it can, and only a wait costs a Deferred."""

from __future__ import annotations

import gc

import pytest
from twisted.internet.defer import CancelledError, Deferred

from sip2gw.concurrency import begun


async def _doubled(*waits: Deferred[int]) -> int:
    return 2 * sum([await one for one in waits])


def test_a_coroutine_without_a_wait_returns_its_result():
    assert begun(_doubled()) == 0
    there: Deferred[int] = Deferred()
    there.callback(4)
    assert begun(_doubled(there)) == 8


def test_a_coroutine_that_waits_returns_a_deferred_of_its_result():
    first, second = Deferred[int](), Deferred[int]()
    found: list[int] = []
    begun(_doubled(first, second)).addCallback(found.append)
    first.callback(1)
    assert found == []
    second.callback(2)
    assert found == [6]


@pytest.mark.parametrize("waits", [0, 1])
def test_an_exception_of_a_coroutine_reaches_its_caller(waits):
    gate: Deferred[None] = Deferred()

    async def fail() -> None:
        for _ in range(waits):
            await gate
        raise KeyError("no")

    if not waits:
        with pytest.raises(KeyError):
            begun(fail())
        return
    failed = begun(fail())
    gate.callback(None)
    failed.addErrback(lambda failure: failure.trap(KeyError))
    assert failed.result is KeyError


def test_a_cancel_reaches_the_wait_of_a_coroutine():
    gate: Deferred[int] = Deferred()

    async def wait() -> int:
        try:
            return await gate
        except CancelledError:
            return await another

    another: Deferred[int] = Deferred()
    found: list[int] = []
    waiting = begun(wait()).addCallback(found.append)
    waiting.cancel()
    another.callback(7)
    assert found == [7]


def test_a_coroutine_that_is_dropped_is_closed():
    closed: list[bool] = []

    async def wait() -> None:
        try:
            await Deferred()
        finally:
            closed.append(True)

    waiting = begun(wait())
    del waiting
    gc.collect()
    assert closed == [True]
