"""One device that is played: its own connection, and what it shows and sends. It blocks, so it runs in a thread."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sip2gw.kiosk.devices import Device
from sip2gw.kiosk.trial_library import TrialLibrary
from sip2gw.sip2 import Request, UnknownMessage, build, lay_out
from sip2gw.tools.address import Address, Unreachable
from sip2gw.tools.connection import Connection
from sip2gw.tools.conversation import Conversation, Exchange
from sip2gw.tools.decoded import Decoded
from sip2gw.tools.emulator import accepted
from sip2gw.tools.identity import Terminal
from sip2gw.tools.requests import REQUEST_COMMANDS, request

TIMEOUT = 8.0
"""Seconds to wait for an answer: less than the page may take."""
_FIELDS = {"card": "patron_identifier", "pin": "patron_password", "item": "item_identifier"}
_NEEDED = {"patron_identifier": "scan a card first", "item_identifier": "scan an item first"}
_SHOWN = {"AE": "name", "AJ": "title", "AH": "due", "CL": "bin", "BV": "owed"}


class PlayedDevice:
    """A device at `address`, in `library`. It connects and logs in at its first request."""

    def __init__(self, device: Device, library: TrialLibrary, address: Address) -> None:
        self.device = device
        self._terminal = Terminal(
            library=library.library,
            account=library.account,
            password=library.password,
            location=device.location,
        )
        self._connection = Connection(address, timeout=TIMEOUT)
        self._conversation: Conversation | None = None

    def ask(self, name: str, values: Mapping[str, str]) -> list[dict[str, Any]]:
        """Send a request, after a login if necessary. Return each exchange as the page shows it.

        Raises ValueError, in words, for a request that the device can't send, and `Unreachable`.
        """
        wanted = self._request(name, values)
        try:
            return self._ask(wanted)
        except Unreachable:
            self.close()
            raise

    def _ask(self, wanted: Request) -> list[dict[str, Any]]:
        shown = []
        if self._conversation is None or not self._connection.is_open:
            self._connection.open()
            self._conversation = Conversation(self._connection, retries=0)
            login = self._terminal.login()
            if login is not None:
                shown.append(_shown(self._conversation.ask(login), pin_given=False))
                if not shown[0]["ok"]:
                    self.close()
                    return shown
        pin = getattr(wanted, "patron_password", None)
        shown.append(_shown(self._conversation.ask(wanted), pin_given=bool(pin and pin.reveal())))
        return shown

    def close(self) -> None:
        """Disconnect."""
        self._connection.close()
        self._conversation = None

    def _request(self, name: str, values: Mapping[str, str]) -> Request:
        if name not in self.device.requests:
            raise ValueError(f"a {self.device.title.lower()} does not send this request")
        command = REQUEST_COMMANDS[name]
        typed: dict[str, Any] = {}
        for said, attribute in _FIELDS.items():
            value = values.get(said, "")
            if not value.isprintable():
                raise ValueError("a card, a PIN and an item have no control characters")
            if attribute not in command.kind.members or (
                attribute == "item_identifier" and name == "patron-info"
            ):
                continue
            if value:
                typed[attribute] = value
            elif attribute in _NEEDED:
                raise ValueError(_NEEDED[attribute])
        if name == "patron-info":
            typed["summary"] = "charged"
        return request(self._terminal, command, typed)


def _shown(exchange: Exchange, *, pin_given: bool) -> dict[str, Any]:
    """Return an exchange: both lines as sent and in words, and what the device's screen makes of the answer."""
    fields = lay_out(exchange.answer).fields
    answer = _line(exchange.answer)
    known = {
        _SHOWN[code]: words or value for code, _, value, words in answer["rows"] if code in _SHOWN and value
    }
    return {
        "sent": _line(exchange.sent),
        "answer": answer,
        "events": list(exchange.events),
        "ms": round(exchange.seconds * 1000),
        "ok": accepted(
            build(lay_out(exchange.answer)), asked=exchange.sent[:2].decode("ascii"), pin_given=pin_given
        ),
        "screen": [value for code, value in fields if code == "AF"],
        "receipt": [value for code, value in fields if code == "AG"],
        "loans": [value for code, value in fields if code == "AU"],
        "known": known,
    }


def _line(line: bytes) -> dict[str, Any]:
    """Return a line for the page. Passwords are masked."""
    try:
        decoded = Decoded(line)
    except UnknownMessage:
        return {"heading": "not a SIP2 message", "line": f"{len(line)} bytes", "rows": []}
    return {"heading": decoded.heading(), "line": decoded.as_text(), "rows": decoded.rows()}
