"""`make bench-board`: the share of a process that 50 open pages of the board take, while terminals send requests.

The pages are live: Now and the latest exchanges. Then how long each page takes with the events of 3,000 libraries and
10,000 terminals. Nothing is asserted.
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
from urllib.request import urlopen

from crowd import idle_terminals
from stage import free_port, report, stage
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.threads import deferToThread

from sip2gw.admin.health import Health, Status, site
from sip2gw.config import Admin, Config
from sip2gw.config.endpoint import Endpoint
from sip2gw.connect.invitations import Invitations
from sip2gw.events import Events, Exchange, LoggedIn, Opened
from sip2gw.journal.crypto import Keys
from sip2gw.log.tags import Tags
from sip2gw.metrics import Metrics
from sip2gw.process.interpreter import settle
from sip2gw.record import Facts, GatewayAccess, Machine, Machines, Record, Summary
from sip2gw.seats import InMemory
from sip2gw.store import SQLiteStore
from sip2gw.wiring.board import Configured, make_board
from sip2gw.wiring.recording import alone

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


LISTS = "", "libraries", "libraries?state=offline", "terminals", "exchanges", "exchanges?outcome=bug", "door"


class Others:
    """Two other machines with as many libraries and terminals."""

    def __init__(self, libraries: int, terminals: int) -> None:
        there = {f"library{n}": (terminals // libraries, False) for n in range(libraries)}
        summary = Summary(terminals, terminals, libraries=there)
        rows = [Machine(str(n), f"gw{n}", seen=time.time(), summary=summary) for n in range(3)]
        self.known = Machines.read("0", time.time(), rows)

    async def terminals(self, _: str) -> list[dict[str, Any]]:
        """Return none: these pages are of all libraries."""
        return []


def pages(libraries: int, terminals: int, times: int = 10) -> dict[str, float]:
    """Return the milliseconds of the slowest of some tries for each page, over a socket of this process.

    The board is that of one of three machines, each of which has so many libraries and terminals.
    """
    settle()  # as each gateway does: otherwise the collector goes through all modules amid a page
    events, found = Events(time.time), dict[str, float]()
    names = frozenset(f"library{n}" for n in range(libraries))
    record = Record(events, Tags(), GatewayAccess(facts=lambda: Facts(libraries=names)))
    for n in range(terminals):
        conn, library, terminal = f"{n:05x}", f"library{n % libraries}", f"Desk{n}"
        events.publish(
            Opened(time.time(), conn, "TLS port 6009", f"10.0.{n // 250}.{n % 250}", "10.0.0.0/24")
        )
        events.publish(LoggedIn(time.time(), conn, library, terminal, terminal, "AO", "generic-kiosk"))
        for seq in range(3):
            events.publish(
                Exchange(
                    time.time(), conn, seq, library, terminal, "generic-kiosk", "11", "refused", "no", 3.0
                )
            )

    joined_record = alone(record)
    joined_record.others = Others(libraries, terminals)

    def ask(port: int) -> None:
        for page in LISTS:
            took = []
            for _ in range(times):
                began = time.perf_counter()
                with urlopen(f"http://127.0.0.1:{port}/board/{page}") as answer:
                    answer.read()
                took.append(time.perf_counter() - began)
            found[f"/board/{page}"] = round(1000 * max(took), 1)

    with tempfile.TemporaryDirectory() as folder:
        store = SQLiteStore(Path(folder) / "store", reactor)
        config = Config(listen=(), admin=Admin(Endpoint.read("tcp:0:interface=127.0.0.1"), board=True))
        metrics = Metrics()
        configured = Configured(config, lambda: metrics.registry)
        board = make_board(
            config,
            reactor,
            joined_record,
            (store, Keys([bytes(32)]), InMemory(reactor.seconds)),
            configured,
            Invitations(reactor.seconds),
        )
        assert board is not None
        served = site(
            lambda: Health(Status.OK, "", 0), metrics=metrics, status=lambda: Status.OK, own={"board": board}
        )

        def begin() -> None:
            store.start()
            port = reactor.listenTCP(0, served, interface="127.0.0.1")  # type: ignore[attr-defined]
            asked = deferToThread(ask, port.getHost().port)
            asked.addCallback(lambda _: Deferred.fromCoroutine(store.close()))
            asked.addBoth(lambda _: reactor.stop())  # type: ignore[attr-defined]

        reactor.callWhenRunning(begin)  # type: ignore[attr-defined]
        reactor.run()  # type: ignore[attr-defined]
    return found


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
    progress("pages of 3,000 libraries and 10,000 terminals")
    return {
        "streams": count,
        "share_without": round(without, 4),
        "share_with": round(shares[1], 4),
        "share_of_streams": round(shares[1] - without, 4),
        "kib_per_second_and_stream": round(kib, 2),
        "pages_ms": pages(3_000, 10_000),
    }


def show(result: dict[str, Any]) -> None:
    """Print the result for people."""
    print(f"{result['streams']} open pages: {result['share_of_streams']:.1%} of a core more")
    print(f"  without {result['share_without']:.1%}, with {result['share_with']:.1%}")
    print(f"  {result['kib_per_second_and_stream']} KiB a second to each page")
    for page, ms in result["pages_ms"].items():
        print(f"  {page:28} {ms:7.1f} ms at most")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--streams", dest="count", type=int, default=50)
    parser.add_argument("--terminals", type=int, default=100)
    parser.add_argument("--seconds", type=float, default=20)
    report(parser, measure, show)
