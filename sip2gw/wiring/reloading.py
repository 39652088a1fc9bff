"""A changed configuration is taken whole or not at all: all is read and made first, and only then does any of it hold.

Some of it takes another start, such as where to listen; that is told, and the rest holds. A connected terminal goes on,
under the new limits and profiles.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from signal import SIGHUP
from typing import TYPE_CHECKING, Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred, succeed
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from sip2gw.config import Config, load
from sip2gw.faults import ConfigFaults, Wrong
from sip2gw.process.descriptors import ceiling
from sip2gw.process.signals import Signals
from sip2gw.process.systemd import Systemd
from sip2gw.wiring.configured import (
    call_limits,
    given,
    libraries,
    log_settings,
    policy,
    timeouts,
    tls_files,
    token,
)

if TYPE_CHECKING:
    from sip2gw.wiring.gateway import Gateway

Commit = Callable[[], None]

_AT_START = "url", "ca_file", "private_networks", "login_life"
"""What of `[librarika]` is settled when the gateway starts."""


class Reloading(Service):
    """Has `gateway` go on with what the file at `path` says whenever SIGHUP comes."""

    log = Logger()

    def __init__(self, path: str, gateway: Gateway, signals: Signals, systemd: Systemd, reactor: Any) -> None:
        self._path = os.path.abspath(path)  # twistd may go to another folder
        self._gateway = gateway
        self._signals = signals
        self._systemd = systemd
        self._reactor = reactor
        # A thread of its own: the reactor's may all be waiting for name servers.
        self._reader = ThreadPool(0, 1, "configuration")
        self._reading = False
        self._waiting: list[Deferred[None]] = []
        self._stopped: Deferred[None] = Deferred()

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        self._reader.start()
        self._signals.on(SIGHUP, self.reload)

    def stopService(self) -> Deferred[None]:
        """Fires when no thread reads the file any longer."""
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        if not self._reading:
            self._end()
        return self._stopped

    def reload(self) -> Deferred[None]:
        """Read the file in a thread, so that terminals go on meanwhile. Fires when that is over, and never fails.

        The faults of the file are logged, and all stays as it was then; as it does while the gateway stops. All calls
        during a reload are answered by one more, because the file may have changed since it was read.
        """
        if self._is_over():
            return succeed(None)
        waiting: Deferred[None] = Deferred()
        self._waiting.append(waiting)
        if not self._reading:
            Deferred.fromCoroutine(self._reload_for_all())
        return waiting

    async def _reload_for_all(self) -> None:
        self._reading = True
        while self._waiting:
            waiting, self._waiting = self._waiting, []
            if not self._is_over():
                await self._reload()
            for one in waiting:
                one.callback(None)
        self._reading = False
        if not self.running:
            self._end()

    def _end(self) -> None:
        self._reader.stop()
        self._stopped.callback(None)

    async def _reload(self) -> None:
        reloads = self._gateway.metrics.reloads
        self._systemd.reloading()
        try:
            config = await deferToThreadPool(self._reactor, self._reader, load, self._path)
            if self._is_over():
                return
            self._gateway.reload(config)
        except (ConfigFaults, Wrong) as faults:
            reloads.labels(outcome="refused").inc()
            for fault in str(faults).splitlines():
                self.log.error("not reloaded, the old configuration stays: {fault}", fault=fault)
        except Exception:  # a bug; but whoever waits for the end of the reload must hear of it
            reloads.labels(outcome="refused").inc()
            self.log.failure("reloading hit a bug")
        else:
            reloads.labels(outcome="ok").inc()
            self.log.info("reloaded")
        self._systemd.ready()

    def _is_over(self) -> bool:
        if not self.running:
            self.log.warn("not reloaded: the gateway is stopping")
        return not self.running


def prepared(gateway: Gateway, started: Config, new: Config) -> tuple[list[Commit], list[str]]:
    """What makes the new configuration hold, and the keys that it doesn't for. Raises `Wrong`.

    The gateway has `started` with another one; what was settled then is so still.
    """
    bearer = token(new)
    doors, left = list(gateway.doors), []
    commits: list[Commit] = []
    for number, one in enumerate(new.listen):
        door = next((door for door in doors if door.where == str(one.endpoint)), None)
        if door is None:
            left.append(f"listen[{number}].endpoint")
            continue
        doors.remove(door)
        if (one.certificates is None) != (door.tls is None):
            left.append(f"listen[{number}].certificates")
        else:
            commits.append(door.prepare(tls_files(one), one.proxy_from or ()))
            entry = gateway.entries[gateway.doors.index(door)]
            commits.append(partial(setattr, entry, "given", given(new, number)))
    left += [f"listen ({door.where})" for door in doors]

    def commit() -> None:
        terminals = gateway.terminals
        terminals.limits, terminals.deferred_login = new.limits, new.terminals.deferred_login
        terminals.census.ceiling = ceiling(new.limits.connections)
        terminals.directory.reconfigure(policy(new), new.settings)
        for nickname in new.settings.libraries:
            gateway.metrics.library(nickname)
        gateway.librarika.reconfigure(timeouts(new), call_limits(new))
        gateway.librarika.name(libraries(new))
        gateway.tags.items_in_clear = new.log.items
        if _same_window(started, new):  # or else the one that is open would be so to everybody
            gateway.guard.token = bearer
        if gateway.write_log is not None:
            gateway.write_log.settings = log_settings(new)

    return [*commits, commit], [*left, *_settled_at_start(started, new)]


def _settled_at_start(started: Config, new: Config) -> Iterator[str]:
    """The keys that differ and take another start."""
    if not _same_window(started, new):
        yield "admin.endpoint"
    for key in _AT_START:
        if getattr(started.librarika, key, None) != getattr(new.librarika, key, None):
            yield f"librarika.{key}"
    if started.log.waiting != new.log.waiting:
        yield "log.waiting"
    if started.security.core_dumps != new.security.core_dumps:
        yield "security.core_dumps"


def _same_window(started: Config, new: Config) -> bool:
    """Whether the admin endpoint is where it was, or still nowhere."""
    return (started.admin and started.admin.endpoint) == (new.admin and new.admin.endpoint)
