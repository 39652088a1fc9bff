"""The admin endpoint of a gateway, or of the parent of several workers: its pages, its board, and its guard."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from time import time
from typing import Any

from attrs import frozen
from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred, succeed
from twisted.web.resource import Resource
from twisted.web.server import Site

from sip2gw.admin.api import API, Enter, JoinedRecord
from sip2gw.admin.figures import MetricsPage
from sip2gw.admin.guard import Guard
from sip2gw.admin.health import Health, Status, site
from sip2gw.admin.journal import JournalPage, Look
from sip2gw.admin.terminals import TerminalsPage
from sip2gw.config import Config
from sip2gw.connect.invitations import Invitations
from sip2gw.connect.invite import InvitePage
from sip2gw.connect.ladder import Asked
from sip2gw.connect.pages import Connecting, ConnectPages, Found
from sip2gw.gateway.listener import Listener
from sip2gw.journal.crypto import Keys
from sip2gw.machines import Rounds
from sip2gw.metrics import Metrics
from sip2gw.seats import SeatStore
from sip2gw.store import Store
from sip2gw.wiring.board import Configured, make_board
from sip2gw.wiring.configured import token
from sip2gw.wiring.wrong_port import WrongPort


@frozen
class Pages:
    """The content of each page, at once or later."""

    status: Callable[[], Status]
    health: Callable[[], Health | Deferred[Health]]
    metrics: Callable[[], CollectorRegistry | Deferred[CollectorRegistry]]
    terminals: Callable[[], dict[str, Any] | Deferred[dict[str, Any]]]
    joined_record: JoinedRecord
    enter: Enter
    operator: Look
    """Answers `/journal` and `/audit`."""
    attempts: Callable[[Asked], Found | Deferred[Found]]
    ports: Callable[[], dict[str, int]]
    wrong_port: WrongPort
    """With the two before it, for `/connect`."""


class AdminListener(Listener):
    """The admin endpoint."""

    site: Site
    connect: ConnectPages

    def stopService(self) -> Deferred[None]:
        """End what installers look at, and stop listening."""
        self.connect.close()
        return super().stopService()

    def add_page(self, name: str, page: Resource) -> None:
        """Answer `/name` and all below it with a page."""
        self.site.resource.putChild(name.encode(), page)


class AdminEndpoint:
    """The endpoint, and what its pages share. `opened` has the store, the keys of its journal, and the seats.

    `rounds` know the machines that share the store.

    Raises `Wrong` for its token.
    """

    def __init__(
        self,
        config: Config,
        reactor: Any,
        pages: Pages,
        opened: tuple[Store, Keys, SeatStore],
        rounds: Rounds,
        metrics: Metrics,
        remedy: str,
    ) -> None:
        self.guard = Guard(None, reactor.seconds)
        self.configured = Configured(config, pages.metrics)
        self._invitations = Invitations(opened[0])
        self._board = make_board(
            config, reactor, pages.joined_record, opened, self.configured, self._invitations, rounds
        )
        self._several_machines = lambda: bool(rounds.known.live)
        self.admin_listener = self._listener(config, reactor, pages, metrics, remedy)
        """None if the configuration has no admin endpoint."""

    def _listener(
        self, config: Config, reactor: Any, pages: Pages, metrics: Metrics, remedy: str
    ) -> AdminListener | None:
        if config.admin is None:
            return None
        guard, endpoint = self.guard, config.admin.endpoint
        guard.token = token(config)
        further = {
            "api": API(guard, pages.joined_record, pages.enter),
            "metrics": MetricsPage(pages.metrics),
            "terminals": TerminalsPage(pages.terminals),
            "invite": InvitePage(self._invitations, guard),
            **{page: JournalPage(page, guard, pages.operator) for page in ("journal", "audit")},
        }
        connecting = Connecting(
            pages.wrong_port.with_attempts(pages.attempts), pages.ports, reactor, self._invitations, time,
            self._several_machines,
        )  # fmt: skip
        connect = ConnectPages(connecting)
        own: dict[str, Resource] = {"connect": connect}
        if self._board is not None:
            own["board"] = self._board
        terminal = pages.wrong_port.came
        answers = site(
            pages.health,
            further,
            guard,
            metrics,
            status=pages.status,
            own=own,
            terminal=terminal,
            start="board" if self._board is not None else "",
        )
        made = AdminListener(
            "health", str(endpoint), partial(endpoint.on, reactor), answers, reactor=reactor, remedy=remedy
        )
        made.site, made.connect = answers, connect
        return made

    def stop(self) -> Deferred[None]:
        """End what operators and installers look at, and stop listening."""
        if self._board is not None:
            self._board.close()
        return self.admin_listener.stopService() if self.admin_listener is not None else succeed(None)


def ports(config: Config, listeners: Sequence[Listener]) -> dict[str, int]:
    """Return the first port with TLS and the first with plain SIP2, as they are listened on, for an installer."""
    found: dict[str, int] = {}
    for listen, listener in zip(config.listen, listeners, strict=False):
        port = getattr(listener.port.getHost(), "port", None) if listener.port is not None else None
        if port:
            found.setdefault("TLS" if listen.certificates else "plain SIP2", port)
    return found
