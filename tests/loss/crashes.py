"""Points in a write at which a gateway ends as a power cut ends it. They are set in a process of its own."""

from __future__ import annotations

import os
from typing import Any

POINTS = (
    "none",
    "before row",
    "after row",
    "after send",
    "after answer",
    "after outcome",
    "before reply",
    "after reply",
)
"""All of them. `after send` and `after reply` come from outside: the test kills the gateway once it has the bytes."""

OUTSIDE = ("none", "after send", "after reply")
_WRITES = frozenset({b"11", b"09", b"29", b"65", b"15", b"37", b"01", b"19", b"25"})
DIED = 9
"""The exit status."""


def crash(*_: Any) -> None:
    """End at once: nothing is flushed, nothing is closed."""
    os._exit(DIED)


def set_up(point: str) -> None:
    """Let this process end at that point of the next write."""
    if point == "after answer":
        _after_answer()
    elif point == "before reply":
        _before_reply()
    elif point not in OUTSIDE:
        _at_the_journal(point)


def _after_answer() -> None:
    from sip2gw.librarika.http.client import Client

    send = Client.send

    async def sent(self: Client, call: Any, *rest: Any) -> Any:
        outcome = await send(self, call, *rest)
        if call.writes:
            crash()
        return outcome

    Client.send = sent  # type: ignore[method-assign]


def _before_reply() -> None:
    from sip2gw.gateway.answering import Answering

    answer = Answering.answer

    async def answered(self: Answering, line: bytes, early: bool = False) -> Any:
        step = await answer(self, line, early)
        if line[:2] in _WRITES:
            crash()
        return step

    Answering.answer = answered  # type: ignore[method-assign]


def _at_the_journal(point: str) -> None:
    from sip2gw.journal.journal import Journal
    from sip2gw.journal.outcomes import Outcomes

    begin, record, finish = Journal.begin, Outcomes.record, Outcomes.finish

    async def begun(self: Journal, *rest: Any, **more: Any) -> Any:
        if point == "before row":
            crash()
        row = await begin(self, *rest, **more)
        if point == "after row":
            crash()
        return row

    async def recorded(self: Outcomes, *rest: Any, **more: Any) -> Any:
        stored = await record(self, *rest, **more)
        if point == "after outcome":
            crash()
        return stored

    def finished(self: Outcomes, *rest: Any) -> None:
        *rest, stored = rest
        finish(self, *rest, crash if point == "after outcome" else stored)

    Journal.begin = begun  # type: ignore[method-assign]
    Outcomes.record, Outcomes.finish = recorded, finished  # type: ignore[method-assign]
