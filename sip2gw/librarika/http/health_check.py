"""Whether a library can be reached: asked only when other calls do not tell; and how its API is, for the operator."""

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
        self._asking: SingleFlight[bool] = SingleFlight(self._ask)

    def reachable(self) -> Deferred[bool]:
        """Whether terminals are told that it is online. Those who ask together share one call. Never fails."""
        return self._asking.join()

    async def _ask(self) -> bool:
        """Ask unless it is certain, and once more if that says the opposite: one alone proves nothing."""
        standing, admission = self._api.standing, self._api.admission
        for _ in range(2):
            if standing.certain or admission.resting:
                break
            place = await admission.admit(self._ends())
            # A refusal too: whatever said it, it was not a health check.
            standing.says(isinstance(await self.check(place), Answer))
            if standing.settled:
                break
        self._api.counters.told(self.online)
        return self.online

    async def check(self, place: Bulkhead | Failed) -> Outcome:
        """Make a health check from this place. The breakers know then."""
        api = self._api
        return await api.send(
            api.prepared("get_health", "GET", "/health"), self._ends(), api.client.now(), place
        )

    def _ends(self) -> float:
        return self._api.client.now() + self._api.client.timeouts.probe

    @property
    def online(self) -> bool:
        """What terminals are told: not that it is, while it asks to be left alone for longer than they can wait."""
        api = self._api
        return api.standing.online and api.admission.resting < api.client.timeouts.call


@frozen
class BackEnd:
    """How one library's API is at this moment, for the operator."""

    nickname: str
    state: str
    """The state of its breaker: `closed` when calls go out, `open` when none do, `half-open` while a few do."""
    since: datetime
    """For how long it has been in this state."""
    online: bool
    """What terminals are told in 98."""
    last_failure: str
    """Of which kind the last failure was (see `call.How`); empty if there was none."""
    in_flight: int
    waiting: int


def back_end(api: API) -> BackEnd:
    """How this API is."""
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
        in_flight=admission.bulkhead.under_way,
        waiting=admission.bulkhead.waiting,
    )
