"""The demo, and a gateway whose library's API has a name that no server knows; what their logs say."""

from __future__ import annotations

import json
import re
import ssl
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, suppress
from itertools import count
from pathlib import Path
from urllib.request import urlopen

from attrs import define, field
from e2e.processes import Demo, Gateway, Process

from .installer import Installer
from .kiosk import Kiosk, login

WITHIN = 10.0
"""Seconds in which somebody who looks on must read what is wrong."""


@define
class Place:
    """Where the mistakes are made. Kiosks stay connected until `clear`."""

    demo: Demo
    folder: Path
    installer: Installer
    _lost: Gateway | None = None
    _open: ExitStack = field(factory=ExitStack)
    _reads: dict[int, int] = field(factory=dict)
    """How many lines of each process had been printed when a mistake began."""
    _screen: list[str] = field(factory=list)
    _marks: Iterator[int] = field(factory=count)

    @classmethod
    def start(cls, folder: Path) -> Place:
        demo = Demo.start(folder)
        return cls(demo, folder, Installer(demo.admin_port))

    @property
    def lost(self) -> Gateway:
        """The other gateway, started at its first use."""
        if self._lost is None:
            folder = self.folder / "lost"
            folder.mkdir()
            self._lost = Gateway.start(folder, 1, login_floor(), url="https://{library}.invalid/api/v1")
        return self._lost

    @property
    def _processes(self) -> list[Process]:
        return [self.demo.process, *([self._lost.process] if self._lost else [])]

    def begin(self) -> None:
        """Look at later lines alone."""
        self._screen.clear()
        self._reads = {id(process): len(process.printed) for process in self._processes}

    def lines(self) -> list[str]:
        """What the logs have said since `begin`, and what a terminal showed."""
        return self._screen + [
            line for process in self._processes for line in process.printed[self._reads.get(id(process), 0) :]
        ]

    def seen(self, answer: str) -> None:
        """Somebody reads this answer on a terminal's screen."""
        self._screen.append(f"{answer}\n")

    def said(self, *patterns: str, within: float = WITHIN) -> float | None:
        """Wait for lines in which each pattern is found; after how many seconds, None if never."""
        return _read(lambda: "".join(self.lines()), patterns, within, every=0.05)

    def shown(self, library: str, *patterns: str, within: float = WITHIN) -> float | None:
        """The same for the page of a library's installer."""
        return _read(lambda: self.installer.latest(library), patterns, within, every=0.5)

    def plain(self) -> Kiosk:
        """A kiosk without TLS at the plain port."""
        return self._open.enter_context(Kiosk.plain(self.demo.plain_port))

    def at(self, port: int) -> Kiosk:
        """A kiosk without TLS at any port."""
        return self._open.enter_context(Kiosk.plain(port))

    def logged_in(self, **how: str) -> Kiosk:
        """A kiosk that has logged in at the plain port."""
        kiosk = self.plain()
        assert kiosk.ask(login(**how)).startswith("941"), how
        return kiosk

    def secured(
        self, context: ssl.SSLContext | None = None, *, port: int = 0, name: str = "localhost"
    ) -> None:
        """A kiosk that tries TLS, and goes away if that fails."""
        context = context or self.trusting()
        with suppress(OSError):
            self._open.enter_context(Kiosk.secured(port or self.demo.tls_port, context, name)).ask(
                "9900802.00"
            )

    def trusting(self) -> ssl.SSLContext:
        """TLS that trusts the demo."""
        return ssl.create_default_context(cafile=str(self.demo.ca_file))

    def clear(self) -> None:
        """Disconnect all kiosks, let the library work again, and wait until the log has all that this leads to."""
        self._open.close()
        self.demo.behave()
        until = time.monotonic() + WITHIN
        while self._connected() and time.monotonic() < until:
            time.sleep(0.05)
        mark = f"mark{next(self._marks)}"
        with Kiosk.plain(self.demo.plain_port) as kiosk:
            kiosk.ask(login(library=mark))
        self.said(rf"\b{mark}\b")

    def _connected(self) -> int:
        """How many terminals the demo has."""
        with urlopen(f"http://127.0.0.1:{self.demo.admin_port}/health", timeout=WITHIN) as answer:  # loopback
            return int(json.load(answer)["terminals"])

    def stop(self) -> None:
        self.clear()
        for process in self._processes:
            process.stop()


def _read(text: Callable[[], str], patterns: Sequence[str], within: float, every: float) -> float | None:
    """Read a text again and again, until each pattern is found; after how many seconds, None if never."""
    begun = time.monotonic()
    while True:
        read = text()
        if all(re.search(pattern, read, re.IGNORECASE) for pattern in patterns):
            return time.monotonic() - begun
        if time.monotonic() - begun > within:
            return None
        time.sleep(every)


def login_floor() -> str:
    return "[limits]\nlogin_floor = 0.1\n"
