"""`python bench/hostile.py`: how long one library's hostile answers keep the calls to another library waiting.

The hostile system is a process of its own; the adapter runs here, and asks it and an honest one at the same time. For
each kind of answer: the longest that a call to the honest one took, and how much the peak of memory has risen. Aims:
500 ms and 16 MiB. Nothing is asserted; that time and memory stay in proportion is what `tests/librarika` tests.
"""

from __future__ import annotations

import contextlib
import resource
import socket
import sys
from multiprocessing import get_context
from pathlib import Path
from threading import Thread
from time import monotonic
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater, react

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from sip2gw.librarika import CallLimits, Librarika
from sip2gw.library import Credentials, LibraryError

TOKENS = b'{"access_token":"t","expires_in":3600}'
RULES = b'{"nickname":"a","name":"A","timezone":"UTC"}'
MEMBER = (
    b'{"id":1,"member_no":"M","name":"N","status":"Active","suspended":false,"self_service_allowed":true,'
    b'"counts":{},"balance":"0.00"}'
)
HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
SIZE = 2**20 - 2**14


def whole(body: bytes) -> bytes:
    """An answer with a length."""
    return HEAD + b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


CHUNKED = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ANSWERS = {
    "honest": lambda: whole(MEMBER),
    "escaped quotes": lambda: whole(b'{"a":"' + b'\\"' * (SIZE // 2)),
    "brackets": lambda: whole(b"[" * SIZE),
    "objects": lambda: whole(b'{"a":' * (SIZE // 5)),
    "numbers": lambda: whole(b'{"a":[' + b"1," * (SIZE // 2) + b"1]}"),
    "digits": lambda: whole(b'{"a":' + b"9" * SIZE + b"}"),
    "long numbers": lambda: whole(b'{"a":[' + (b"9" * 4000 + b",") * (SIZE // 4001) + b"1]}"),
    "keys": lambda: whole(b"{" + b",".join(b'"k%07d":0' % number for number in range(SIZE // 13)) + b"}"),
    "a long text": lambda: whole(b'{"name":"' + "জ".encode() * (SIZE // 3) + b'"}'),
    "a wide page": lambda: whole(
        b'{"items":[' + (MEMBER + b",") * (SIZE // len(MEMBER) - 2) + MEMBER + b"]}"
    ),
    "one byte a chunk": lambda: CHUNKED + b"1\r\n \r\n" * SIZE,
    "chunk extensions": lambda: CHUNKED + (b"1;" + b"x" * 1000 + b"\r\n \r\n") * (SIZE // 100),
    "interim answers": lambda: b"HTTP/1.1 100 Continue\r\n\r\n" * SIZE,
    "an endless head": lambda: HEAD + b"X: x\r\n" * SIZE,
    "an endless body": lambda: HEAD + b"\r\n" + b" " * 64 * SIZE,
    "answers nobody asked for": lambda: whole(MEMBER) * 10_000,
}


def serve(server: socket.socket, name: str) -> None:
    """Answer each request, each connection in a thread of its own."""
    answer = ANSWERS[name]()  # Made here, and not where memory is measured.
    while True:
        connection, _ = server.accept()
        Thread(target=talk, args=(connection, answer), daemon=True).start()


def talk(connection: socket.socket, answer: bytes) -> None:
    """Answer what one connection asks."""
    with connection, contextlib.suppress(OSError):
        while data := connection.recv(65536):
            line = data.partition(b"\r\n")[0]
            said = whole(TOKENS) if b"/auth/" in line else whole(RULES) if b"/library " in line else answer
            connection.sendall(said)


async def opened(reactor: Any, name: str) -> tuple[Any, Any, Any]:
    """A library whose system is a process that answers so."""
    server = socket.create_server(("127.0.0.1", 0))
    process = get_context("fork").Process(target=serve, args=(server, name), daemon=True)
    process.start()
    url = f"http://127.0.0.1:{server.getsockname()[1]}/{{library}}"
    librarika = Librarika(reactor, url, limits=CallLimits(retry_share=0.0))
    library = await librarika("a", Credentials("u", "p"))
    await library.rules()
    return library, librarika, process


async def measure(reactor: Any) -> None:
    """All of them in turn."""
    honest, closing, process = await opened(reactor, "honest")
    print(f"{'answer':26} longest other call   memory")
    for name in ANSWERS:
        hostile, also_closing, its_process = await opened(reactor, name)
        before, longest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, 0.0
        asking = [Deferred.fromCoroutine(hostile.patron("M")) for _ in range(8)]
        for one in asking:
            one.addErrback(lambda error: error.trap(LibraryError))
        while not all(one.called for one in asking):
            begun = monotonic()
            await honest.patron("M")
            longest = max(longest, monotonic() - begun)
            await deferLater(reactor, 0.001)
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
        print(f"{name:26} {longest * 1000:15.0f} ms {grown:6.1f} MiB", flush=True)
        await also_closing.close()
        its_process.kill()  # SIGTERM is the reactor's, also in a child that has none running
    await closing.close()
    process.kill()  # SIGTERM is the reactor's, also in a child that has none running


if __name__ == "__main__":
    react(lambda reactor: Deferred.fromCoroutine(measure(reactor)))
