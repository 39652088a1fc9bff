"""The terminal's side of the protocol: one request at a time, sent again if necessary, until there is an answer.

The rules of error detection (3M): without an answer in time, the terminal sends the same bytes again. After an answer
with a bad checksum it sends 97. After 96 it sends the same bytes again, unless it sent 97 last. It drops an answer with
another sequence number.
"""

from __future__ import annotations

import time

from attrs import field, frozen

from sip2gw.sip2 import DEFAULT, PLAIN, Dialect, Layout, Request, Trailer, UnknownMessage, format, lay_out
from sip2gw.tools.address import Unreachable
from sip2gw.tools.connection import Connection, NoAnswer

_RESEND = "97"
_REQUEST_RESEND = "96"


@frozen
class Exchange:
    """One request and its answer. Lines are bytes without terminator."""

    sent: bytes = field(repr=False)
    answer: bytes = field(repr=False)
    events: tuple[str, ...] = ()
    """The problems on the way, in words."""
    seconds: float = 0.0


class Conversation:
    """The requests and answers of one terminal over one connection."""

    def __init__(
        self,
        connection: Connection,
        *,
        error_detection: bool = True,
        retries: int = 3,
        dialect: Dialect = DEFAULT,
    ) -> None:
        self.connection = connection
        self.dialect = dialect
        self.last_answer: bytes | None = None
        self._error_detection = error_detection
        self._retries = retries
        self._sequence = -1

    def ask(self, request: Request) -> Exchange:
        """Send a request, with the next sequence number. Raises `Unreachable`."""
        trailer = PLAIN
        if self._error_detection:
            if request.code != _RESEND:
                self._sequence = (self._sequence + 1) % 10
            trailer = Trailer(str(max(self._sequence, 0)), checked=True)
        return self.ask_line(format(request, trailer, self.dialect).removesuffix(self.dialect.terminator))

    def ask_line(self, line: bytes) -> Exchange:
        """Send a line as it is. Raises `Unreachable`."""
        started = time.monotonic()
        events: list[str] = []
        awaited = self._sequence_awaited(line)
        to_send = line
        for _ in range(self._retries + 1):
            self.connection.send(to_send)
            try:
                answer = self._answer(awaited, events)
            except NoAnswer:
                events.append("no answer in time")
                continue
            layout = self._lay_out(answer)
            if layout is not None and layout.checksum_ok is False:
                events.append("answer with a bad checksum: asked for it again with 97")
                to_send = b"97AZFEF5"
            elif layout is not None and layout.code == _REQUEST_RESEND and to_send[:2] != b"97":
                events.append("answered with 96: sent again")
                to_send = line
            else:
                self.last_answer = answer
                return Exchange(line, answer, tuple(events), time.monotonic() - started)
        raise Unreachable(f"{self.connection.address} gave no good answer: {'; '.join(events)}")

    def _answer(self, awaited: str | None, events: list[str]) -> bytes:
        """Return the next line with the awaited sequence number."""
        deadline = time.monotonic() + self.connection.timeout
        while True:
            answer = self.connection.receive(deadline - time.monotonic())
            layout = self._lay_out(answer)
            if layout is None:
                events.append("dropped a line that is not a SIP2 message")
            elif awaited is not None and layout.sequence not in (awaited, None):
                events.append(
                    f"dropped an answer with sequence number {layout.sequence} instead of {awaited}"
                )
            else:
                return answer

    def _sequence_awaited(self, line: bytes) -> str | None:
        layout = self._lay_out(line)
        return None if layout is None or layout.code == _RESEND else layout.sequence

    def _lay_out(self, line: bytes) -> Layout | None:
        try:
            return lay_out(line, self.dialect)
        except UnknownMessage:
            return None
