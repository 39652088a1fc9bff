"""`make way`: the way of a request through the code, counted in a running gateway.

A gateway and a sandbox run in separate processes. One terminal sends the same few requests until all caches are warm,
and then once more while the interpreter's profile hook counts in the gateway. Unlike times, these figures are the same
on every machine.
"""

from __future__ import annotations

import argparse
import json
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from inspect import CO_COROUTINE
from pathlib import Path
from types import FrameType
from typing import Any
from urllib.request import Request, urlopen

from attrs import define, field
from stage import ACCOUNT, ITEM, LIBRARY, MEMBER, PASSWORD, Stage, report, stage

PACKAGE = f"{Path('/sip2gw')}/"
GENERATED = "<attrs generated"
COLUMNS = ("files", "calls", "changes of file", "coroutines", "attrs values", "REST calls")
WARM = 3
"""How many times each request is sent before it is counted."""


@define
class Way:
    """A counter of calls of our functions while it is on. A coroutine counts once, however often it resumes."""

    frames: list[FrameType] = field(factory=list)
    """The counted frames, kept so that no new frame gets the id of one of them."""
    files: set[str] = field(factory=set)
    changes: int = 0
    coroutines: int = 0
    values: int = 0
    _seen: set[int] = field(factory=set)
    _last: str = ""

    def hook(self, frame: FrameType, event: str, _: object) -> None:
        """Count one event of the profile hook (`sys.setprofile`)."""
        if event != "call" or id(frame) in self._seen:
            return
        code = frame.f_code
        name = code.co_filename
        if name.startswith(GENERATED):
            self.values += code.co_name == "__init__" and " sip2gw." in name
            return
        if PACKAGE not in name:
            return
        self._seen.add(id(frame))
        self.frames.append(frame)
        self.files.add(name)
        self.changes += bool(self._last) and name != self._last
        self._last = name
        self.coroutines += bool(code.co_flags & CO_COROUTINE)

    def row(self) -> dict[str, int]:
        """Return the figures by column, without the calls of the API, which only the sandbox knows."""
        figures = (len(self.files), len(self.frames), self.changes, self.coroutines, self.values)
        return dict(zip(COLUMNS, figures, strict=False))


def gateway(port: int) -> None:
    """Run twistd, with a port that switches the counting on and off."""
    from twisted.internet import reactor
    from twisted.internet.protocol import Factory, Protocol
    from twisted.scripts import twistd

    class Switch(Protocol):
        way = Way()

        def dataReceived(self, data: bytes) -> None:
            if data == b"on":
                Switch.way = Way()
                self.transport.write(b"{}\n")  # type: ignore[union-attr]
                sys.setprofile(Switch.way.hook)
            else:
                sys.setprofile(None)
                self.transport.write(json.dumps(Switch.way.row()).encode() + b"\n")  # type: ignore[union-attr]

    reactor.listenTCP(port, Factory.forProtocol(Switch), interface="127.0.0.1")  # type: ignore[attr-defined,no-untyped-call]
    twistd.run()  # type: ignore[no-untyped-call]


class Terminal:
    """A terminal that speaks plain SIP2, one line at a time."""

    def __init__(self, port: int) -> None:
        self._file = socket.create_connection(("127.0.0.1", port)).makefile("rwb", buffering=0)

    def ask(self, line: str) -> str:
        """Send a line, and read its answer."""
        self._file.write(f"{line}\r".encode())
        answer = b""
        while not answer.endswith((b"\r", b"\n")):
            answer += self._file.read(1) or sys.exit(f"no answer to {line[:2]}")
        return answer.decode().strip()


def requests() -> dict[str, Callable[[], str]]:
    """Make the request of each code, with another date each time: the same bytes would be a repeat."""
    patron, item = MEMBER.format(1), ITEM.format(1)
    ends = f"AO{LIBRARY}|AA{patron}|"

    def date() -> str:
        return f"{datetime.now():%Y%m%d    %H%M%S}"  # the terminal's own clock has no zone

    number = iter(range(10_000))
    return {
        "99": lambda: "9900802.00",
        "23": lambda: f"23001{date()}{ends}AC|AD1234|",
        "11": lambda: f"11NN{date()}{'':18}{ends}AB{item}|AC|CH{next(number)}|",
        "09": lambda: f"09N{date()}{date()}AP|AO{LIBRARY}|AB{item}|AC|CH{next(number)}|",
    }


@contextmanager
def counted(on_stage: Stage, port: int) -> Iterator[dict[str, int]]:
    """Count in the gateway meanwhile; the row is filled in at the end."""
    row: dict[str, int] = {}
    control = f"http://127.0.0.1:{on_stage.sandbox_port}/control/requests"
    with socket.create_connection(("127.0.0.1", port)) as switch:
        urlopen(Request(control, method="DELETE"), timeout=10).close()  # http, loopback
        switch.sendall(b"on")
        switch.recv(100)
        yield row
        switch.sendall(b"off")
        row.update(json.loads(switch.recv(10_000)))
    with urlopen(f"{control}?library={LIBRARY}", timeout=10) as answer:  # noqa: S310  # as above
        made = json.loads(answer.read())["libraries"].get(LIBRARY, {})
    row[COLUMNS[-1]] = sum(made.values())


def measure(say: Callable[[str], None]) -> dict[str, Any]:
    """Measure a row for each request."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    twistd = (
        f"import sys; sys.path.insert(0, {str(Path(__file__).parent)!r}); import way; way.gateway({port})"
    )
    with (
        tempfile.TemporaryDirectory(prefix="sip2gw-way-") as folder,
        stage(Path(folder), terminals=10, gateway=twistd) as on_stage,
    ):
        say("one terminal, warm:")
        terminal, asked = Terminal(on_stage.plain_port), requests()
        logged_in = terminal.ask(f"9300CN{ACCOUNT}|CO{PASSWORD}|")
        if not logged_in.startswith("941"):
            raise SystemExit(f"the login was answered with {logged_in}")
        for _ in range(WARM):
            for request in asked.values():
                terminal.ask(request())
        rows = {}
        for code, request in asked.items():
            with counted(on_stage, port) as row:
                answer = terminal.ask(request())
            if code in ("11", "09") and answer[2] != "1":
                raise SystemExit(f"{code} was refused: {answer}")
            rows[code] = row
    return rows


def show(rows: dict[str, dict[str, int]]) -> None:
    """Print the rows for people."""
    print("     " + "  ".join(COLUMNS))
    for code, row in rows.items():
        print(f"{code}   " + "  ".join(f"{row[name]:{len(name)}}" for name in COLUMNS))


if __name__ == "__main__":
    report(argparse.ArgumentParser(description="Count the way of a request through the code."), measure, show)
