"""The board of a gateway, or of the parent of several workers, from the parts that it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from hashlib import sha256
from time import time
from typing import TYPE_CHECKING, Any

from attrs import asdict, evolve, fields
from prometheus_client import CollectorRegistry
from twisted.internet.threads import deferToThread

from sip2gw.board import audit
from sip2gw.board.entrance import Access, Entrance
from sip2gw.board.other_machines import MachinePages, Others
from sip2gw.board.screens import Screens
from sip2gw.board.seats import SeatPages
from sip2gw.board.site import Board, Route
from sip2gw.board.source import Asked, Configuration, Done, NotPossible, Record, View
from sip2gw.board.store_pages import StorePages
from sip2gw.config import Config
from sip2gw.connect import qr
from sip2gw.connect.invitations import NICKNAME, Invitations
from sip2gw.faults import ConfigFaults, Wrong
from sip2gw.journal.crypto import Keys
from sip2gw.pages.rendering import environment
from sip2gw.pages.streams import Streams
from sip2gw.record import NotUnderstood
from sip2gw.seats import SeatStore
from sip2gw.store.port import Store
from sip2gw.tls.certificates import read_pair
from sip2gw.tls.folder import places
from sip2gw.wiring.explaining import Explaining

if TYPE_CHECKING:
    from sip2gw.wiring.reloading import Reloading


def make_board(
    config: Config,
    reactor: Any,
    joined_record: Record,
    opened: tuple[Store, Keys, SeatStore],
    configured: Configured,
    invitations: Invitations,
    others: Others | None = None,
) -> Board | None:
    """Return the board; None if it is switched off. `invitations` are those of installers.

    `opened` has the store, the keys of its journal, and the seats of the terminals, on the clock of `reactor`.
    `others` are the machines that share the store.
    """
    if config.admin is None or not config.admin.board:
        return None
    (store, keys, lent), record = opened, BoardRecord(joined_record)
    access = Access(config.admin.token_file is not None, tuple(config.admin.proxy_users or ()))
    entrance = Entrance(store, reactor, time, access)
    configured.board = entrance
    screens, store_pages = Screens(record, store), StorePages(store, keys, entrance)
    machines = MachinePages(others)
    seats = SeatPages(record, store, lent, reactor.seconds, machines.of_session)
    settings = ConfigurationScreen(configured, store)
    explaining = Explaining(lambda: configured.config)

    async def library(asked: Asked) -> View:
        view = await screens.library(asked)
        links = await store_pages.links_of(asked.path[0]) if asked.visitor.may_act else []
        held = await seats.of(asked.path[0], view.content.get("seats", ()))
        return View(view.template, {**view.content, "links": links, "seats": held})

    async def invite(asked: Asked) -> View:
        name = asked.path[0]
        if not NICKNAME.fullmatch(name):
            raise NotPossible("this is not the nickname of a library")
        await store.change(lambda tx: audit.enter(tx, asked.visitor.name, "installer invited", name))
        code = await invitations.invite(name)
        # No path and no cookie has the code, so the image is in the page.
        image = qr.inline(qr.link(asked.value("origin"), code))
        return View("invited.html", {"library": name, "code": code, "qr": image})

    async def live(filters: Mapping[str, str]) -> str:
        view = await screens.exchanges_of(filters)
        return environment("sip2gw.board").get_template("exchanges_live.html").render(view)

    async def now(_: Mapping[str, str]) -> str:
        return environment("sip2gw.board").get_template("now_live.html").render(await record.ask("now", {}))

    get = {
        "": Route(screens.now),
        "libraries": Route(screens.libraries),
        "libraries/*": Route(library, staff=True),
        "terminals": Route(screens.terminals, staff=True),
        "terminals/*": Route(screens.terminal, staff=True),
        "exchanges": Route(screens.exchanges, staff=True),
        "exchanges/*": Route(screens.exchange, staff=True),
        "door": Route(screens.door),
        "traces": Route(screens.traces),
        "traces/*": Route(screens.trace_lines),
        "journal": Route(store_pages.journal),
        "configuration": Route(settings.show),
        "audit": Route(store_pages.audit),
    }
    post = {
        "exchanges/search": Route(screens.search, staff=True),
        "terminals/*/disconnect": Route(screens.disconnect),
        "terminals/*/trace": Route(screens.trace),
        "traces/*/stop": Route(screens.stop_trace),
        "libraries/*/explain": Route(explaining.show, staff=True),
        "libraries/*/link": Route(store_pages.make_link),
        "libraries/*/seats/*/free": Route(seats.free),
        "libraries/*/invite": Route(invite),
        "machines/*/forget": Route(machines.forget),
        "links/*/revoke": Route(store_pages.revoke),
        "journal/*/do": Route(store_pages.do),
        "journal/*": Route(store_pages.look),
        "configuration/check": Route(settings.check),
        "configuration/reload": Route(settings.reload),
    }
    return Board(entrance, Streams(reactor, {"now": now, "exchanges": live}), get, post)


class BoardRecord:
    """The record, whose complaints about a question are shown to the person who asked."""

    def __init__(self, joined_record: Record) -> None:
        self._joined_record = joined_record

    async def ask(self, what: str, about: Mapping[str, str]) -> Any:
        """See `Record`."""
        try:
            return await self._joined_record.ask(what, about)
        except NotUnderstood as wrong:
            raise NotPossible(str(wrong)) from None


class ConfigurationScreen:
    """The page of the configuration in use."""

    def __init__(self, configured: Configuration, store: Any) -> None:
        self._configured = configured
        self._store = store

    async def show(self, _: Asked) -> View:
        """Return the page."""
        return View("configuration.html", {**await self._configured.shown(), "checked": None})

    async def check(self, asked: Asked) -> View:
        """Read the file, and show its faults and differences."""
        await self._store.change(lambda tx: audit.enter(tx, asked.visitor.name, "configuration check", ""))
        checked = await self._configured.check()
        return View("configuration.html", {**await self._configured.shown(), "checked": checked})

    async def reload(self, asked: Asked) -> Done:
        """Put the file in use."""
        why = asked.value("why")
        await self._store.change(lambda tx: audit.enter(tx, asked.visitor.name, "reload", "", why))
        return Done("/board/configuration", await self._configured.reload())


class Configured:
    """The configuration in use. `reloading` is set where it comes from a file."""

    def __init__(self, config: Config, registry: Callable[[], Any]) -> None:
        self.reloading: Reloading | None = None
        self._registry = registry
        self.board: Entrance | None = None
        """The board's entrance, which is closed to clients without an account by a token that is set later."""
        self.use(config)

    def use(self, config: Config) -> None:
        """Note that this configuration is in use from now on."""
        self.config, self._since = config, time()
        if self.board is not None and config.admin is not None:
            self.board.access = evolve(self.board.access, token=config.admin.token_file is not None)

    async def shown(self) -> dict[str, Any]:
        """See `Configuration`."""
        found = self._registry()
        registry = found if isinstance(found, CollectorRegistry) else await found
        hits = dict(_hits(registry))
        refused = self.reloading.refused if self.reloading else None
        return {
            "path": self.reloading.path if self.reloading else "",
            "hash": _hash(self.config)[:12],
            "loaded_at": self._since,
            "last_reload": f"refused: {'; '.join(refused[1])}" if refused else "",
            "warnings": list(self.config.warnings),
            "limits": [
                {"name": name, "value": value, "hits": hits.get(name, 0.0)}
                for name, value in asdict(self.config.limits).items()
            ],
            "certificates": await deferToThread(lambda: list(_certificates(self.config))),
        }

    async def check(self) -> list[str]:
        """See `Configuration`."""
        if self.reloading is None:
            raise NotPossible("this gateway has no configuration file")
        try:
            there = await self.reloading.read()
        except (ConfigFaults, Wrong) as faults:
            return str(faults).splitlines()
        return [
            f"{field.name} differs: reload to use the file's"
            for field in fields(Config)
            if repr(getattr(there, field.name)) != repr(getattr(self.config, field.name))
        ]

    async def reload(self) -> str:
        """See `Configuration`."""
        if self.reloading is None:
            raise NotPossible("this gateway has no configuration file")
        await self.reloading.reload()
        if self.reloading.refused is None:
            return "The configuration is reloaded."
        raise NotPossible(
            "not reloaded, the old configuration stays: " + "; ".join(self.reloading.refused[1])
        )


def _hash(config: Config) -> str:
    # Secrets are files in it, so no secret is hashed.
    return sha256(repr(config).encode()).hexdigest()


def _hits(registry: CollectorRegistry) -> Iterator[tuple[str, float]]:
    """Yield each limit that was reached, and how often."""
    for family in registry.collect():
        if family.name == "sip2gw_limit_strikes":
            yield from ((one.labels["limit"], one.value) for one in family.samples)


def _certificates(config: Config) -> Iterator[dict[str, Any]]:
    for listen in config.listen:
        if listen.certificates is None:
            continue
        with suppress(Wrong):  # it is named by the warnings of /health
            for path in places(listen.certificates).values():
                pair = read_pair(path)
                yield {
                    "where": str(listen.endpoint),
                    "names": list(pair.names),
                    "ends": pair.expires.timestamp(),
                    "days": pair.days_left(),
                }
