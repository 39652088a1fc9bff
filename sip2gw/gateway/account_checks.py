"""An account is asked about again every few minutes while terminals use it; once it is revoked, they have to go.

However many terminals have logged in to it with the same password, it is one question. A library that can't be asked
changes nothing: nobody is sent away in doubt.
"""

from __future__ import annotations

from collections.abc import Callable
from random import uniform

from attrs import Factory, define
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from sip2gw.gateway.visits import Visit
from sip2gw.library import LibraryError, Refused
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.tenants import ADVICE, Tenant

_SOONEST = 0.8
"""Of the time between two checks: not all accounts are to be asked about at the same moment."""


@define(eq=False)
class _Watched:
    """An account and the visits that use it."""

    tenant: Tenant
    visits: set[Visit] = Factory(set)
    next: IDelayedCall | None = None


class Rechecks:
    """Watches the accounts of all who are logged in. `limits` gives those of this moment."""

    log = Logger()

    def __init__(self, limits: Callable[[], Limits], metrics: Metrics, reactor: IReactorTime) -> None:
        self._limits = limits
        self._metrics = metrics
        self._reactor = reactor
        self._watched: dict[tuple[str, str, bytes], _Watched] = {}

    def enter(self, visit: Visit, tenant: Tenant) -> None:
        """This visit uses the tenant's account from now on, whatever it used before."""
        self.leave(visit)
        visit.tenant = tenant
        key = _key(tenant)
        watched = self._watched.get(key)
        if watched is None:
            watched = self._watched[key] = _Watched(tenant)
            self._plan(watched)
        watched.tenant = tenant
        watched.visits.add(visit)

    def leave(self, visit: Visit) -> None:
        """The visit has ended."""
        if visit.tenant is None:
            return
        key = _key(visit.tenant)
        watched = self._watched.get(key)
        if watched is None:
            return
        watched.visits.discard(visit)
        if not watched.visits:
            del self._watched[key]
            if watched.next is not None and watched.next.active():
                watched.next.cancel()

    def _plan(self, watched: _Watched) -> None:
        pause = self._limits().account_check * uniform(_SOONEST, 1.0)  # noqa: S311 (no secret)
        watched.next = self._reactor.callLater(pause, self._begin, watched)

    def _begin(self, watched: _Watched) -> None:
        checking = Deferred.fromCoroutine(self._check(watched))
        checking.addErrback(lambda failure: self.log.failure("checking an account hit a bug", failure))
        checking.addBoth(lambda _: self._plan(watched) if watched.visits else None)

    async def _check(self, watched: _Watched) -> None:
        library = watched.tenant.nickname
        try:
            await watched.tenant.library.confirm()
        except Refused as no:
            if no.code in ADVICE:
                self._metrics.account_checks.labels(outcome="refused").inc()
                self.log.warn(
                    "{library}: {count} terminals were disconnected, {code}: {advice}",
                    library=library, count=len(watched.visits), code=no.code, advice=ADVICE[no.code],
                )  # fmt: skip
                for visit in list(watched.visits):
                    visit.leave()
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
