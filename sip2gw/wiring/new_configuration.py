"""Apply a new configuration as a whole or not at all: first make all new parts, then put them in use.

Some keys, such as the endpoints, need a restart; these are logged, and the others apply. A connected terminal stays,
under the new limits and profiles.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING

from twisted.logger import Logger

from sip2gw.config import Config
from sip2gw.process.descriptors import ceiling
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
    from sip2gw.wiring.gateway import Gateway

_log = Logger()

Commit = Callable[[], None]

_AT_START = "url", "ca_file", "private_networks"
"""Keys of `[librarika]` that are fixed when the gateway starts."""


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
    listeners, left = list(gateway.listeners), []
    commits: list[Commit] = []
    for number, one in enumerate(new.listen):
        listener = next((listener for listener in listeners if listener.where == str(one.endpoint)), None)
        if listener is None:
            left.append(f"listen[{number}].endpoint")
            continue
        listeners.remove(listener)
        if (one.certificates is None) != (listener.tls is None):
            left.append(f"listen[{number}].certificates")
        else:
            commits.append(listener.prepare(tls_files(one), one.proxy_from or ()))
            factory = gateway.factories[gateway.listeners.index(listener)]
            commits.append(partial(setattr, factory, "given", given(new, number)))
    left += [f"listen ({listener.where})" for listener in listeners]

    def commit() -> None:
        terminals = gateway.terminals
        before = terminals.limits.connections
        terminals.limits, terminals.deferred_login = new.limits, new.terminals.deferred_login
        terminals.connection_limits.ceiling = ceiling(new.limits.connections, before)
        terminals.directory.reconfigure(policy(new), new.settings)
        for nickname in new.settings.libraries:
            gateway.metrics.library(nickname)
        gateway.librarika.reconfigure(timeouts(new), call_limits(new))
        gateway.librarika.name(libraries(new))
        gateway.journaling.reconfigure(accounts)
        gateway.tags.items_in_clear = new.log.items
        # The token stays with its endpoint: one that needs no token would be open to all clients.
        if same_admin_endpoint(started, new):
            gateway.admin.guard.token = bearer
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
