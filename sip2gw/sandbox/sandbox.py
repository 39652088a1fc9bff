"""`Sandbox`: a local Librarika for a test, a demo, or a server of its own.

Its methods are available over HTTP too, under `/control` and from this machine only.
"""

from __future__ import annotations

from collections.abc import Mapping
from sqlite3 import Connection
from typing import Any

from twisted.web.server import Site

from sip2gw.sandbox import accounts, days, ledger, libraries, schema
from sip2gw.sandbox.control import Control
from sip2gw.sandbox.data import default_stock, stock
from sip2gw.sandbox.filled import filled
from sip2gw.sandbox.misbehaviour import Misbehaviours
from sip2gw.sandbox.schema import transaction
from sip2gw.sandbox.seed import seed
from sip2gw.sandbox.server import Server
from sip2gw.sandbox.web import Api, quiet_site

TOKEN_LIFE = 3600.0
"""Seconds for which an access token is valid."""


class Sandbox:
    """The API of the libraries in `data` (the package's own by default), at `resource`.

    `database` is a file that keeps everything across restarts; `data` only fills a new one. Without it all is in
    memory. `clock` is anything with `seconds()` and `callLater()`, the reactor by default. Raises `DataFault`, and
    `sqlite3.Error` for a file that is not a database of the sandbox.
    """

    def __init__(
        self,
        data: Mapping[str, Any] | None = None,
        *,
        database: str | None = None,
        clock: Any = None,
        token_life: float = TOKEN_LIFE,
    ) -> None:
        if clock is None:
            from twisted.internet import reactor as clock
        self._stock = default_stock() if data is None else stock(data)
        connection, new = schema.open_database(database)
        self._server = Server(connection, clock, token_life)
        self._misbehaviours = Misbehaviours(clock)
        self.resource = Api(self._server, self._misbehaviours, Control(self))
        if new:
            self._fill(connection, in_memory=database in (None, ":memory:"))
        else:
            self._server.libraries = libraries.load(connection)

    def site(self) -> Site:
        """Return a site for `listenTCP` or an endpoint; it writes no access log."""
        return quiet_site(self.resource, self._misbehaviours)

    def close(self) -> None:
        """Close the database; the sandbox can't be used after that."""
        self._server.database.close()

    def reset(self) -> None:
        """Start again from the data: no effects, no tokens, no misbehaviour."""
        server = self._server
        with transaction(server.database):
            schema.empty(server.database)
            seed(server.database, self._stock, days.at(server.clock.seconds()))
        server.libraries = libraries.load(server.database)
        server.attempts.wrong.clear()
        server.counts.clear()
        server.expired.clear()
        server.honour_keys = True
        self._misbehaviours.clear()

    def _fill(self, connection: Connection, *, in_memory: bool) -> None:
        """Put the data into a new database."""
        now = days.at(self._server.clock.seconds())

        def fill() -> None:
            with transaction(connection):
                seed(connection, self._stock, now)

        if in_memory:
            filled(connection, self._stock, now, fill)
        else:
            fill()
        self._server.libraries = libraries.load(connection)

    def misbehave(self, what: str, **how: Any) -> None:
        """Fail from now on: `what` is one of `misbehaviour.KINDS`, `how` the fields of `Misbehaviour`.

        Raises `Problem` (`validation_failed`).
        """
        self._misbehaviours.add({"what": what, **how})

    def behave(self) -> None:
        """End all misbehaviour, and honour idempotency keys."""
        self._misbehaviours.clear()
        self._server.honour_keys = True

    def ledger(self, library: str | None = None) -> list[dict[str, Any]]:
        """Return every effect that was committed, oldest first."""
        return ledger.entries(self._server.database, library)

    def requests(self, library: str | None = None) -> dict[str, dict[str, int]]:
        """Return the number of requests of each operation, by library."""
        counts = self._server.counts
        return {name: dict(counter) for name, counter in counts.items() if library in (None, name)}

    def forget(self, *, effects: bool = True, requests: bool = True, library: str | None = None) -> None:
        """Empty the ledger and the counts of requests, of one library or of all."""
        if effects:
            ledger.clear(self._server.database, library)
        if requests:
            for name in list(self._server.counts):
                if library in (None, name):
                    del self._server.counts[name]

    def honour_idempotency(self, honoured: bool) -> None:
        """Set whether idempotency keys are honoured, or every request is new."""
        self._server.honour_keys = honoured

    def change_user(self, library: str, username: str, **changes: Any) -> None:
        """Change an account: `password`, `status`, `sip2_activated`, `groups`. Raises `Problem`."""
        nickname = self._server.library(library).nickname
        with transaction(self._server.database):
            accounts.change(self._server.database, nickname, username, changes)

    def change_library(self, nickname: str, *, sip2: Any = None, preferences: Any = None) -> None:
        """Change some settings of a library. Raises `Problem`."""
        form = libraries.changed(self._server.library(nickname), sip2=sip2, preferences=preferences)
        with transaction(self._server.database):
            libraries.store(self._server.database, form)
        self._server.libraries[nickname] = libraries.Library.of(form)
