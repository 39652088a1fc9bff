"""What goes wrong between a gateway and its library, once: a proxy that has its way with the first write it sees.

Each fault is plain about the effect: the library has done the write, or has not, or does it later.
"""

from __future__ import annotations

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress

FAULTS = (
    "before connect",
    "after connect",
    "half request",
    "no answer",
    "cut answer",
    "500 after commit",
    "late commit",
    "garbage",
    "hang",
    "key reused",
)
"""All of them; `none` does nothing."""

_RESET = struct.pack("ii", 1, 0)


class Proxy:
    """One library's way. `armed` is the fault for the next write; `seen` is called when a write is there."""

    def __init__(self, upstream: int) -> None:
        self.upstream = upstream
        self.armed = "none"
        self.seen: Callable[[], None] | None = None
        self.port = 0
        self.holds = False
        """Whether a gateway waits for what does not come before it gives up."""
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> Proxy:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self.port)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def arm(self, fault: str, seen: Callable[[], None] | None = None) -> None:
        """Set the fault for the next write, and what is called when it has arrived."""
        self.armed, self.seen = fault, seen
        if fault == "before connect":
            await self.stop()

    async def fix(self) -> None:
        """From now on all goes well, and on new connections."""
        self.armed, self.seen = "none", None
        if self._server is None:
            await self.start()

    async def stop(self) -> None:
        """Refuse connections, and cut those that there are."""
        if self._server is not None:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            _reset(writer)

    async def close(self) -> None:
        await self.stop()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        self._writers.add(writer)
        try:
            if self.armed == "after connect":
                self.armed = "none"
                _reset(writer)
                return
            with suppress(OSError, asyncio.IncompleteReadError):
                while head := await reader.readuntil(b"\r\n\r\n"):
                    await self._request(head, await _body(head, reader), reader, writer)
        finally:
            self._writers.discard(writer)
            self._tasks.discard(task)
            writer.close()

    async def _request(
        self, head: bytes, body: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        fault = "none"
        if b"\r\nidempotency-key:" in head.lower():
            fault, self.armed = self.armed, "none"
            if self.seen is not None:
                seen, self.seen = self.seen, None
                seen()
        if fault in ("hang", "late commit"):
            await self._given_up(reader)
        await self._carry(fault, head + body, writer)

    async def _given_up(self, reader: asyncio.StreamReader) -> None:
        """Wait until the gateway has closed the connection."""
        self.holds = True
        with suppress(OSError):
            await reader.read(1)
        self.holds = False

    async def _carry(self, fault: str, request: bytes, writer: asyncio.StreamWriter) -> None:
        match fault:
            case "after connect":  # an idle connection that breaks as it is used, and before anything arrived
                _reset(writer)
            case "half request":
                await self._push(request[: len(request) // 2])
                _reset(writer)
            case "hang":
                _reset(writer)
            case _:
                answer = await self._ask(request)
                await self._answer(fault, answer, writer)

    async def _answer(self, fault: str, answer: bytes, writer: asyncio.StreamWriter) -> None:
        match fault:
            case "no answer":
                _reset(writer)
            case "cut answer":
                writer.write(answer[: -len(answer) // 3])
                writer.close()
            case "500 after commit":
                writer.write(_made(500, b"<h1>Internal Server Error</h1>", b"text/html"))
            case "garbage":
                writer.write(_made(200, b'{"id": 7, "acc', b"application/json"))
            case "key reused":
                problem = b'{"code": "idempotency_key_reused", "status": 409}'
                writer.write(_made(409, problem, b"application/problem+json"))
            case _:
                writer.write(answer)
        with suppress(ConnectionError):
            await writer.drain()

    async def _push(self, request: bytes) -> None:
        """Deliver a part of a request, and close."""
        _, writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        writer.write(request)
        await writer.drain()
        writer.close()

    async def _ask(self, request: bytes) -> bytes:
        """The library's answer."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self.upstream)
        try:
            writer.write(request)
            answer = await reader.readuntil(b"\r\n\r\n")
            return answer + await _body(answer, reader)
        finally:
            writer.close()


def _reset(writer: asyncio.StreamWriter) -> None:
    """Cut a connection without a goodbye."""
    raw = writer.get_extra_info("socket")
    with suppress(OSError, AttributeError):
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
    writer.transport.abort()


def _length(head: bytes) -> int:
    for line in head.split(b"\r\n"):
        name, _, value = line.partition(b":")
        if name.strip().lower() == b"content-length":
            return int(value)
    return 0


async def _body(head: bytes, reader: asyncio.StreamReader) -> bytes:
    if head.startswith((b"HTTP/1.1 204", b"HTTP/1.1 304")):
        return b""
    return await reader.readexactly(_length(head))


def _made(status: int, body: bytes, kind: bytes) -> bytes:
    return b"HTTP/1.1 %d Anything\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n%s" % (
        status,
        kind,
        len(body),
        body,
    )
