"""Terminals that work without a pause: each sends its writes in turn, and repeats what has no answer.

A terminal that is told to try again does so: while the store is restarted, a gateway can't know that it has the same
line already.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any

from attrs import define, field

from sip2gw.sip2 import lay_out, parse

from .told import Told
from .writes import AGAIN, Write, login

PATIENCE = 30.0
"""Seconds that a terminal waits for an answer."""
TRIES = 40
PAUSE = 0.2
"""Seconds before a terminal connects or tries again."""


@define
class Walker:
    """One terminal. `foreign` are answers that belong to another request."""

    name: str
    port: int
    writes: Sequence[Write]
    trust: ssl.SSLContext | None = None
    told: list[Told] = field(factory=list)
    foreign: list[bytes] = field(factory=list)
    moved: int = 0
    """How often it had to connect again."""
    _streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def walk(self, step: Callable[[int, int], Awaitable[None]]) -> None:
        """Send all writes. `step` is waited for after each, with the number of those done, and of all."""
        for number, write in enumerate(self.writes, 1):
            told = Told(write)
            self.told.append(told)
            await self._prepare(write)
            for _ in range(TRIES):
                told.answers.append(answer := await self._ask(write.line()))
                if AGAIN in answer:
                    await asyncio.sleep(PAUSE)
                elif told.last in ("yes", "no"):
                    break
            self._check(write, told.answers[-1])
            await step(number, len(self.writes))
        self._leave()

    async def _prepare(self, write: Write) -> None:
        """Do what this write undoes."""
        if line := write.first():
            for _ in range(TRIES):
                if (await self._ask(line))[2:3] == b"1":
                    return

    async def _ask(self, line: bytes) -> bytes:
        if self._streams is None:
            await self._connect()
        if self._streams is None:
            return b""
        reader, writer = self._streams
        answer = b""
        with suppress(OSError, asyncio.IncompleteReadError):
            writer.write(line)
            async with asyncio.timeout(PATIENCE):
                answer = await reader.readuntil(b"\r")
        if not answer:
            self._leave()
        return answer

    async def _connect(self) -> None:
        self.moved += 1
        with suppress(OSError, asyncio.IncompleteReadError):
            async with asyncio.timeout(PATIENCE):
                name = "localhost" if self.trust else None
                streams = await asyncio.open_connection(
                    "127.0.0.1", self.port, ssl=self.trust, server_hostname=name
                )
                self._streams = streams
                streams[1].write(login(self.writes[0].library, self.name))
                if (await streams[0].readuntil(b"\r")).startswith(b"941"):
                    return
        self._leave()
        await asyncio.sleep(PAUSE)

    def _leave(self) -> None:
        if self._streams is not None:
            self._streams[1].transport.abort()
        self._streams = None

    def _check(self, write: Write, answer: bytes) -> None:
        """Whether an answer is this terminal's own."""
        if not answer:
            return
        message: Any = parse(answer)[0]
        own = {
            "item_identifier": write.item,
            "patron_identifier": write.patron,
            "institution_id": write.library,
        }
        named = {name: getattr(message, name, None) for name in own}
        if lay_out(answer).sequence != "3" or any(
            value not in (None, "", own[name]) for name, value in named.items()
        ):
            self.foreign.append(answer)
