"""An emulated terminal: it logs in, sends requests, and shows both lines, raw and in words."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal

import click
from attrs import evolve
from rich.console import Console
from rich.text import Text

from sip2gw.sip2 import (
    DEFAULT,
    DENIED,
    Message,
    PatronFlag,
    Request,
    UnknownMessage,
    build,
    lay_out,
    messages,
)
from sip2gw.tools.connection import Connection
from sip2gw.tools.conversation import Conversation, Exchange
from sip2gw.tools.decoded import Decoded
from sip2gw.tools.options import Setup
from sip2gw.tools.transcript import play, read

Form = Literal["table", "quiet", "json"]
_WIDE = 160
_YES_OR_NO = (
    "ok",
    "online_status",
    "valid_patron",
    "payment_accepted",
    "item_properties_ok",
    "end_session",
)
"""The fields in which answers say yes or no."""


class Emulator:
    """One terminal and its connection. Each method that asks returns whether the answer was a yes.

    `form` is how an exchange is shown: both lines with their fields, the answer's line alone, or a JSON object.
    `charset` is that of the lines.
    """

    def __init__(self, setup: Setup, form: Form = "table", charset: str = "utf-8") -> None:
        self.setup = setup
        self._form = form
        self._dialect = evolve(DEFAULT, charset=charset)
        self.terminal = setup.terminal
        self._console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
        self._connection = Connection(setup.address, timeout=setup.timeout, terminator=setup.terminator)
        self._conversation: Conversation | None = None

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()

    def log_in(self) -> bool:
        """Connect, if necessary, and log in. Returns True also if there is no account to log in with."""
        self._connection.open()
        self._conversation = Conversation(
            self._connection, error_detection=self.setup.error_detection, dialect=self._dialect
        )
        login = self.terminal.login() if self.setup.logs_in else None
        if login is None or self._show(self._conversation.ask(login)):
            return True
        self.close()
        return False

    def ask(self, request: Request) -> bool:
        """Send a request; on a new connection log in first."""
        conversation = self._ready()
        return conversation is not None and self._show(conversation.ask(request))

    def ask_each(self, requests: Iterable[Request]) -> bool:
        """Send requests one after the other, also after a no."""
        answers = [self.ask(request) for request in requests]
        return all(answers)

    def ask_line(self, line: bytes) -> bool:
        """Send a line as it is; on a new connection log in first."""
        conversation = self._ready()
        return conversation is not None and self._show(conversation.ask_line(line))

    def ask_again(self) -> bool:
        """Ask for the last answer again. It is a yes if the bytes are the same."""
        conversation = self._ready()
        if conversation is None:
            return False
        before = conversation.last_answer
        exchange = conversation.ask(self.terminal.resend())
        self._show(exchange)
        same = exchange.answer == before
        self._console.print("the same bytes again" if same else "other bytes than the last answer")
        return same

    def play(self, path: Path) -> bool:
        """Play a transcript over its own connection. Raises ValueError if the file is not a transcript."""
        transcript = read(path.read_text("utf-8"))
        with Connection(
            self.setup.address, timeout=self.setup.timeout, terminator=self.setup.terminator
        ) as connection:
            mismatches = play(transcript, connection)
        for mismatch in mismatches:
            self._console.print(Text(str(mismatch), "red"), soft_wrap=True)
        verdict = f"{len(mismatches)} of its answers differ" if mismatches else "all answers as expected"
        self._console.print(f"{path}: {verdict}", markup=False, soft_wrap=True)
        return not mismatches

    def say(self, text: str) -> None:
        """Show a line of plain text."""
        self._console.print(text, markup=False, soft_wrap=True)

    def _ready(self) -> Conversation | None:
        if not self._connection.is_open and not self.log_in():
            return None
        return self._conversation

    def _show(self, exchange: Exchange) -> bool:
        yes = accepted(
            build(lay_out(exchange.answer, self._dialect)),
            asked=exchange.sent[:2].decode("ascii", "replace"),
            pin_given=_has_pin(exchange.sent),
        )
        if self._form == "json":
            click.echo(json.dumps(self._as_object(exchange, yes)))
        elif self._form == "quiet":
            click.echo(self._line(exchange.answer))
        else:
            self._show_line(">", exchange.sent)
            for event in exchange.events:
                self._console.print(Text(f"! {event}", "yellow"))
            self._show_line("<", exchange.answer)
            self._console.print(Text(f"{exchange.seconds * 1000:.0f} ms\n", "dim"))
        return yes

    def _as_object(self, exchange: Exchange, yes: bool) -> dict[str, Any]:
        """Return an exchange for programs. Secrets are masked."""
        return {
            "yes": yes,
            "ms": round(exchange.seconds * 1000, 1),
            "events": list(exchange.events),
            "sent": self._decoded(exchange.sent),
            "answer": self._decoded(exchange.answer),
        }

    def _decoded(self, line: bytes) -> dict[str, Any]:
        try:
            return Decoded(line, self._dialect).as_object()
        except UnknownMessage:
            return {"error": f"{len(line)} bytes that are not a SIP2 message"}

    def _line(self, line: bytes) -> str:
        try:
            return Decoded(line, self._dialect).as_text()
        except UnknownMessage:
            return f"{len(line)} bytes that are not a SIP2 message"

    def _show_line(self, mark: str, line: bytes) -> None:
        try:
            decoded = Decoded(line, self._dialect)
        except UnknownMessage:
            self._console.print(Text(f"{mark} {len(line)} bytes that are not a SIP2 message", "yellow"))
            return
        self._console.print(Text(f"{mark} {decoded.as_text()}", "bold"), soft_wrap=True)
        self._console.print(decoded.heading())
        self._console.print(decoded.table())


def _has_pin(line: bytes) -> bool:
    """Return whether a request has a patron's password. Without one, CQ means nothing."""
    try:
        return any(code == "AD" and value for code, value in lay_out(line).fields)
    except UnknownMessage:
        return False


def accepted(answer: Message, *, asked: str = "", pin_given: bool = True) -> bool:
    """Return False if the answer is a refusal: not ok, offline, an unknown patron or item, a wrong PIN, or 96.

    `asked` is the code of the request: a yes to 01 is a patron who may not borrow, a yes to 25 a patron who may.
    `pin_given` says whether the request had the patron's password.
    """
    match answer:
        case messages.RequestSCResend():
            return False
        case messages.ItemInformationResponse(title_identifier=""):
            return False
        case (
            messages.PatronStatusResponse(valid_patron=None)
            | messages.PatronInformationResponse(valid_patron=None)
        ):
            # If the library could not be asked, BL is missing, and the patron status denies everything.
            return not answer.patron_status >= DENIED
        case messages.PatronStatusResponse() | messages.PatronEnableResponse() if asked in ("01", "25"):
            denied = PatronFlag.CHARGE_PRIVILEGES_DENIED in answer.patron_status
            if denied is not (asked == "01"):
                return False
    if pin_given and getattr(answer, "valid_patron_password", None) is False:
        return False
    return all(getattr(answer, name, True) is not False for name in _YES_OR_NO)
