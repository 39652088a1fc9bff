"""Reading in any order whatever: pieces of a stream, answers that take their time, a peer that does not take them."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from twisted.internet.defer import Deferred

from sip2gw.gateway.line_reader import Reader
from sip2gw.limits import Limits
from sip2gw.sip2 import Framer, TooLong

from .desk import MovingClock, Transport

LIMITS = Limits(line=512, requests_waiting=3, request_deadline=0, write_deadline=0)  # type: ignore[arg-type]
PIECE = 700
"""What one read of the socket brings at most."""


class Lines(Reader):
    """Writes down each line, and has each wait for as long as the test likes."""

    def __init__(self, clock: MovingClock) -> None:
        super().__init__(clock, lambda: LIMITS)
        self.served: list[bytes] = []
        self.slow = False
        self.in_hand: Deferred[None] | None = None

    async def serve(self, line: bytes, early: bool) -> bool:
        assert self.in_hand is None, "one at a time"
        self.served.append(line)
        if self.slow:
            self.in_hand = Deferred()
            await self.in_hand
            self.in_hand = None
        return True

    def overdue(self, limit: str) -> None:
        raise AssertionError(limit)

    def struck(self, limit: str) -> None:
        assert limit in ("requests_waiting", "write_queue")

    def too_much(self, limit: str) -> None:
        assert limit == "line"
        self.leaving = True

    def too_late(self) -> None:
        """It is read no more."""

    def may_go_on(self) -> bool:
        return True


class Reading(RuleBasedStateMachine):
    """`sent` is what the peer has sent so far; it sends no more while it is held back."""

    @initialize()
    def connect(self) -> None:
        self.clock = MovingClock()
        self.reader = Lines(self.clock)
        self.transport = Transport()
        self.reader.makeConnection(self.transport)
        self.sent = b""
        self.choked = False

    @precondition(lambda self: self.transport.producerState == "producing")
    @rule(
        piece=st.lists(st.sampled_from([b"a", b"99", b"\r", b"\n", b"\r\n", b"\0", b"x" * 200]), max_size=40)
    )
    def send(self, piece: list[bytes]) -> None:
        data = b"".join(piece)[:PIECE]
        self.sent += data
        self.reader.dataReceived(data)

    @rule(slow=st.booleans())
    def take_time_from_now_on(self, slow: bool) -> None:
        self.reader.slow = slow

    @precondition(lambda self: self.reader.in_hand is not None)
    @rule()
    def answer(self) -> None:
        assert self.reader.in_hand is not None
        self.reader.in_hand.callback(None)

    @precondition(lambda self: not self.choked)
    @rule()
    def take_no_answers(self) -> None:
        self.choked = True
        self.reader.pauseProducing()
        assert self.transport.producerState == "paused" or self.reader.leaving

    @precondition(lambda self: self.choked)
    @rule()
    def take_answers(self) -> None:
        self.choked = False
        self.reader.resumeProducing()

    @rule()
    def have_a_turn(self) -> None:
        self.clock.advance(0)

    @invariant()
    def the_lines_are_those_that_were_sent(self) -> None:
        if hasattr(self, "reader"):
            lines = _lines(self.sent)
            assert self.reader.served == lines[: len(self.reader.served)]

    @invariant()
    def what_waits_is_bounded(self) -> None:
        if hasattr(self, "reader"):
            framer = self.reader._framer
            assert len(framer) <= LIMITS.line + PIECE
            if self.reader.busy and framer.ends() >= LIMITS.requests_waiting and not self.reader.leaving:
                assert self.transport.producerState == "paused"

    def teardown(self) -> None:
        """Once nothing is in the way, all that was sent has been served."""
        if not hasattr(self, "reader"):
            return
        self.reader.slow = False
        if self.choked:
            self.take_answers()
        if self.reader.in_hand is not None:
            self.answer()
        for _ in range(len(self.sent) // 16 + 1):
            self.clock.advance(0)
        assert self.reader.served == _lines(self.sent)
        if not self.reader.leaving:
            assert self.transport.producerState == "producing"


def _lines(stream: bytes) -> list[bytes]:
    """The lines of a stream that comes in one piece, up to one that is too long."""
    framer, found = Framer(), list[bytes]()
    framer.feed(stream)
    while True:
        try:
            line = framer.next(LIMITS.line)
        except TooLong:
            return found
        if line is None:
            return found
        found.append(line)


TestReading = Reading.TestCase
TestReading.settings = settings(max_examples=settings.default.max_examples, stateful_step_count=25)
