"""Two gateways behind HAProxy, with one PostgreSQL: nodes die, the database and HAProxy restart, terminals work on.

`python -m loss.machines` is the long form. Exit status 1 if a write was lost, doubled or denied, if an answer was
another terminal's, or if a library had more seats taken than it has.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import shutil
import signal
import ssl
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from attrs import define, field
from e2e.processes import Process, Sandbox, free_ports

from sip2gw.demo.selfsigned import kept_pair

from .places import LIMITS, PROFILE, UNFINISHED, settings_of, start_sandbox, until, whole_ledger
from .postgres import Postgres
from .told import Told
from .walkers import Walker
from .writes import KINDS, Write, stocked

HAPROXY = Path(__file__).parent.parent.parent / "contrib/haproxy/sip2gw.cfg"
PROGRAM = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
LIBRARY = "machines"
TAKEN = "SELECT count(*) FROM seats WHERE expires > extract(epoch FROM clock_timestamp())"


@define
class Node:
    """One machine: a gateway at an address of its own, with the ports that the documentation has."""

    address: str
    process: Process

    def page(self, path: str) -> str:
        """A page of its admin endpoint; empty when it is down."""
        with suppress(OSError, URLError), urlopen(f"http://{self.address}:8080{path}", timeout=10) as answer:
            text: str = answer.read().decode()
            return text
        return ""

    def ready(self) -> bool:
        return '"ok"' in self.page("/health/ready")


@define
class Machines:
    """All of it. `bind` is the port at which terminals find HAProxy."""

    folder: Path
    sandbox: Sandbox
    postgres: Postgres
    nodes: list[Node]
    haproxy: Process
    bind: int
    seats: int
    running: ExitStack
    over: list[int] = field(factory=list)
    """How many seats were taken, each time there were more than the library has."""

    @classmethod
    def start(cls, folder: Path, writes: list[Write], seats: int, workers: int) -> Machines:
        """Start all processes; if one does not start, none is left."""
        with ExitStack() as started:
            library, sandbox = start_sandbox(folder, [stocked(LIBRARY, writes, seats)])
            started.callback(library.kill)
            postgres = Postgres.make(folder / "postgres")
            started.callback(postgres.stop, "immediate")
            _make_secrets(folder)
            network = f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}"  # noqa: S311  # no secret
            nodes = [_node(folder, n, f"{network}.{n}", sandbox.port, postgres, workers) for n in (1, 2)]
            for node in nodes:
                node.process.start()
                started.callback(node.process.kill)
            (bind,) = free_ports(1)
            haproxy = _haproxy(folder, bind, *nodes)
            started.callback(_stop, haproxy)
            return cls(folder, sandbox, postgres, nodes, haproxy, bind, seats, started.pop_all())

    def trust(self) -> ssl.SSLContext:
        """What a terminal trusts."""
        return ssl.create_default_context(cafile=str(self.folder / "tls" / "fullchain.pem"))

    async def kill_node(self, which: int) -> None:
        """A machine loses its power in the middle of the traffic, and comes back."""
        node = self.nodes[which]
        await asyncio.to_thread(node.process.kill)
        node.process.printed.clear()
        await asyncio.to_thread(node.process.start)

    async def roll_node(self, which: int) -> None:
        """A machine gets a new release: its gateway stops as SIGTERM has it, and starts again."""
        node = self.nodes[which]
        await asyncio.to_thread(node.process.stop)
        node.process.printed.clear()
        await asyncio.to_thread(node.process.start)

    async def restart_postgres(self) -> None:
        await asyncio.to_thread(self.postgres.restart)

    async def reload_haproxy(self) -> None:
        """As `systemctl reload haproxy` does."""
        before = sum("Loading success" in line for line in self.haproxy.printed)
        self.haproxy.tell(signal.SIGUSR2)
        assert await asyncio.to_thread(self.haproxy.waited, before + 1, "Loading success")

    def count_seats(self) -> None:
        """Look how many seats are taken."""
        taken = int(self.postgres.rows(TAKEN)[0])
        if taken > self.seats:
            self.over.append(taken)

    def settled(self) -> None:
        """Wait until no node's journal has an open row."""
        until(lambda: all(node.ready() for node in self.nodes), "both nodes are ready")
        until(lambda: self.postgres.rows(UNFINISHED) == ["0"], "the journal has no open row")

    def close(self) -> None:
        """End all processes."""
        self.running.close()


def _make_secrets(folder: Path) -> None:
    """Write the certificate and the key that both gateways have."""
    kept_pair(folder / "tls")
    key = folder / "sip2gw.key"
    key.write_text("5a" * 32 + "\n")
    key.chmod(0o600)


def _node(folder: Path, number: int, address: str, api: int, postgres: Postgres, workers: int) -> Node:
    home = folder / f"node{number}"
    home.mkdir()
    config = home / "sip2gw.toml"
    several = f"[process]\nworkers = {workers}\n" if workers > 1 else ""
    config.write_text(
        f'[[listen]]\nendpoint = "tcp:6009:interface={address}"\ncertificates = "{folder}/tls"\n'
        'proxy_from = ["127.0.0.0/8"]\n'
        f'[admin]\nendpoint = "tcp:8080:interface={address}"\n'
        f'[store]\nurl = "{postgres.url}"\nkey_file = "{folder}/sip2gw.key"\n{several}'
        f'[librarika]\nurl = "http://127.0.0.1:{api}/{{library}}/api/v1"\n'
        f"{LIMITS}{PROFILE}{settings_of([{'nickname': LIBRARY}])}"
    )
    config.chmod(0o600)
    return Node(address, Process(["sip2gw", "--config", str(config)], home, ready="health"))


def _haproxy(folder: Path, bind: int, first: Node, second: Node) -> Process:
    """HAProxy with the configuration that is shipped."""
    environment = {
        "SIP2GW_BIND": f"127.0.0.1:{bind}",
        "SIP2GW_NODE1": first.address,
        "SIP2GW_NODE2": second.address,
        "SIP2GW_ADMIN": str(folder / "haproxy.sock"),
    }
    program = (str(PROGRAM), "-W", "-f", str(HAPROXY))
    return Process([], folder, ready="Loading success", program=program, environment=environment).start()


def _stop(haproxy: Process) -> None:
    """End HAProxy and its workers, which a SIGKILL to the first process would leave."""
    haproxy.tell(signal.SIGTERM)
    haproxy.ended()


Event = Callable[[Machines], Awaitable[None]]
EVENTS: dict[str, Event] = {
    "node 1 killed": lambda all_of_it: all_of_it.kill_node(0),
    "PostgreSQL restarted": lambda all_of_it: all_of_it.restart_postgres(),
    "HAProxy reloaded": lambda all_of_it: all_of_it.reload_haproxy(),
    "node 2 restarted": lambda all_of_it: all_of_it.roll_node(1),
}
"""What happens in the middle of the traffic, each when an equal share of the writes is done."""


@define
class Report:
    """What came of it."""

    verdicts: Counter[str]
    bad: list[str]
    foreign: list[bytes]
    over: list[int]
    moved: int
    seconds: float

    def faults(self) -> list[str]:
        """What must not be; empty if all holds."""
        seats = [f"{taken} seats taken" for taken in self.over]
        return [
            *self.bad,
            *(f"another terminal's answer: {bytes(answer[:60])}" for answer in self.foreign),
            *seats,
        ]

    def __str__(self) -> str:
        count = self.verdicts
        return (
            f"machines: {count.total()} writes in {self.seconds:.0f} s, {self.moved} reconnects: {count['lost']} lost, "
            f"{count['doubled']} doubled, {count['denied']} denied, {count['unsure']} unsure, {len(self.foreign)} "
            f"answers of another terminal, seats over the limit {len(self.over)} times"
        )


@define
class Traffic:
    """The terminals' work, in as many parts as there are events, and one more.

    Each event begins when half of its part is done, and the next part begins when it is over: so terminals are in the
    middle of writes at each, however fast they are.
    """

    machines: Machines
    walkers: list[Walker]
    events: dict[str, Event]
    tell: Callable[[str], object]
    done: int = 0
    over: int = 0
    """How many events are over."""
    _changed: asyncio.Event = field(factory=asyncio.Event)

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            for walker in self.walkers:
                group.create_task(walker.walk(self._step))
            group.create_task(self._happen())

    async def _step(self, nth: int, each: int) -> None:
        """A terminal has `nth` writes behind it, of `each`."""
        self.done += 1
        self._changed.set()
        part = min(nth * (len(self.events) + 1) // each, len(self.events))
        while part > self.over:
            await self._change()

    async def _change(self) -> None:
        changed = self._changed
        await changed.wait()
        if changed is self._changed:
            self._changed = asyncio.Event()

    async def _happen(self) -> None:
        whole = sum(len(walker.writes) for walker in self.walkers)
        for number, (name, event) in enumerate(self.events.items()):
            while self.done < whole * (2 * number + 1) / (2 * len(self.events) + 2):
                await self._change()
            await asyncio.to_thread(self.machines.count_seats)
            self.tell(f"{self.done} of {whole} writes: {name}")
            await event(self.machines)
            self.over = number + 1
            self._changed.set()
        await asyncio.to_thread(self.machines.count_seats)


def spread(terminals: int, each: int) -> Iterator[list[Write]]:
    """The writes of each terminal, of all kinds in turn."""
    for terminal in range(terminals):
        yield [Write(KINDS[(terminal + n) % len(KINDS)], LIBRARY, terminal * each + n) for n in range(each)]


def run(
    folder: Path,
    *,
    terminals: int,
    each: int,
    workers: int = 1,
    events: dict[str, Event] = EVENTS,
    tell: Callable[[str], object] = str,
) -> Report:
    """Do all of it."""
    shares = list(spread(terminals, each))
    writes = [write for share in shares for write in share]
    machines = Machines.start(folder, writes, terminals, workers)
    try:
        trust = machines.trust()
        walkers = [Walker(f"K{n}", machines.bind, share, trust) for n, share in enumerate(shares)]
        begun = time.monotonic()
        asyncio.run(Traffic(machines, walkers, events, tell).run())
        seconds = time.monotonic() - begun
        machines.settled()
        return _report(machines, walkers, seconds)
    finally:
        machines.close()


def _report(machines: Machines, walkers: list[Walker], seconds: float) -> Report:
    rows: dict[str, list[dict[str, Any]]] = {}
    for row in whole_ledger(machines.sandbox):
        for name in {row["member_no"], row["accession_no"]} - {None}:
            rows.setdefault(name, []).append(row)
    verdicts, bad = Counter[str](), []
    for told in (one for walker in walkers for one in walker.told):
        verdict = told.verdict(_of(told, rows))
        verdicts[verdict] += 1
        if verdict in ("lost", "doubled", "denied"):
            bad.append(
                f"{verdict}: {told.write.kind.name} {told.write.n}: {[bytes(a[:50]) for a in told.answers]}"
            )
    foreign = [answer for walker in walkers for answer in walker.foreign]
    moved = sum(walker.moved - 1 for walker in walkers)
    return Report(verdicts, bad, foreign, machines.over, moved, seconds)


def _of(told: Told, rows: dict[str, list[dict[str, Any]]]) -> list[dict[str, Any]]:
    """The rows of the ledger that may belong to this write, once each."""
    write = told.write
    found = {
        row["id"]: row for name in (write.patron, write.item, write.second) for row in rows.get(name, ())
    }
    return list(found.values())


def main() -> int:
    """Run the long form."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--terminals", type=int, default=200)
    parser.add_argument("--writes", type=int, default=30, help="of each terminal")
    parser.add_argument("--workers", type=int, default=2, help="of each gateway")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        report = run(
            Path(folder), terminals=given.terminals, each=given.writes, workers=given.workers, tell=print
        )
    print("\n".join(report.faults()[:40]))
    print(report)
    return 1 if report.faults() else 0


if __name__ == "__main__":
    sys.exit(main())
