"""What the other machines say of themselves, added to the answers of this one.

A machine is silent if it has written nothing for `SILENT` seconds and has not stopped in order.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from functools import cached_property
from typing import Any

from attrs import asdict, define, evolve, field, frozen

from sip2gw.addresses import shown_network
from sip2gw.record.needs import join_needs
from sip2gw.record.summary import Summary, summed_libraries

SILENT = 20.0
"""Seconds without a sign of life after which a machine is silent: four signs are missing."""
_HERE = "/board/libraries/", "/board/terminals", "/board/door"
"""Links that lead to something on this board for what another machine says as well."""

Answer = dict[str, Any]


@frozen
class Machine:
    """A gateway as its row has it. `place` is where terminals connect, `board` where its board is.

    `began` and `seen` are seconds of the epoch, by the store's clock.
    """

    id: str
    name: str
    place: str = ""
    version: str = ""
    state: str = ""
    began: float = 0.0
    seen: float = 0.0
    board: str = ""
    summary: Summary = field(factory=Summary)
    silent: bool = False


@define(eq=False, slots=False)
class Machines:
    """All gateways of the store, as they were at the time `at`; `failed` says that no look since then was possible.

    `id` is that of this gateway.
    """

    id: str = ""
    at: float = 0.0
    all: tuple[Machine, ...] = ()
    failed: bool = False

    @classmethod
    def read(cls, id_: str, at: float, rows: Iterable[Machine], since: float = 0.0) -> Machines:
        """Return what was read at a time. A machine could not write before `since`, when the store came back."""
        found = list(rows)
        names = Counter(one.name for one in found)
        return cls(
            id_,
            at,
            tuple(
                evolve(
                    one,
                    name=f"{one.name} ({one.place})" if names[one.name] > 1 and one.place else one.name,
                    silent=one.id != id_ and at - max(one.seen, since) > SILENT,
                )
                for one in found
            ),
        )

    @cached_property
    def others(self) -> tuple[Machine, ...]:
        """The other machines."""
        return tuple(one for one in self.all if one.id != self.id)

    @cached_property
    def live(self) -> tuple[Machine, ...]:
        """Those of them that are not silent."""
        return tuple(one for one in self.others if not one.silent)

    @cached_property
    def here(self) -> str:
        """The name of this machine; a word for it until it has a row."""
        return next((one.name for one in self.all if one.id == self.id), "this machine")

    @cached_property
    def libraries(self) -> Mapping[str, tuple[int, bool]]:
        """Of each library the terminals at other machines, and whether its system does not answer one of them."""
        return summed_libraries(one.summary.libraries for one in self.live)

    @cached_property
    def _processes(self) -> Mapping[str, str]:
        return {process: one.name for one in self.others for process in one.summary.processes}

    def of_session(self, session: str) -> str:
        """Return the other machine whose session this is; "" if none is known."""
        return self._processes.get(session.partition(".")[0], "")

    # -- what is added to the answers

    def add_to(self, what: str, answer: Answer) -> None:
        """Add what the other machines say to an answer, if there are any."""
        if not self.others:
            return
        match what:
            case "now":
                answer["needs"] = self._needs(answer["needs"])
                answer["machines"] = [self._row(one) for one in self.all]
                answer["machines_at"], answer["machines_failed"] = self.at, self.failed
            case "door":
                answer["machines"] = [
                    {"machine": one.name, "board": one.board, "reasons": one.summary.door}
                    for one in self.live
                ]
            case "library":
                shares = {one.name: one.summary.libraries.get(answer["library"]) for one in self.live}
                answer["machines"] = {name: share[0] for name, share in shares.items() if share}
                answer["offline_at"] = [name for name, share in shares.items() if share and share[1]]
                answer["boards"] = self._boards()
            case "terminals" | "exchanges":
                answer["boards"] = self._boards()

    def added(self, row: Answer) -> Answer:
        """Return the row of a library with its terminals at other machines. Each of them has a seat."""
        share = self.libraries.get(row["library"])
        if share is None:
            return row
        terminals, offline = share
        more = {name: row[name] + terminals for name in ("terminals", "used")}
        return {**row, **more, "elsewhere": terminals, **({"online": False} if offline else {})}

    def _boards(self) -> list[Answer]:
        """Return the other machines: what this board does not have is on theirs."""
        return [
            {"machine": one.name, "board": one.board, "terminals": one.summary.terminals} for one in self.live
        ]

    def _row(self, one: Machine) -> Answer:
        """Return a machine for the list of all."""
        told = one.summary
        return {
            "id": one.id,
            "machine": one.name,
            "here": one.id == self.id,
            "state": one.state,
            "silent_since": one.seen if one.silent else 0.0,
            "since": one.began,
            "version": one.version,
            "board": one.board,
            "terminals": told.terminals,
            "connections": told.connections,
            "requests_per_minute": told.requests,
            "refused_per_minute": told.refused,
            "offline": sorted(name for name, (_, offline) in told.libraries.items() if offline)[:20],
            "needs": len(told.needs),
        }

    def _needs(self, own: Iterable[Mapping[str, Any]]) -> list[Answer]:
        return join_needs(
            [
                [{**need, "machines": [self.here]} for need in own],
                *([_need(one, need) for need in map(asdict, one.summary.needs)] for one in self.live),
                [_silent(one) for one in self.others if one.silent],
            ]
        )


ALONE = Machines()
"""This machine, if no other shares its store."""


def _need(one: Machine, need: Answer) -> Answer:
    link = need["link"] if need["link"].startswith(_HERE) else ""
    return {**need, "link": link, "machines": [one.name]}


def _silent(one: Machine) -> Answer:
    return {
        "kind": "silent",
        "subject": one.name,
        "text": f"The machine {one.name} is silent: its gateway has ended without a stop, or can't reach the store.",
        "fix": "See whether it runs. Its terminals connect to the others if the balancer sends them there.",
        "since": one.seen,
        "count": 1,
        "severity": "bad",
        "link": "/board/#machines",
        "machines": [one.name],
    }


def terminal_elsewhere(machine: str, library: str, location: str, address: str, since: float) -> Answer:
    """Return a terminal of another machine for a list: what its seat says."""
    return {
        "machine": machine,
        "library": library,
        "terminal": location,
        "network": shown_network(address),
        "since": since,
    }
