"""The processes of a witness: a sandbox that survives the gateway, and gateways before it."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import sqlite3
import time
from collections.abc import Callable, Iterable
from contextlib import closing, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError

from attrs import define, field
from e2e.processes import Gateway, Process, Sandbox, free_ports

PATIENCE = 60.0
"""Seconds until something that must happen has happened."""
UNFINISHED = "SELECT count(*) FROM journal WHERE state IN ('SENT', 'QUEUED', 'UNKNOWN')"

FOR_PEOPLE = "SELECT count(*) FROM journal WHERE state IN ('DEAD', 'MISMATCH')"
FILE = "sip2gw.sqlite3"
STORE = f'[store]\npath = "{FILE}"\n'
"""In the gateway's own folder."""
PROFILE = "[profiles.witness]\npatron_updates = true\nitem_updates = true\n"
LIMITS = (
    "[limits]\nstrangers_per_address = 2000\nstrangers = 2000\nconnections_per_address = 2000\n"
    "drain_spread = 0.0\n"
)


def settings_of(libraries: Iterable[dict[str, Any]]) -> str:
    """The configuration of these libraries: their terminals may do all that SIP2 has."""
    return "".join(
        f'[[libraries]]\nnickname = "{one["nickname"]}"\nprofile = "witness"\n' for one in libraries
    )


def until(what: Callable[[], bool], why: str) -> None:
    """Wait until that is so."""
    ends = time.monotonic() + PATIENCE
    while not what():
        assert time.monotonic() < ends, f"not so after {PATIENCE:g} s: {why}"
        time.sleep(0.02)


def start_sandbox(folder: Path, libraries: Iterable[dict[str, Any]]) -> tuple[Process, Sandbox]:
    """A sandbox in a process of its own, with its ledger in a file."""
    data = folder / "libraries.json"
    data.write_text(json.dumps({"libraries": list(libraries)}))
    (port,) = free_ports(1)
    endpoint = f"tcp:{port}:interface=127.0.0.1"
    arguments = [
        "librarika-sandbox",
        "--port",
        endpoint,
        "--data",
        str(data),
        "--database",
        f"{folder}/ledger.db",
    ]
    process = Process(arguments, folder, ready=f"starting on {port}").start()
    return process, Sandbox(port)


@define
class Place:
    """A sandbox, and a gateway with a store before it. The gateway may be killed and started again."""

    folder: Path
    sandbox: Sandbox
    library: Process
    gateway: Gateway
    ports: list[int] = field(factory=list)

    @classmethod
    def start(cls, folder: Path, libraries: Iterable[dict[str, Any]], more: str = "") -> Place:
        """`more` is added to the gateway's configuration."""
        libraries = list(libraries)
        process, sandbox = start_sandbox(folder, libraries)
        (folder / "gateway").mkdir()
        text = f"{STORE}{LIMITS}{PROFILE}{settings_of(libraries)}{more}"
        try:
            return cls(folder, sandbox, process, Gateway.start(folder / "gateway", sandbox.port, text))
        except BaseException:
            process.kill()
            raise

    def kill(self, what: str = "node") -> None:
        """End a `worker`, all `workers`, or the whole `node`, as a power cut does. Only a node has to be restarted."""
        children = workers_of(self.gateway.process.pid)
        if what == "worker":
            children = [random.choice(children)]  # noqa: S311  # no secret
        if what == "node":
            self.gateway.process.kill()
        for pid in children:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def restart(self) -> None:
        """Start the gateway again on what is left."""
        process = self.gateway.process
        process.printed.clear()
        process.start()
        told = re.findall(r"listening on 127\.0\.0\.1:(\d+)", "".join(process.printed))
        self.gateway.ports = [int(port) for port in told]

    def settled(self) -> None:
        """Wait until the journal has no open row."""
        until(lambda: open_rows(self.gateway.config.parent / FILE) == 0, "the journal has no open row")

    def close(self) -> None:
        """End both processes."""
        for process in (self.gateway.process, self.library):
            with suppress(AttributeError):
                process.kill()


def workers_of(pid: int) -> list[int]:
    """The processes that this one has started."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def open_rows(store: Path) -> int:
    """How many writes in this file are not finished. The file is read while a gateway writes to it."""
    return _count(store, UNFINISHED)


def rows_for_people(store: Path) -> int:
    """How many writes in this file a person has to look at."""
    return _count(store, FOR_PEOPLE)


def _count(store: Path, sql: str) -> int:
    with closing(sqlite3.connect(f"file:{store}?mode=ro", uri=True, timeout=10)) as database:
        found: int = database.execute(sql).fetchone()[0]
        return found


def whole_ledger(sandbox: Sandbox) -> list[dict[str, Any]]:
    """Every effect in every library."""
    with suppress(URLError):
        return sandbox._call("GET", "ledger")["items"]
    raise AssertionError("the sandbox is gone")
