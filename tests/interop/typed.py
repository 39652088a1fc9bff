"""Drives a gateway by the package pysip2 on PyPI, and prints what it heard as one JSON list.

It imports nothing of this project. That package has models of all messages, and its reader is strict: it takes an
answer only if each field has its width and its form, every required one is there, and the checksum is right.
"""

import argparse
import datetime
import json
import socket
import ssl

import msgspec
import pysip2

RESPONSES = {
    "LoginRequest": pysip2.LoginResponse,
    "SCStatusRequest": pysip2.ACSStatusResponse,
    "BlockPatronRequest": pysip2.PatronStatusResponse,
    "EndPatronSessionRequest": pysip2.EndSessionResponse,
}
"""What answers a request, where the name does not say it."""


class Terminal:
    """One connection. Fields that a model needs and a step does not name are filled in as any terminal would."""

    def __init__(self, connection, library):
        self._connection = connection
        self._library = library
        self._sequence = -1

    def ask(self, name, **fields):
        """Send a request, and read its answer."""
        kind = getattr(pysip2, name)
        usual = {
            "transaction_date": f"{datetime.datetime.now():%Y%m%d    %H%M%S}",
            "institution_id": self._library,
            "terminal_password": "",
        }
        needed = {one.name for one in msgspec.structs.fields(kind)}
        model = kind(**{one: usual[one] for one in needed & usual.keys()} | fields)
        self._sequence = (self._sequence + 1) % 10
        self._connection.sendall(
            pysip2.encode_message(model, sequence_number=self._sequence, checksum=True, encoding="utf-8")
        )
        frame = b""
        while not frame.endswith(b"\r"):
            frame += self._connection.recv(4096) or b"\r"
        expected = RESPONSES.get(name) or getattr(pysip2, name.replace("Request", "Response"))
        answer = pysip2.decode_as(frame, expected, encoding="utf-8")
        assert (answer.sequence_number, bool(answer.checksum)) == (self._sequence, True)
        return msgspec.to_builtins(answer.message)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--tls", metavar="CA_FILE")
    parser.add_argument("--library", required=True, help="AO")
    parser.add_argument("--steps", required=True, type=json.loads, help="[[name of a request, fields], ...]")
    return parser.parse_args()


def main():
    options = arguments()
    connection = socket.create_connection((options.host, options.port), 20)
    if options.tls:
        context = ssl.create_default_context(cafile=options.tls)
        connection = context.wrap_socket(connection, server_hostname="localhost")
    with connection:
        terminal = Terminal(connection, options.library)
        print(json.dumps([terminal.ask(name, **fields) for name, fields in options.steps]))


if __name__ == "__main__":
    main()
