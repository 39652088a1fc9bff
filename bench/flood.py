"""`make bench-flood`: what an honest terminal waits for while others ask without a pause.

450 connections of strangers from 15 addresses that send 99, and 200 connections of one account that send 09 with an
empty label. Nothing here is asserted. The honest terminal is one of the same library.
"""

from __future__ import annotations

import argparse
import multiprocessing
import selectors
import socket
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from stage import ACCOUNT, LIBRARY, PASSWORD, Stage, report, stage

ASK = b"9900802.00\r"
LOGIN = f"9300CN{ACCOUNT}|CO{PASSWORD}|AO{LIBRARY}|\r".encode()
RETURN = b"09N20260301    10150020260301    101500AP|AO" + LIBRARY.encode() + b"|AB|AC|\r"


def flood(port: int, count: int, first: bytes, line: bytes) -> None:
    """So many connections, each of which asks again as soon as it has an answer."""
    selector = selectors.DefaultSelector()
    for number in range(count):
        connection = socket.socket()
        connection.bind((f"127.0.3.{1 + number // 30}", 0))
        connection.connect(("127.0.0.1", port))
        connection.sendall(first or line)
        connection.setblocking(False)
        selector.register(connection, selectors.EVENT_READ)
    while True:
        for key, _ in selector.select(1.0):
            connection = key.fileobj  # type: ignore[assignment]
            with suppress(OSError):
                if not connection.recv(65536):
                    selector.unregister(connection)
                    continue
                connection.sendall(line)


def honest(stage: Stage, seconds: float) -> list[float]:
    """What a terminal that is logged in waits for, in milliseconds, in order."""
    waited, ends = [], time.monotonic() + seconds
    with socket.create_connection(("127.0.0.1", stage.plain_port)) as terminal:
        terminal.sendall(LOGIN)
        if not terminal.recv(100).startswith(b"941"):
            raise SystemExit("the honest terminal was not let in")
        while time.monotonic() < ends:
            asked = time.monotonic()
            terminal.sendall(ASK)
            terminal.recv(1000)
            waited.append((time.monotonic() - asked) * 1000)
            time.sleep(0.05)
    return sorted(waited)


SCENES = {
    "nobody": (0, b"", ASK),
    "450 strangers": (450, b"", ASK),
    "200 of one account": (200, LOGIN, RETURN),
}


def measure(say: Callable[[str], None], seconds: float) -> dict[str, Any]:
    """All of it."""
    result = {}
    with (
        tempfile.TemporaryDirectory(prefix="sip2gw-bench-") as folder,
        stage(Path(folder), terminals=1) as on,
    ):
        for name, (count, first, line) in SCENES.items():
            say(f"{name} ...")
            peer = multiprocessing.Process(
                target=flood, args=(on.plain_port, count, first, line), daemon=True
            )
            peer.start()
            time.sleep(2.0)
            waited = honest(on, seconds)
            peer.terminate()
            peer.join()
            result[name] = {
                "requests": len(waited),
                "p50_ms": round(waited[len(waited) // 2], 1),
                "p99_ms": round(waited[len(waited) * 99 // 100], 1),
            }
    return result


def show(result: dict[str, Any]) -> None:
    """The result for people."""
    for name, one in result.items():
        print(f"{name:20} p50 {one['p50_ms']} ms, p99 {one['p99_ms']} ms, of {one['requests']}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure what an honest terminal waits for in a flood.")
    parser.add_argument("--seconds", type=float, default=8.0)
    report(parser, measure, show)


if __name__ == "__main__":
    main()
