"""The record of a gateway, and what it looks up in the other rooms when it is asked."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from secrets import token_hex
from typing import TYPE_CHECKING, Any, Protocol

from attrs import asdict

from sip2gw.circulation.settings import KNOBS, Effective
from sip2gw.gateway import TerminalFactory
from sip2gw.journal import audit
from sip2gw.journal.audit import By
from sip2gw.librarika import BackEnd
from sip2gw.record import ALONE, API, Facts, GatewayAccess, Machines, Record, join, split_conn, warned
from sip2gw.session import Serving
from sip2gw.store.port import Store, Transaction

if TYPE_CHECKING:
    from sip2gw.wiring.gateway import Gateway

Part = Callable[[str, Mapping[str, str], str], Awaitable[Sequence[tuple[str, Any]]]]
"""Returns the parts of an answer with their workers; the last argument names a worker that alone is asked, or ""."""


class Others(Protocol):
    """The machines that share the store."""

    @property
    def known(self) -> Machines:
        """What was read of them last."""
        ...

    async def terminals(self, library: str) -> list[dict[str, Any]]:
        """Return the terminals of a library that others have."""
        ...


class JoinedRecord:
    """The record of one process or of several: asks each for its part, and joins them.

    `tag` returns today's tag of a card (`patron`) or an item (`item`) of a library. `warnings` are sentences that the
    processes themselves do not know.
    """

    def __init__(
        self,
        parts: Part,
        tag: Callable[[str, str, str], str],
        warnings: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        self._parts = parts
        self.tag = tag
        self._warnings = warnings
        self.others: Others | None = None
        """The machines that share the store."""

    async def ask(self, what: str, about: Mapping[str, str]) -> Any:
        """Return the answer; None if there is no such thing. Raises `NotUnderstood`."""
        if what == "trace":
            return await self._trace(about)
        worker, conn = split_conn(about.get("conn", ""))
        if worker:
            about = {**about, "conn": conn}
        machines = self.others.known if self.others is not None else ALONE
        answer = join(what, about, await self._parts(what, about, worker), machines)
        if what == "now" and answer is not None:
            answer["needs"] = [*map(asdict, warned(self._warnings())), *answer["needs"]]
        if self.others is not None and isinstance(answer, dict):
            machines.add_to(what, answer)
            if what == "terminals" and [name for name, value in about.items() if value] == ["library"]:
                answer["elsewhere"] = await self.others.terminals(about["library"])
        return answer

    async def _trace(self, about: Mapping[str, str]) -> Any:
        """Begin a trace in all processes, because the terminal may connect to another one next time."""
        if conn := about.get("conn"):
            found = await self.ask("terminal", {"conn": conn})
            if found is None:
                return None
            named = {"library": found["library"], "terminal": found["terminal"]}
            about = {**about, **(named if found["library"] else {"address": found["address"]})}
        about = {**about, "conn": "", "trace": token_hex(4)}
        return join("trace", about, await self._parts("trace", about, ""))


def alone(record: Record, beside: Callable[[Part], Part] = lambda parts: parts) -> JoinedRecord:
    """Return the answers of a process that is alone. `beside` adds to the parts."""

    async def parts(what: str, about: Mapping[str, str], worker: str) -> list[tuple[str, Any]]:
        return [("", record.part(what, about))] if not worker else []

    return JoinedRecord(beside(parts), record.tag)


def recorded(gateway: Gateway) -> Record:
    """Return the record of a gateway, which reads its events from now on."""
    terminals = gateway.terminals
    access = GatewayAccess(
        lambda: facts(gateway),
        lambda conn: session_of(terminals, conn),
        lambda conn: disconnected(terminals, conn),
        terminals.logins.seating.held,
        terminals.logins.seating.free,
    )
    record = Record(terminals.events, terminals.directory.tags, access)
    gateway.metrics.on_strike = record.struck
    return record


def facts(gateway: Gateway) -> Facts:
    """Return the state of the gateway's rooms."""
    metrics = gateway.metrics
    seats = gateway.terminals.logins.seating.occupancy()
    return Facts(
        apis=tuple(map(_api, gateway.librarika.back_ends())),
        seats={one.library: (one.used, one.licensed) for one in seats},
        warnings=gateway.health().warnings,
        journal={labels["state"].upper(): int(value) for labels, value in _samples(metrics.journal_rows)},
        journal_oldest=_samples(metrics.journal_oldest)[0][1],
        lag=_samples(metrics.loop_lag)[0][1],
        libraries=frozenset(gateway.terminals.directory.settings.libraries),
    )


def session_of(terminals: TerminalFactory, conn: str) -> Mapping[str, Any] | None:
    """Return what the session of a live connection knows of its terminal; None if there is none."""
    protocol = terminals.connection(conn)
    if protocol is None:
        return None
    session = protocol.terminal.session
    state, habits = session.state, session.habits
    serving = state if isinstance(state, Serving) else None
    ahead = habits.clock_ahead(serving.tenant.rules.zone if serving else None)
    known: dict[str, Any] = {
        "busy": protocol.terminal.busy,
        "delimiter": session.dialect.delimiter,
        "checksums": f"in {habits.checked} of {habits.checked + habits.unchecked} requests",
        "clock_ahead": None if ahead is None else round(ahead),
    }
    if serving is not None:
        tenant = serving.tenant
        effective = terminals.directory.settings.effective(tenant.nickname, tenant.account, serving.location)
        known["error_detection"] = effective.profile.error_detection
        known["knobs"] = _knobs(effective)
    return known


def disconnected(terminals: TerminalFactory, conn: str) -> bool:
    """Disconnect a terminal; return whether there was one."""
    protocol = terminals.connection(conn)
    if protocol is not None:
        protocol.disconnect()
    return protocol is not None


async def enter(store: Store, who: str, what: str, subject: str, why: str) -> None:
    """Enter in the audit table who did what. Raises `StoreFailed`."""

    def work(tx: Transaction) -> None:
        audit.enter(tx, By(who, why or what), what, subject)

    await store.change(work)


def _api(one: BackEnd) -> API:
    return API(one.nickname, one.online, one.state, one.since.timestamp(), one.last_failure or "")


def _knobs(effective: Effective) -> list[dict[str, str]]:
    """Return the knobs that are set somewhere."""
    return [
        {"name": knob, "value": str(getattr(effective.profile, knob)), "place": effective.origins[knob]}
        for knob in KNOBS
        if effective.origins[knob] != "default"
    ]


def _samples(gauge: Any) -> list[tuple[Mapping[str, str], float]]:
    return [(one.labels, one.value) for family in gauge.collect() for one in family.samples]
