"""Two gateways behind HAProxy, with one PostgreSQL: nodes die, the database and HAProxy restart, terminals work on.

`python -m loss.machines` is the long form. Exit status 1 if a write was lost, doubled or denied, if an answer was
another terminal's, or if a library had more seats taken than it has.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

from attrs import define, field

from .apart import run_apart
from .cluster import LIBRARY, Machines
from .kinds import KINDS
from .places import whole_ledger
from .told import Told
from .walkers import Walker
from .writes import Write

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
    taken: int
    seats: int
    moved: int
    seconds: float

    def faults(self) -> list[str]:
        """What must not be; empty if all holds."""
        seats = [] if 0 < self.taken <= self.seats else [f"{self.taken} of {self.seats} seats were taken"]
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
            f"answers of another terminal, at most {self.taken} of {self.seats} seats taken"
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
        run_apart(Traffic(machines, walkers, events, tell).run())
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
    return Report(verdicts, bad, foreign, machines.taken, machines.seats, moved, seconds)


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
