"""One library behind a proxy, with a gateway of the nursery: what a longer story needs, from a test that is not async.

The event loop runs in a thread of its own, so the network goes on while the test thinks.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar

from e2e.processes import Process, Sandbox

from .gateways import Front, Nursery, Streams, closed
from .places import STORE, start_sandbox
from .proxy import Proxy
from .writes import login

T = TypeVar("T")


class Stage:
    """The processes that several stories share: a sandbox with these libraries, and a nursery."""

    def __init__(self, folder: Path, libraries: list[dict[str, Any]]) -> None:
        self.folder = folder
        self.libraries = iter(libraries)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self.process: Process
        self.sandbox: Sandbox
        self.process, self.sandbox = start_sandbox(folder, libraries)
        self.nursery = Nursery()
        self.run(self.nursery.__aenter__())

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something asynchronous, and wait for it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self.run(self.nursery.__aexit__())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
        self.process.kill()


class Scene:
    """A library that no other scene has, and its gateway."""

    def __init__(self, stage: Stage, more: str = "", store: str = STORE, *, jumps: bool = False) -> None:
        self.stage = stage
        self._terminals: list[Streams] = []
        self.library: str = next(stage.libraries)["nickname"]
        self.proxy = stage.run(Proxy(stage.sandbox.port).start())
        own = [{"nickname": self.library}]
        self.front = Front.make(stage.nursery, stage.folder / self.library, self.proxy.port, own, more, store)
        self.front.jumps = jumps
        try:
            self.start()
        except BaseException:
            self.close()
            raise

    def start(self, crash: str = "none") -> None:
        """Start the gateway, in place of the one there is."""
        self.stage.run(self._start(crash))

    async def _start(self, crash: str) -> None:
        await self.front.kill()
        await self.front.start(crash)

    def send(self, line: bytes, *, fault: str = "none", crash: str = "none", location: str = "K1") -> bytes:
        """Log in on a new connection, and send a line; when the gateway has died of it, the next one is started."""
        return self.stage.run(self._send(line, fault, crash, location))

    async def _send(self, line: bytes, fault: str, crash: str, location: str) -> bytes:
        if crash != "none":
            await self._start(crash)
        child = self.front.child
        assert child is not None
        streams = await self.front.connect(login(self.library, location))
        await self.proxy.arm(fault, child.shoot if crash == "after send" else None)
        answer = await self.front.ask(streams, line, self.proxy)
        await closed(streams[1])
        if crash == "after reply":
            await child.kill()
        elif not answer:
            await child.ended.wait()
        await self.proxy.fix()
        if crash != "none":
            await self._start("none")
        return answer

    def connect(self, location: str) -> Streams:
        """A terminal that stays connected."""
        terminal = self.stage.run(self.front.connect(login(self.library, location)))
        self._terminals.append(terminal)
        return terminal

    def ask(self, terminal: Streams, line: bytes) -> bytes:
        """The answer to a connected terminal; empty when the connection broke."""
        return self.stage.run(self.front.ask(terminal, line, self.proxy))

    def ledger(self) -> list[dict[str, Any]]:
        """What was done in the library, in its order."""
        return self.stage.sandbox.ledger(self.library)

    def settle(self) -> None:
        """Let a terminal log in, whose account the open writes need, and wait until none is open."""
        self.stage.run(self.front.settled(login(self.library, "K1")))

    def __enter__(self) -> Scene:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the gateway."""
        for _, writer in self._terminals:
            self.stage.run(closed(writer))
        self.stage.run(self.front.kill())
        self.stage.run(self.proxy.close())
