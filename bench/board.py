"""`make bench-board`: the share of a process that 50 open pages of the board take, while terminals send requests.

The pages are live: Now and the latest exchanges. Nothing is asserted.
"""

from __future__ import annotations

import argparse
import selectors
import socket
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from crowd import idle_terminals
from stage import free_port, report, stage

PAGES = "/board/events/now", "/board/events/exchanges"
CONFIG = '[admin]\nendpoint = "tcp:{}:interface=127.0.0.1"\nboard = true\n'


@contextmanager
def streams(port: int, count: int) -> Iterator[list[int]]:
    """Open `count` pages, and read what comes until the end. The list has the bytes of each."""
    selector, received, over = selectors.DefaultSelector(), [0] * count, threading.Event()
    for number in range(count):
        client = socket.create_connection(("127.0.0.1", port), 10)
        page = PAGES[number % len(PAGES)]
        client.sendall(f"GET {page} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
        received[number] += len(client.recv(65536))  # one after the other: few may wait at the same time
        selector.register(client, selectors.EVENT_READ, number)

    def read() -> None:
        while not over.is_set():
            for key, _ in selector.select(0.1):
                said = key.fileobj.recv(65536)  # type: ignore[union-attr]  # a socket
                if not said:
                    selector.unregister(key.fileobj)
                received[key.data] += len(said)

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield received
    finally:
        over.set()
        reader.join()
        for key in list(selector.get_map().values()):
            key.fileobj.close()  # type: ignore[union-attr]  # a socket


def measure(progress: Callable[[str], None], count: int, terminals: int, seconds: float) -> dict[str, Any]:
    """Return the shares of one core without and with open pages."""
    port = free_port()
    with (
        tempfile.TemporaryDirectory() as folder,
        stage(Path(folder), terminals=terminals, limits=CONFIG.format(port)) as here,
        idle_terminals(here, terminals, 3 * seconds + 10),
    ):
        shares = []
        for opened in (0, count, 0):
            progress(f"{seconds:.0f} s with {opened} open pages")
            with streams(port, opened) as received:
                time.sleep(2)
                began, used = time.monotonic(), here.gateway.cpu()
                time.sleep(seconds)
                shares.append((here.gateway.cpu() - used) / (time.monotonic() - began))
            if opened:
                kib = sum(received) / 1024 / opened / seconds
    without = (shares[0] + shares[2]) / 2
    return {
        "streams": count,
        "share_without": round(without, 4),
        "share_with": round(shares[1], 4),
        "share_of_streams": round(shares[1] - without, 4),
        "kib_per_second_and_stream": round(kib, 2),
    }


def show(result: dict[str, Any]) -> None:
    """Print the result for people."""
    print(f"{result['streams']} open pages: {result['share_of_streams']:.1%} of a core more")
    print(f"  without {result['share_without']:.1%}, with {result['share_with']:.1%}")
    print(f"  {result['kib_per_second_and_stream']} KiB a second to each page")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", dest="count", type=int, default=50)
    parser.add_argument("--terminals", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20)
    report(parser, measure, show)
