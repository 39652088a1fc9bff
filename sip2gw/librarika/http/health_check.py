"""Check whether a library can be reached if other calls don't tell, and report its health to the operator."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from attrs import frozen
from twisted.internet.defer import Deferred

from sip2gw.concurrency import SingleFlight
from sip2gw.librarika.http.breaker import State
from sip2gw.librarika.http.bulkhead import Bulkhead
from sip2gw.librarika.http.call import Answer, Failed, Outcome

if TYPE_CHECKING:
    from sip2gw.librarika.http.api import API


class HealthCheck:
    """The health check of one library's API."""

    def __init__(self, api: API) -> None:
        self._api = api
        self._shared: SingleFlight[bool] = SingleFlight(self._ask)

    def reachable(self) -> Deferred[bool]:
        """Return whether the library is online. Requests at the same time share one call. Never fails."""
        return self._shared.join()

    async def _ask(self) -> bool:
        """Check unless it is certain, and again if the result changes, because one result alone proves nothing."""
        reachability, admission = self._api.reachability, self._api.admission
        for _ in range(2):
            if reachability.certain or admission.resting:
                break
            slot = await admission.admit(self._ends())
            # A refusal counts as a failure: a health check is never refused.
            reachability.count(isinstance(await self.check(slot), Answer))
            if reachability.settled:
                break
        self._api.counters.set_online(self.online)
        return self.online

    async def check(self, slot: Bulkhead | Failed) -> Outcome:
        """Make a health check from this slot, and tell the breakers its outcome."""
        api = self._api
        return await api.send(
            api.prepared("get_health", "GET", "/health"), self._ends(), api.client.now(), slot
        )

    def _ends(self) -> float:
        return self._api.client.now() + self._api.client.timeouts.probe

    @property
    def online(self) -> bool:
        """Whether terminals are told that it is online: not while it asks for a longer pause than they can wait."""
        api = self._api
        return api.reachability.online and api.admission.resting < api.client.timeouts.call


@frozen
class BackEnd:
    """The health of one library's API at this moment, for the operator."""

    nickname: str
    state: str
    """The state of its breaker: `closed` when calls go out, `open` when none do, `half-open` while a few do."""
    since: datetime
    """When it entered this state."""
    online: bool
    """What 98 tells terminals."""
    last_failure: str
    """The kind of the last failure (see `call.How`); empty if there was none."""
    in_flight: int
    waiting: int


def back_end(api: API) -> BackEnd:
    """Return the health of this API."""
    client, admission = api.client, api.admission
    worse = admission.host if admission.breaker.state is State.CLOSED else admission.breaker
    closed = worse.state is State.CLOSED
    since = max(admission.host.since, admission.breaker.since) if closed else worse.since
    ago = timedelta(seconds=client.now() - since)
    return BackEnd(
        nickname=api.nickname,
        state=worse.state.value,
        since=datetime.fromtimestamp(client.wall(), UTC) - ago,
        online=api.health.online and worse.state is not State.OPEN,
        last_failure=api.last_failure,
        in_flight=admission.bulkhead.in_progress,
        waiting=admission.bulkhead.waiting,
    )
