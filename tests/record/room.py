"""A gateway over the sandbox with a record: bytes in, answers of the record out."""

from __future__ import annotations

from typing import Any

from gateway.desk import CHECKIN, CHECKOUT, LOGIN, PATRON, STATUS, Bench, MovingClock
from twisted.internet.task import Clock

from sip2gw.events import Events
from sip2gw.record import Facts, GatewayAccess, Record
from sip2gw.wiring.recording import alone, disconnected, session_of

__all__ = [
    "ALL",
    "CARD",
    "CHECKIN",
    "CHECKOUT",
    "LOGIN",
    "NAME",
    "PASSWORD",
    "PATRON",
    "PIN",
    "STATUS",
    "Room",
    "a_day",
]

CARD, PIN, NAME, PASSWORD = "M-1001", "1234", "Amina", "kiosk-secret"
ALL = "now", "libraries", "terminals", "exchanges", "door", "traces"
"""The questions that need no filter."""


class Room(Bench):
    """`facts` are what the other rooms say."""

    def __init__(self) -> None:
        clock: Clock = MovingClock()
        self.facts = Facts()
        events = Events(clock.seconds)
        super().__init__(clock=clock, events=events)
        access = GatewayAccess(
            lambda: self.facts,
            lambda conn: session_of(self.factory, conn),
            lambda conn: disconnected(self.factory, conn),
        )
        self.factory.metrics.on_strike = lambda limit: self.record.struck(limit)
        self.record = Record(events, self.directory.tags, access)
        self.terminal.connectionLost()
        self.connect()

    def ask(self, what: str, **about: str) -> Any:
        """What the record answers."""
        asked = alone(self.record).ask(what, about)
        try:
            asked.send(None)
        except StopIteration as answer:
            return answer.value
        raise AssertionError("it waits")

    def again(self, address: str = "192.168.1.1") -> None:
        """The terminal connects again."""
        self.terminal.connectionLost()
        assert self.connect(address)


def a_day(room: Room) -> None:
    for line in (LOGIN, STATUS, PATRON, CHECKOUT, CHECKIN, CHECKOUT.replace("10001", "31337")):
        room.say(line)
