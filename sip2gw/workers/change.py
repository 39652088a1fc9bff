"""Give all workers a changed configuration, as a whole or not at all: first each prepares it, then all use it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from twisted.internet.defer import DeferredList
from twisted.python.failure import Failure

from sip2gw.config import Config
from sip2gw.workers.channel import WorkerRefused
from sip2gw.workers.worker import Process

ANSWER = 10.0
"""Seconds that a worker may take. One that is slower is killed; its next process starts with the new configuration."""


async def change(processes: Iterable[Process], config: Config) -> list[str]:
    """Have them use the configuration, and return the keys that need a restart.

    Raises `WorkerRefused` if one can't use it; then none does.
    """
    asked = list(processes)
    answers = await _ask(asked, "prepare", config)
    for answer in answers:
        if isinstance(answer, Failure) and isinstance(answer.value, WorkerRefused):
            raise answer.value
    prepared = [process for process, answer in zip(asked, answers, strict=True) if isinstance(answer, list)]
    await _ask(prepared, "commit", None)
    for process in prepared:
        process.config = config
    for process in asked:
        if process.config is not config and not process.channel.gone:
            process.kill("it did not answer at a reload")
    return [key for answer in answers if isinstance(answer, list) for key in answer]


async def _ask(processes: list[Process], what: str, about: object) -> list[Any]:
    """Return the answer of each, or its failure."""
    asked = [process.channel.ask(what, about, seconds=ANSWER) for process in processes]
    return [answer for _, answer in await DeferredList(asked, consumeErrors=True)]
