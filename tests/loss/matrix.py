"""Every operation, with every fault of the network, and a crash at every point: 640 cells, each of its own library.

A terminal sends its line; what is to go wrong goes wrong; the gateway starts again; the terminal repeats its line.
Then the library's ledger says what was done. `python -m loss.matrix` runs all; `--share 10` a tenth, chosen by the day.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from attrs import define, field, frozen

from .crashes import POINTS
from .gateways import REMEMBERED, Front, Nursery, closed
from .kinds import BY_NAME
from .places import FILE, rows_for_people, start_sandbox, whole_ledger
from .proxy import FAULTS, Proxy
from .told import Told
from .writes import Write, login, stocked

OPERATIONS = (
    "checkout, policy Y",
    "checkout, no block",
    "checkin",
    "renew",
    "renew all",
    "payment",
    "hold",
    "undo loan",
)
AT_ONCE = 6
"""Cells in progress."""
TRIES = 4
"""How often a terminal repeats a line without a definite answer."""
WRONG = ("lost", "doubled", "denied")


@frozen
class Cell:
    """One of the 640."""

    number: int
    operation: str
    fault: str
    crash: str

    @property
    def library(self) -> str:
        return f"cell-{self.number}"

    @property
    def write(self) -> Write:
        return Write(BY_NAME[self.operation], self.library, self.number)


CELLS = tuple(
    Cell(number, *parts) for number, parts in enumerate(itertools.product(OPERATIONS, FAULTS, POINTS))
)


def chosen(share: int, day: date) -> tuple[Cell, ...]:
    """One part of so many; the next day has the next one. Each has all operations, faults and points in it."""
    # Neither 8 nor 10 has a part in common with the step, so no row or column is left out.
    first = day.toordinal() % share
    return tuple(
        cell for cell in CELLS if (cell.number + cell.number // 8 + cell.number // 80) % share == first
    )


@define
class Run:
    """The processes that all cells share."""

    nursery: Nursery
    folder: Path
    sandbox_port: int
    more: str = ""
    told: dict[Cell, Told] = field(factory=dict)
    sent: dict[Cell, float] = field(factory=dict)
    crashed: set[Cell] = field(factory=set)
    for_people: int = 0

    async def cell(self, cell: Cell) -> None:
        """One terminal, one line, one thing that goes wrong, and one crash."""
        proxy = await Proxy(self.sandbox_port).start()
        libraries = [{"nickname": cell.library}]
        front = Front.make(self.nursery, self.folder / cell.library, proxy.port, libraries, self.more)
        front.jumps = True
        told = self.told[cell] = Told(cell.write)
        try:
            await self._first(cell, front, proxy, told)
            await self._again(cell, front, proxy, told)
            await front.settled(login(cell.library, "K1"))
            self.for_people += rows_for_people(front.folder / FILE)
        except Exception as failure:
            failure.add_note(f"{cell}: {told.answers}\n{front.log()[-3000:]}")
            raise
        finally:
            await front.kill()
            await proxy.close()

    async def _first(self, cell: Cell, front: Front, proxy: Proxy, told: Told) -> None:
        if line := cell.write.first():
            streams = await front.connect(login(cell.library, "K1"))
            assert (await front.ask(streams, line, proxy))[2:3] == b"1", f"{cell} has nothing to undo"
            await closed(streams[1])
            await front.kill()
        await front.start(cell.crash)
        child = front.child
        assert child is not None
        streams = await front.connect(login(cell.library, "K1"))
        self.sent[cell] = front.seconds()
        await proxy.arm(cell.fault, child.shoot if cell.crash == "after send" else None)
        told.answers.append(await front.ask(streams, told.write.line(), proxy))
        await closed(streams[1])
        if cell.crash == "after reply":
            await child.kill()
        elif not told.answers[0]:
            await child.ended.wait()
        await proxy.fix()
        if child.ended.is_set():
            self.crashed.add(cell)

    async def _again(self, cell: Cell, front: Front, proxy: Proxy, told: Told) -> None:
        for _ in range(TRIES):
            streams = await front.connect(login(cell.library, "K1"))
            told.answers.append(await front.ask(streams, told.write.line(), proxy))
            await closed(streams[1])
            if told.last in ("yes", "no") or front.seconds() > self.sent[cell] + REMEMBERED:
                return


async def run(cells: Iterable[Cell], folder: Path, more: str = "") -> tuple[dict[Cell, str], Run]:
    """What came of each of these cells, and the run."""
    cells = list(cells)
    process, sandbox = start_sandbox(folder, [stocked(cell.library, [cell.write]) for cell in cells])
    try:
        async with Nursery() as nursery:
            this = Run(nursery, folder, sandbox.port, more)
            waiting = iter(cells)

            async def work() -> None:
                for cell in waiting:
                    await this.cell(cell)

            async with asyncio.TaskGroup() as group:
                for _ in range(AT_ONCE):
                    group.create_task(work())
        ledger: dict[str, list[dict[str, object]]] = {}
        for row in whole_ledger(sandbox):
            ledger.setdefault(row["library"], []).append(row)
    finally:
        process.kill()
    return {cell: told.verdict(ledger.get(cell.library, ())) for cell, told in this.told.items()}, this


def table(verdicts: dict[Cell, str]) -> str:
    """Operations by faults: cells that hold, of how many."""
    lines = [f"{'':20}" + "".join(f"{name:>19}" for name in OPERATIONS)]
    for fault in FAULTS:
        counts = []
        for operation in OPERATIONS:
            mine = [v for cell, v in verdicts.items() if (cell.operation, cell.fault) == (operation, fault)]
            counts.append(f"{sum(verdict not in WRONG for verdict in mine)} of {len(mine)}")
        lines.append(f"{fault:20}" + "".join(f"{count:>19}" for count in counts))
    return "\n".join(lines)


def summary(verdicts: dict[Cell, str], this: Run) -> str:
    """The counts in one line."""
    count = Counter(verdicts.values())
    return (
        f"matrix: {len(verdicts)} of {len(CELLS)} cells, {len(this.crashed)} with a crash: {count['lost']} lost, "
        f"{count['doubled']} doubled, {count['denied']} denied, {count['unsure']} unsure, "
        f"{this.for_people} left to people"
    )


def wrong(verdicts: dict[Cell, str], this: Run) -> list[str]:
    """The cells that do not hold, each in a line."""
    return [
        f"{verdict}: {cell.operation} / {cell.fault} / {cell.crash}: {[bytes(a[:50]) for a in this.told[cell].answers]}"
        for cell, verdict in verdicts.items()
        if verdict in WRONG
    ]


def main() -> int:
    """Run the matrix, print it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--share", type=int, default=1, help="run only one part of so many, chosen by the day"
    )
    parser.add_argument("--keep", help="a folder for what the gateways log")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as temporary:
        cells = chosen(given.share, date.today())
        verdicts, this = asyncio.run(run(cells, Path(given.keep or temporary)))
    bad = wrong(verdicts, this)
    print(table(verdicts))
    print("\n".join(bad))
    print(summary(verdicts, this))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
