"""Apply a changed configuration as a whole or not at all: first read and make all parts, then put them in use.

Some keys, such as the endpoints, need a restart; these are logged, and the others apply. A connected terminal stays,
under the new limits and profiles.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from signal import SIGHUP
from time import time
from typing import TYPE_CHECKING, Any, Protocol

from twisted.application.service import Service
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred, succeed
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from sip2gw.config import Config, load
from sip2gw.faults import ConfigFaults, Wrong
from sip2gw.metrics import Metrics
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
from sip2gw.wiring.journaling import service_accounts

if TYPE_CHECKING:
    from sip2gw.wiring.board import Configured
    from sip2gw.wiring.gateway import Gateway

_log = Logger()

Commit = Callable[[], None]

PAUSE = 1.0
"""Seconds after a reload before another signal is answered: each holds up terminals a little."""
_AT_START = "url", "ca_file", "private_networks"
"""Keys of `[librarika]` that are fixed when the gateway starts."""


class Reloadable(Protocol):
    """A gateway, or several worker processes."""

    metrics: Metrics
    refused_reload: str
    configured: Configured

    def reload(self, config: Config) -> Deferred[None] | None:
        """Apply a configuration as a whole. Raises `Wrong`, or fails with it."""
        ...


class Reloading(Service):
    """Apply the file at `path` to `gateway` at each SIGHUP."""

    log = Logger()

    def __init__(
        self, path: str, gateway: Reloadable, signals: Signals, systemd: Systemd, reactor: Any
    ) -> None:
        self._path = os.path.abspath(path)  # twistd may change the working directory
        self._gateway = gateway
        gateway.configured.reloading = self
        self._signals = signals
        self._systemd = systemd
        self._reactor = reactor
        # An own thread, because those of the reactor may all be waiting for name servers.
        self._reader = ThreadPool(0, 1, "configuration")
        self._reading = False
        self._waiting: list[Deferred[None]] = []
        self._stopped: Deferred[None] = Deferred()
        self._signalled = self._answering = False
        self._pause: Deferred[None] | None = None
        self.refused: tuple[float, tuple[str, ...]] | None = None
        """When the last reload was refused, in seconds of the epoch, and why; None if it was not."""

    @property
    def path(self) -> str:
        """The path of the file."""
        return self._path

    async def read(self) -> Config:
        """Read the file in a thread, and change nothing. Raises `ConfigFaults` or `Wrong`."""
        found: Config = await deferToThreadPool(self._reactor, self._reader, load, self._path)
        return found

    def startService(self) -> None:
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        self._reader.start()
        self._signals.on(SIGHUP, self._on_signal)

    def stopService(self) -> Deferred[None]:
        """Wait for a thread that reads the file. Fires when none does."""
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        if self._pause is not None:
            self._pause.cancel()
        if not self._reading:
            self._end()
        return self._stopped

    def _on_signal(self) -> None:
        """Reload, or have it done after the pause, once for all signals that come until then."""
        self._signalled = True
        if not self._answering:
            Deferred.fromCoroutine(self._answer_signals())

    async def _answer_signals(self) -> None:
        self._answering = True
        while self._signalled:
            self._signalled = False
            await self.reload()
            if self.running:
                await self._wait()
        self._answering = False

    async def _wait(self) -> None:
        self._pause = deferLater(self._reactor, PAUSE)
        try:
            await self._pause
        except CancelledError:
            self._signalled = False  # the gateway stops
        self._pause = None

    def reload(self) -> Deferred[None]:
        """Read the file in a thread, without a pause for terminals, and apply it. Fires when done, and never fails.

        Faults of the file are logged, and the old configuration stays; it also stays while the gateway stops. All
        calls during a reload are answered by one further reload, because the file may have changed since it was read.
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
        reloads, begun = self._gateway.metrics.reloads, self._reactor.seconds()
        self._systemd.reloading()
        try:
            config = await self.read()
            if self._is_over():
                return
            await maybeDeferred(self._gateway.reload, config)
        except (ConfigFaults, Wrong) as faults:
            reloads.labels(outcome="refused").inc()
            self._gateway.refused_reload = str(faults).splitlines()[0]
            self.refused = time(), tuple(str(faults).splitlines())
            for fault in str(faults).splitlines():
                self.log.error("not reloaded, the old configuration stays: {fault}", fault=fault)
        except Exception:  # a bug; but the caller waits for the end of the reload
            reloads.labels(outcome="refused").inc()
            self.refused = time(), ("a bug of the gateway; the log has it",)
            self.log.failure("reloading hit a bug")
        else:
            reloads.labels(outcome="ok").inc()
            self._gateway.refused_reload = ""
            self.refused = None
            self.log.info("reloaded")
        self._gateway.metrics.reload_seconds.set(self._reactor.seconds() - begun)
        self._systemd.ready()

    def _is_over(self) -> bool:
        if not self.running:
            self.log.warn("not reloaded: the gateway is stopping")
        return not self.running


def report(config: Config, left: list[str]) -> None:
    """Log the keys that need a restart, and the warnings of a configuration that is in use now."""
    for key in left:
        _log.warn("{key} has changed: restart the gateway to apply it", key=key)
    report_warnings(config)


def refused_reload(fault: str) -> tuple[str, ...]:
    """Return the warning that the configuration in use is not that of the file; none without a fault."""
    return (f"the changed configuration was refused, the old one is in use: {fault}",) if fault else ()


def report_warnings(config: Config) -> None:
    """Log the warnings of a configuration."""
    for warning in config.warnings:
        _log.warn("{warning}", warning=warning)


def prepared(gateway: Gateway, started: Config, new: Config) -> tuple[list[Commit], list[str]]:
    """Return functions that apply the new configuration, and the keys that need a restart. Raises `Wrong`.

    The gateway was started with `started`; its values that need a restart stay in use.
    """
    bearer, accounts = token(new), service_accounts(new)
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
        gateway.journaling.reconfigure(accounts)
        gateway.tags.items_in_clear = new.log.items
        if same_admin_endpoint(
            started, new
        ):  # otherwise an endpoint that needs no token would be open to all clients
            gateway.guard.token = bearer
        if gateway.write_log is not None:
            gateway.write_log.settings = log_settings(new)

    return [*commits, commit], [*left, *needing_a_restart(started, new)]


def needing_a_restart(started: Config, new: Config) -> Iterator[str]:
    """Yield the keys that differ and need a restart."""
    if not same_admin_endpoint(started, new):
        yield "admin.endpoint"
    for key in ("board", "proxy_users") if started.admin and new.admin else ():
        if getattr(started.admin, key) != getattr(new.admin, key):
            yield f"admin.{key}"
    for key in _AT_START:
        if getattr(started.librarika, key, None) != getattr(new.librarika, key, None):
            yield f"librarika.{key}"
    if started.store != new.store:
        yield "store"
    if started.process != new.process:
        yield "process.workers"


def same_admin_endpoint(started: Config, new: Config) -> bool:
    """Return whether the admin endpoint is unchanged, or absent in both."""
    return (started.admin and started.admin.endpoint) == (new.admin and new.admin.endpoint)
