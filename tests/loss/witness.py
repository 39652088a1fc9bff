"""Kill the gateway in the middle of writes, and compare what terminals were told with the library's ledger."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

from attrs import define, field
from e2e.terminal import Terminal

from .kinds import KINDS
from .places import Place, whole_ledger
from .told import Told
from .writes import Write, login, stocked

AT_ONCE = 12
"""Writes in progress when the gateway is killed."""
LIBRARY = "witness"
SEATS = 5000
"""A kill leaves a seat taken until its lease ends, and terminals here are killed many times in that time."""
TRIES = 4
"""How often a terminal repeats a message that has no definite answer."""


@define
class Station:
    """A terminal at its place in the library: connects, logs in, sends a line, and repeats it."""

    place: Place
    name: str
    tls: bool = False
    terminal: Terminal | None = None

    def connect(self) -> None:
        """Connect and log in; a terminal tries until it is let in."""
        self.close()
        for _ in range(20):
            with suppress(OSError):
                self.terminal = self.place.gateway.terminal(tls=self.tls)
                self.terminal.send(login(LIBRARY, self.name))
                if self.terminal.receive().startswith(b"941"):
                    return
            self.close()
            time.sleep(0.1)
        raise AssertionError(f"{self.name} is not let in")

    def begin(self, write: Write) -> None:
        """Connect, and do what this write undoes."""
        self.connect()
        if line := write.first():
            assert self.ask(line)[2:3] == b"1", f"{write} has nothing to undo"

    def ask(self, line: bytes) -> bytes:
        """The answer; empty when the connection broke."""
        with suppress(OSError):
            self.terminal.send(line)
            return self.terminal.receive()
        return b""

    def close(self) -> None:
        if self.terminal is not None:
            self.terminal.close()


def rounds_of(count: int) -> list[list[Write]]:
    """The writes of so many rounds, kinds in turn."""
    every = [Write(KINDS[n % len(KINDS)], LIBRARY, n) for n in range(count * AT_ONCE)]
    return [every[start : start + AT_ONCE] for start in range(0, len(every), AT_ONCE)]


@define
class Witness:
    """Rounds of writes with a kill in each; `told` has all of them."""

    place: Place
    told: list[Told] = field(factory=list)
    victims: tuple[str, ...] = ("node",)
    """What is killed, one of these in each round."""
    lasted: float = 0.05
    """Seconds that a round takes, so that the next kill is somewhere in it."""

    @classmethod
    def start(cls, folder: Path, rounds: list[list[Write]], workers: int = 1) -> Witness:
        """Start a gateway with so many workers, before a library in which these writes can be done."""
        writes = [write for some in rounds for write in some]
        place = Place.start(folder, [stocked(LIBRARY, writes, SEATS)], f"[process]\nworkers = {workers}\n")
        return cls(place, victims=("node",) if workers == 1 else ("worker", "workers", "node"))

    def round(self, writes: list[Write]) -> None:
        """Send these at once, kill, start again, repeat what has no answer."""
        stations = [Station(self.place, f"K{n}", tls=n % 2 == 1) for n in range(len(writes))]
        told = [Told(write) for write in writes]
        self.told += told
        together(
            (lambda s=station, w=write: s.begin(w)) for station, write in zip(stations, writes, strict=True)
        )
        begun = time.monotonic()
        threads = [
            threading.Thread(target=self._first, args=(station, one))
            for station, one in zip(stations, told, strict=True)
        ]
        for thread in threads:
            thread.start()
        time.sleep(random.uniform(0.0, self.lasted))  # noqa: S311  # a moment for the kill, no secret
        victim = random.choice(self.victims)  # noqa: S311  # as above
        self.place.kill(victim)
        for thread in threads:
            thread.join()
        if all(one.answers[0] for one in told):
            self.lasted = max(0.02, 0.8 * (time.monotonic() - begun))
        else:
            self.lasted *= 1.05
        if victim == "node":
            self.place.restart()
        together(
            (lambda s=station, o=one: self._again(s, o)) for station, one in zip(stations, told, strict=True)
        )

    def _first(self, station: Station, one: Told) -> None:
        one.answers.append(station.ask(one.write.line()))

    def _again(self, station: Station, one: Told) -> None:
        """Repeat a message that has no answer, on a new connection, until there is a definite one."""
        if one.cut:
            station.connect()
            for _ in range(TRIES):
                one.answers.append(station.ask(one.write.line()))
                if one.last in ("yes", "no"):
                    break
                station.connect()
        station.close()

    def verdicts(self) -> Iterator[tuple[Told, str]]:
        """What came of each write, once the journal has settled. A terminal logs in: open rows need its account."""
        station = Station(self.place, "K0", tls=False)
        station.connect()
        self.place.settled()
        station.close()
        rows: dict[str, list[dict[str, Any]]] = {}
        for row in whole_ledger(self.place.sandbox):
            for name in {row["member_no"], row["accession_no"]} - {None}:
                rows.setdefault(name, []).append(row)
        for one in self.told:
            write = one.write
            mine = {
                row["id"]: row
                for name in (write.patron, write.item, write.second)
                for row in rows.get(name, ())
            }
            yield one, one.verdict(mine.values())


def together(works: Iterable[Any]) -> None:
    """Do all of these at once; the first failure is raised."""
    failures: list[BaseException] = []

    def safely(work: Any) -> None:
        try:
            work()
        except BaseException as failure:  # handed to the caller
            failures.append(failure)

    threads = [threading.Thread(target=safely, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[0]


def table(verdicts: Iterable[tuple[Told, str]]) -> str:
    """The writes without an answer to the first try, by kind: what came of them."""
    columns = ("true", "denied", "doubled", "lost", "unsure")
    heads = ("survived", "told no, done", "done twice", "told yes, not done", "unsure")
    counts: dict[str, Counter[str]] = {kind.name: Counter() for kind in KINDS}
    answered: Counter[str] = Counter()
    for told, verdict in verdicts:
        (counts[told.write.kind.name] if told.cut else answered)[verdict] += 1
    counts["all"] = sum(counts.values(), Counter())
    lines = [f"{'':20}{'cut':>6}" + "".join(f"{head:>20}" for head in heads)]
    for name, count in counts.items():
        cells = "".join(f"{count[column] or '':>20}" for column in columns)
        lines.append(f"{name:20}{count.total():>6}{cells}")
    wrong = answered.total() - answered["true"]
    lines.append(f"answered before the kill: {answered.total()}, of these {wrong} not so")
    return "\n".join(lines)


def failures(verdicts: Iterable[tuple[Told, str]]) -> list[str]:
    """The writes that were lost, doubled or denied, each in a line."""
    return [
        f"{told.write.kind.name} {told.write.n}: {verdict}: {[bytes(a[:60]) for a in told.answers]}"
        for told, verdict in verdicts
        if verdict in ("lost", "doubled", "denied")
    ]
