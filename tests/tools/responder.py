"""A small ACS in a thread, for tests of the tools: real sockets, fixed answers, and misbehaviour on request."""

from __future__ import annotations

import re
import socketserver
import ssl
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import frozen

from sip2gw.sip2 import DENIED, Message, Request, Trailer, format, messages, parse, refusal

PASSWORD = "kiosk-secret"
NOW = datetime(2026, 3, 1, 10, 15)


@frozen
class Certificate:
    """A self-signed certificate for 127.0.0.1, its file, its fingerprint, and a server context with it."""

    path: Path
    fingerprint: str
    context: ssl.SSLContext

    @property
    def key(self) -> Path:
        """The file with its private key."""
        return self.path.parent / "key.pem"

    def asking(self) -> ssl.SSLContext:
        """Make a server context that accepts only this certificate from clients."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key)
        context.load_verify_locations(self.path)
        context.verify_mode = ssl.CERT_REQUIRED
        return context


class Responder:
    """An ACS on a free port of 127.0.0.1. `received` has the lines of all connections, without terminator.

    `mischief` may replace an answer (bytes with terminator); its arguments are the number of lines received before, the
    line and the answer.
    """

    def __init__(
        self,
        mischief: Callable[[int, bytes, bytes], bytes] | None = None,
        tls: ssl.SSLContext | None = None,
        password: str = PASSWORD,
    ) -> None:
        self.received: list[bytes] = []
        self.connections = 0
        self.password = password
        self.on_loan: dict[str, str] = {}
        self._mischief = mischief or (lambda _number, _line, answer: answer)
        self._lock = threading.Lock()
        owner = self

        class Connection(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                sock = tls.wrap_socket(self.request, server_side=True) if tls else self.request
                owner.serve(sock)

        class Server(socketserver.ThreadingTCPServer):
            daemon_threads = True
            allow_reuse_address = True
            request_queue_size = 64

            def handle_error(self, request: Any, client_address: Any) -> None:
                """Ignore it: a refused handshake or a lost connection is not a fault here."""

        self._server = Server(("127.0.0.1", 0), Connection)
        self.port: int = self._server.server_address[1]
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    def __enter__(self) -> Responder:
        self._thread.start()
        return self

    def __exit__(self, *failure: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def serve(self, sock: Any) -> None:
        """Answer one connection until its end."""
        with self._lock:
            self.connections += 1
        buffer, last = b"", b"96AZFEF6\r"
        with sock:
            while chunk := sock.recv(4096):
                *lines, buffer = re.split(rb"[\r\n]", buffer + chunk)
                for line in filter(None, lines):
                    with self._lock:
                        number = len(self.received)
                        self.received.append(line)
                        answer = last if line.startswith(b"97") else self._answer(line)
                    last = answer
                    sock.sendall(self._mischief(number, line, answer))

    def _answer(self, line: bytes) -> bytes:
        request, trailer = parse(line)
        return format(self._meaning(request), trailer)

    def _meaning(self, request: Message) -> Message:
        match request:
            case messages.Login():
                secrets = [value for _, value in request.extensions]
                secrets += [request.login_user_id.reveal(), request.login_password.reveal()]
                return messages.LoginResponse(ok=any(self.password in secret for secret in secrets))
            case messages.SCStatus():
                return messages.ACSStatus(
                    online_status=True,
                    checkout_ok=True,
                    date_time_sync=NOW,
                    institution_id="riverside",
                    supported_messages=frozenset({"23", "11", "09", "99", "97", "93"}),
                )
            case messages.PatronStatusRequest():
                known = request.patron_identifier.startswith("M-1")
                checked = None if not request.patron_password else request.patron_password.reveal() == "1234"
                return messages.PatronStatusResponse(
                    patron_status=frozenset(),
                    transaction_date=NOW,
                    patron_identifier=request.patron_identifier,
                    personal_name="Amina Rahman",
                    valid_patron=known,
                    valid_patron_password=checked,
                )
            case messages.Checkout():
                free = self.on_loan.setdefault(request.item_identifier, request.patron_identifier)
                return messages.CheckoutResponse(
                    ok=free == request.patron_identifier,
                    transaction_date=NOW,
                    institution_id=request.institution_id,
                    patron_identifier=request.patron_identifier,
                    item_identifier=request.item_identifier,
                )
            case messages.Checkin():
                out = self.on_loan.pop(request.item_identifier, None)
                return messages.CheckinResponse(
                    ok=out is not None, transaction_date=NOW, item_identifier=request.item_identifier
                )
            case messages.ItemInformation():
                return messages.ItemInformationResponse(
                    transaction_date=NOW, item_identifier=request.item_identifier, title_identifier="Emma"
                )
        return agreed(request)


def agreed(request: Request) -> Message:
    """Return a yes to any request."""
    no = refusal(request, NOW)
    yes = dict.fromkeys(("ok", "payment_accepted", "end_session", "item_properties_ok", "valid_patron"), True)
    yes["patron_status"] = DENIED if request.code == "01" else frozenset()
    return no.but(**{name: value for name, value in yes.items() if name in no.members})


def with_sequence(answer: bytes, sequence: str) -> bytes:
    """Replace the sequence number of an answer, and its checksum accordingly."""
    response, _ = parse(answer.rstrip(b"\r"))
    return format(response, Trailer(sequence, checked=True))
