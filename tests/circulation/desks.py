"""Desks at the sandbox's libraries, over the shipped adapter; everything answers at once and time stands still."""

from __future__ import annotations

from collections.abc import Coroutine
from datetime import UTC, datetime
from typing import Any

from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sip2gw.circulation import answer, decline
from sip2gw.librarika import Librarika
from sip2gw.library import Credentials, LibraryError
from sip2gw.sandbox import Sandbox
from sip2gw.sip2 import Request, Response
from sip2gw.tenants import Directory, Tenant

NOON = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
"""Noon in New York, where riverside is."""
PASSWORDS = {"riverside": "kiosk-secret", "hillcrest": "hill-secret"}


class DeskCase(SynchronousTestCase):
    """A terminal at a desk of `library`. `ask` does what the gateway does with a request."""

    library = "riverside"
    now = NOON

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(self.now.timestamp())
        self.sandbox = Sandbox(clock=self.clock)
        self.addCleanup(self.sandbox.close)
        opened = Librarika(
            self.clock, "http://localhost/{library}/api/v1", http=StubTreq(self.sandbox.resource)
        )
        self.directory = Directory(opened, clock=lambda: datetime.fromtimestamp(self.clock.seconds(), UTC))
        self.tenant: Tenant = self.done(
            self.directory.log_in(
                self.library, Credentials(f"kiosk@{self.library}.example", PASSWORDS[self.library])
            )
        )

    def done(self, asking: Coroutine[Any, Any, Any]) -> Any:
        return self.successResultOf(Deferred.fromCoroutine(asking))

    def ask(self, request: Request, *, location: str = "", reader: str | None = None) -> Any:
        return self.done(self._ask(request, location, reader))

    async def _ask(self, request: Request, location: str, reader: str | None) -> Response:
        desk = self.directory.desk(self.tenant, location=location, reader=reader)
        try:
            return await answer(request, desk)
        except LibraryError as error:
            return decline(request, desk, error)

    def kinds(self) -> list[str]:
        """What was done to the library so far."""
        return [effect["kind"] for effect in self.sandbox.ledger(self.library)]
