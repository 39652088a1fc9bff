"""Desks at the sandbox's libraries, over the real adapter.

Each call is answered at once, and the clock is the test's.
"""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from datetime import UTC, datetime
from typing import Any

from attrs import evolve
from treq.testing import StubTreq
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from sip2gw.circulation import Desk, Profile, Speaker, answer, decline
from sip2gw.librarika import Librarika
from sip2gw.library import Credentials, LibraryError
from sip2gw.sandbox import Sandbox
from sip2gw.sip2 import Request, Response, format
from sip2gw.tenants import Directory, Tenant

NOON = datetime(2026, 3, 1, 17, 0, tzinfo=UTC)
"""Noon in New York, the zone of riverside."""
PASSWORDS = {"riverside": "kiosk-secret", "hillcrest": "hill-secret"}


class DeskCase(SynchronousTestCase):
    """A terminal of `library`. `ask` does what the gateway does with a request.

    `data` are the sandbox's libraries, those of the package by default; `profile` is the terminal's; `speaker` says
    what an English-speaking patron reads.
    """

    library = "riverside"
    now = NOON
    data: Mapping[str, Any] | None = None
    profile = Profile()
    speaker = Speaker()

    def setUp(self) -> None:
        self.clock = Clock()
        self.clock.advance(self.now.timestamp())
        self.sandbox = Sandbox(self.data, clock=self.clock)
        self.addCleanup(self.sandbox.close)
        self.connect()

    def connect(self) -> None:
        """Log in again, with a new directory, so that the gateway's side remembers nothing."""
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
        answering = Deferred.fromCoroutine(asking)
        for _ in range(8):  # a write in doubt is sent again after pauses
            if not answering.called:
                self.clock.advance(1)
        return self.successResultOf(answering)

    def desk(
        self,
        *,
        location: str = "",
        reader: str | None = None,
        profile: Profile | None = None,
        print_width: int | None = None,
    ) -> Desk:
        """Return the desk for a request of this terminal."""
        place = evolve(self.directory.place(self.tenant, location), profile=profile or self.profile)
        return place.desk(reader=reader, print_width=print_width)

    def ask(
        self,
        request: Request,
        *,
        location: str = "",
        reader: str | None = None,
        profile: Profile | None = None,
        print_width: int | None = None,
    ) -> Any:
        desk = self.desk(location=location, reader=reader, profile=profile, print_width=print_width)
        return self.done(self._ask(request, desk))

    async def _ask(self, request: Request, desk: Desk) -> Response:
        try:
            return await answer(request, desk)
        except LibraryError as error:
            return decline(request, desk, error)

    def line(self, response: Response) -> str:
        """Return the response as it is sent, without its terminator."""
        return format(response).decode().rstrip("\r")

    def allow(self, **preferences: Any) -> None:
        """Change rules of the library, and log in again, so that the gateway has them."""
        self.sandbox.change_library(self.library, preferences=preferences)
        self.connect()

    def kinds(self) -> list[str]:
        """Return what was done in the library so far."""
        return [effect["kind"] for effect in self.sandbox.ledger(self.library)]

    def asked(self) -> dict[str, int]:
        """Return how often each operation of the library was called since the last `self.sandbox.forget()`."""
        return self.sandbox.requests(self.library).get(self.library, {})
