"""Check accounts again every few minutes, and disconnect the terminals of a revoked account.

All terminals that logged in to an account with the same password are one check. A library that can't be reached
changes nothing: no terminal is disconnected in doubt.
"""

from __future__ import annotations

from collections.abc import Callable
from random import uniform

from attrs import Factory, define
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from sip2gw.gateway.terminal import Terminal
from sip2gw.library import LibraryError, Refused
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.tenants import ADVICE, Tenant

_SOONEST = 0.8
"""Part of the time between two checks, at least. Accounts are checked at different moments."""


@define(eq=False)
class _Watched:
    """An account and the terminals that use it."""

    tenant: Tenant
    terminals: set[Terminal] = Factory(set)
    next: IDelayedCall | None = None


class AccountChecks:
    """Check the accounts of all terminals that are logged in. `limits` returns the current limits."""

    log = Logger()

    def __init__(self, limits: Callable[[], Limits], metrics: Metrics, reactor: IReactorTime) -> None:
        self._limits = limits
        self._metrics = metrics
        self._reactor = reactor
        self._watched: dict[tuple[str, str, bytes], _Watched] = {}

    def enter(self, terminal: Terminal, tenant: Tenant) -> None:
        """Watch the account of `tenant` for this terminal from now on, instead of any account before."""
        self.leave(terminal)
        terminal.tenant = tenant
        key = _key(tenant)
        watched = self._watched.get(key)
        if watched is None:
            watched = self._watched[key] = _Watched(tenant)
            self._plan(watched)
        watched.tenant = tenant
        watched.terminals.add(terminal)

    def leave(self, terminal: Terminal) -> None:
        """Stop watching the account of this terminal."""
        if terminal.tenant is None:
            return
        key = _key(terminal.tenant)
        watched = self._watched.get(key)
        if watched is None:
            return
        watched.terminals.discard(terminal)
        if not watched.terminals:
            del self._watched[key]
            if watched.next is not None and watched.next.active():
                watched.next.cancel()

    def _plan(self, watched: _Watched) -> None:
        pause = self._limits().account_check * uniform(_SOONEST, 1.0)  # noqa: S311 (no secret)
        watched.next = self._reactor.callLater(pause, self._begin, watched)

    def _begin(self, watched: _Watched) -> None:
        checking = Deferred.fromCoroutine(self._check(watched))
        checking.addErrback(lambda failure: self.log.failure("checking an account hit a bug", failure))
        checking.addBoth(lambda _: self._plan(watched) if watched.terminals else None)

    async def _check(self, watched: _Watched) -> None:
        library = watched.tenant.nickname
        try:
            await watched.tenant.library.confirm()
        except Refused as no:
            if no.code in ADVICE:
                self._metrics.account_checks.labels(outcome="refused").inc()
                self.log.warn(
                    "{library}: {count} terminals were disconnected, {code}: {advice}",
                    library=library, count=len(watched.terminals), code=no.code, advice=ADVICE[no.code],
                )  # fmt: skip
                for terminal in list(watched.terminals):
                    terminal.leave()
                return
            self._unknown(library, no)
        except LibraryError as error:
            self._unknown(library, error)
        else:
            self._metrics.account_checks.labels(outcome="ok").inc()

    def _unknown(self, library: str, error: LibraryError) -> None:
        self._metrics.account_checks.labels(outcome="unavailable").inc()
        self.log.warn("{library}: the account could not be checked: {why}", library=library, why=str(error))


def _key(tenant: Tenant) -> tuple[str, str, bytes]:
    return (tenant.nickname, tenant.account, tenant.login)
