"""Gateways of the nursery: each is started in a moment, and may be killed at any time."""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from contextlib import suppress
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from attrs import define, field

from .clock import Hand
from .places import FILE, LIMITS, PROFILE, STORE, open_rows, settings_of
from .proxy import Proxy

TESTS = Path(__file__).parent.parent
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
START = 60.0
SIP2, ADMIN = 6001, 8080
"""The ports of each gateway."""
REMEMBERED = 240.0
"""Seconds of the gateways' clock for which the same bytes are surely taken for a repeat."""


@define
class Child:
    """One gateway process."""

    pid: int = 0
    started: asyncio.Event = field(factory=asyncio.Event)
    ready: asyncio.Event = field(factory=asyncio.Event)
    ended: asyncio.Event = field(factory=asyncio.Event)

    async def kill(self) -> None:
        """End it as a power cut does, and wait until it is gone."""
        self.shoot()
        await self.ended.wait()

    def shoot(self) -> None:
        """End it as a power cut does."""
        if not self.ended.is_set():
            with suppress(ProcessLookupError):
                os.kill(self.pid, signal.SIGKILL)


class Nursery:
    """The process that forks gateways."""

    def __init__(self) -> None:
        # An address for each gateway, as no other program uses them: two that look for free ports may find the same.
        self._network = f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}"  # noqa: S311  # no secret
        self._addresses = iter(range(1, 65_000))
        self._children: dict[int, Child] = {}
        self._process: Any = None
        self._reading: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Nursery:
        path = os.pathsep.join([str(TESTS), os.environ.get("PYTHONPATH", "")])
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",  # not what is in the working folder: what is installed is tested
            "-m",
            "loss.nursery",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
        )
        self._reading = asyncio.create_task(self._read())
        return self

    async def __aexit__(self, *_: object) -> None:
        for child in self._children.values():
            child.shoot()
        self._process.stdin.close()
        await self._process.wait()
        assert self._reading is not None
        await self._reading

    async def _read(self) -> None:
        async for line in self._process.stdout:
            told = json.loads(line)
            child = self._children[told["id"]]
            if "pid" in told:
                child.pid = told["pid"]
                child.started.set()
            elif "ready" in told:
                child.ready.set()
            else:
                child.ended.set()
                child.ready.set()

    def address(self) -> str:
        """An address of this machine that no other gateway has."""
        return str(ip_address(f"{self._network}.0") + next(self._addresses))

    async def start(self, config: Path, crash: str, hand: Path, jumps: bool) -> Child:
        """Start a gateway with this configuration, and wait until it listens. `jumps`: see `Front`."""
        number = len(self._children)
        child = self._children[number] = Child()
        order = {
            "id": number,
            "config": str(config),
            "crash": crash,
            "log": f"{config}.log",
            "hand": str(hand),
            "jumps": jumps,
        }
        self._process.stdin.write(json.dumps(order).encode() + b"\n")
        async with asyncio.timeout(START):
            await child.started.wait()
            await child.ready.wait()
        if child.ended.is_set():
            raise AssertionError("it did not start:\n" + Path(f"{config}.log").read_text()[-3000:])
        return child


@define
class Front:
    """The folder and the address of a gateway: what stays when its process ends."""

    nursery: Nursery
    folder: Path
    address: str
    hand: Hand
    jumps: bool = False
    """Whether its clock may be moved by more than a moment while its store is at work."""
    child: Child | None = None

    @classmethod
    def make(
        cls,
        nursery: Nursery,
        folder: Path,
        api: int,
        libraries: list[dict[str, Any]],
        more: str = "",
        store: str = STORE,
    ) -> Front:
        """Its libraries are at the port `api`; `more` is added to its configuration."""
        folder.mkdir()
        address = nursery.address()
        config = folder / "sip2gw.toml"
        config.write_text(
            f'[[listen]]\nendpoint = "tcp:{SIP2}:interface={address}"\n'
            f'[admin]\nendpoint = "tcp:{ADMIN}:interface={address}"\n'
            f'[librarika]\nurl = "http://127.0.0.1:{api}/{{library}}/api/v1"\n'
            f"{store}{LIMITS}{PROFILE}{settings_of(libraries)}{more}"
        )
        config.chmod(0o600)
        return cls(nursery, folder, address, Hand(folder / "hand"))

    def seconds(self) -> float:
        """The clock of its processes."""
        return time.monotonic() + self.hand.moved()

    async def start(self, crash: str = "none") -> None:
        """Start a process on what is there."""
        config, hand = self.folder / "sip2gw.toml", self.folder / "hand"
        self.child = await self.nursery.start(config, crash, hand, self.jumps)

    async def kill(self) -> None:
        if self.child is not None:
            await self.child.kill()

    def log(self) -> str:
        """What its processes have logged."""
        return (self.folder / "sip2gw.toml.log").read_text()

    @property
    def gone(self) -> bool:
        return self.child is None or self.child.ended.is_set()

    async def connect(self, login: bytes) -> Streams:
        """A terminal that is logged in. A gateway that is gone is started first, as a supervisor does."""
        for _ in range(100):
            if self.gone:
                await self.start()
            with suppress(OSError):
                reader, writer = await asyncio.open_connection(self.address, SIP2)
                writer.write(login)
                if (await line(reader)).startswith(b"941"):
                    return reader, writer
                writer.close()
            await asyncio.sleep(0.05)
        raise AssertionError("the terminal is not let in")

    async def ask(self, streams: Streams, data: bytes, proxy: Proxy) -> bytes:
        """The answer to one line. The clock is moved on while only time can bring it."""
        asking = asyncio.create_task(ask(streams, data))
        while not asking.done():
            await asyncio.wait({asking}, timeout=0.02 if proxy.holds else 0.5)
            if not asking.done():
                self.hand.move(1.0)
        return asking.result()

    async def settled(self, login: bytes) -> None:
        """Move the clock on until the journal has no open row. A terminal is logged in: open rows need its account."""
        _, writer = await self.connect(login)
        for _ in range(2000):
            if open_rows(self.folder / FILE) == 0:
                writer.close()
                return
            if self.gone:
                _, writer = await self.connect(login)
            self.hand.move(1.0)
            await asyncio.sleep(0.02)
        raise AssertionError("the journal has open rows that nothing settles")


async def line(reader: asyncio.StreamReader) -> bytes:
    """One answer; empty when the connection broke."""
    with suppress(OSError, asyncio.IncompleteReadError):
        return await reader.readuntil(b"\r")
    return b""


async def ask(streams: Streams, data: bytes) -> bytes:
    """The answer to one line; empty when the connection broke."""
    reader, writer = streams
    writer.write(data)
    return await line(reader)


async def closed(writer: asyncio.StreamWriter) -> None:
    """Close a connection, and wait until it is."""
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
