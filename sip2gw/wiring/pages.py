"""The admin endpoint, from what its pages show."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from attrs import frozen
from prometheus_client import CollectorRegistry
from twisted.internet.defer import Deferred
from twisted.web.resource import Resource
from twisted.web.server import Site

from sip2gw.admin.api import API, Enter, Recalled
from sip2gw.admin.figures import MetricsPage
from sip2gw.admin.guard import Guard
from sip2gw.admin.health import Health, Status, site
from sip2gw.admin.journal import JournalPage, Look
from sip2gw.admin.terminals import TerminalsPage
from sip2gw.config import Config
from sip2gw.gateway.listener import Listener
from sip2gw.metrics import Metrics
from sip2gw.wiring.configured import token


@frozen
class Pages:
    """The content of each page, at once or later."""

    status: Callable[[], Status]
    health: Callable[[], Health | Deferred[Health]]
    metrics: Callable[[], CollectorRegistry | Deferred[CollectorRegistry]]
    terminals: Callable[[], dict[str, Any] | Deferred[dict[str, Any]]]
    recalled: Recalled
    enter: Enter
    operator: Look
    """Answers `/journal` and `/audit`."""
    board: Resource | None = None
    """The operator's screens, if they are switched on."""


class Window(Listener):
    """The admin endpoint."""

    site: Site

    def add_page(self, name: str, page: Resource) -> None:
        """Answer `/name` and all below it with a page."""
        self.site.resource.putChild(name.encode(), page)


def window(
    config: Config, reactor: Any, pages: Pages, guard: Guard, metrics: Metrics, remedy: str
) -> Window | None:
    """Return the admin endpoint; None if there is none. Raises `Wrong` for its token."""
    if config.admin is None:
        return None
    endpoint = config.admin.endpoint
    guard.token = token(config)
    further = {
        "api": API(guard, pages.recalled, pages.enter),
        "metrics": MetricsPage(pages.metrics),
        "terminals": TerminalsPage(pages.terminals),
        **{page: JournalPage(page, guard, pages.operator) for page in ("journal", "audit")},
    }
    own = {"board": pages.board} if pages.board is not None else {}
    answers = site(pages.health, further, guard, metrics, status=pages.status, own=own)
    made = Window(
        "health", str(endpoint), partial(endpoint.on, reactor), answers, reactor=reactor, remedy=remedy
    )
    made.site = answers
    return made
