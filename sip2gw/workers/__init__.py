"""Several processes under one process id: the parent accepts connections, its workers serve them.

The parent holds no terminal. It gives each accepted connection to the worker that has the fewest, starts a dead worker
again, passes on reloads and the stop, sums the workers' metrics, and writes their log.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from twisted.web.resource import Resource

from sip2gw.config import Config
from sip2gw.log import Log
from sip2gw.wiring.gateway import Gateway
from sip2gw.workers.parent import Workers

__all__ = ["Workers", "gateway_or_workers"]


def gateway_or_workers(
    config: Config,
    reactor: Any,
    *,
    remedies: Mapping[str, str] | None = None,
    log: Log | None = None,
    pages: Mapping[str, Resource] | None = None,
) -> Gateway | Workers:
    """Return what serves terminals: the gateway in this process, or several workers. Raises `Wrong`.

    `pages` are further pages of the admin endpoint, by name.
    """
    kind = Gateway if config.process.workers == 1 else Workers
    made = kind(config, reactor, remedies=remedies, log=log)
    if made.admin_listener is not None:
        for name, page in (pages or {}).items():
            made.admin_listener.add_page(name, page)
    return made
