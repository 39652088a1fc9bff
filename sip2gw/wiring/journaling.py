"""The store and what is kept in it, from the configuration: open from the start to the end of the last request."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Any

from sip2gw.config import Config
from sip2gw.config.accounts import password_in
from sip2gw.config.key_file import kept_keys
from sip2gw.faults import Wrong
from sip2gw.gateway.stored_logins import StoredLogins
from sip2gw.journal.crypto import Keys
from sip2gw.journal.forwarder import Forwarder
from sip2gw.journal.journal import Journal
from sip2gw.journal.opening import Accounts, JournaledLibraries
from sip2gw.library import Credentials, OpenLibrary
from sip2gw.metrics import Metrics
from sip2gw.seats import SeatStore, StoredSeats, free_all
from sip2gw.secret import Secret
from sip2gw.store import SQLiteStore, Store, StoreFailed, make_store
from sip2gw.store.file_lock import FileLock
from sip2gw.store.opening import make_connection
from sip2gw.store.port import FINAL
from sip2gw.store.upkeep import run_once


def service_accounts(config: Config) -> dict[str, Credentials]:
    """Return the account of each library with which its rows are forwarded. Raises `Wrong`."""
    return {
        str(one.library): Credentials(one.account, password_in(one.password_file))
        for one in config.service_accounts
    }


class Journaling:
    """The journal of a gateway. `libraries` opens libraries through it. Raises `Wrong` for a key that can't be used.

    `worker` means that other processes use the same store, which their parent has locked.
    """

    def __init__(
        self, config: Config, reactor: Any, inner: OpenLibrary, metrics: Metrics, *, worker: bool = False
    ) -> None:
        self.store = _store(config, reactor, metrics, worker)
        alone = not (worker or self.store.shared)
        keys = _keys(config)
        self.journal = Journal(self.store, Keys(keys), reactor, metrics, alone=alone)
        self.seats = None if alone else StoredSeats(self.store, reactor.seconds, _derived(keys[0], b"seats"))
        """The seats, if other processes lend them as well. A process that is alone needs no store for them."""
        self.logins = StoredLogins(self.store, _derived(keys[0], b"logins"))
        self.accounts = Accounts(inner, self.journal, service_accounts(config))
        self.forwarder = Forwarder(self.journal, self.accounts)
        self.libraries = JournaledLibraries(inner, self.journal, self.accounts, self.forwarder.heard_from)

    @property
    def shared(self) -> bool:
        """Whether other processes may answer the same terminals."""
        return not self.journal.alone

    def start(self) -> None:
        """Open the store. Raises `StoreFailed`."""
        self.store.start()
        self.journal.start()
        self.forwarder.start()

    async def stop(self) -> None:
        """Leave what is open to the next start, and close the store."""
        self.forwarder.stop()
        await self.journal.stop()
        await self.store.close()

    async def free(self, processes: Iterable[str]) -> None:
        """Release the seats of processes that have ended. Raises `StoreFailed`."""
        if self.seats is not None:
            for process in processes:
                await self.seats.free(process)

    def reconfigure(self, accounts: Mapping[str, Credentials]) -> None:
        """Use these service accounts from now on."""
        self.accounts.service = accounts


class SharedStore:
    """The store of several workers as their parent has it: locked, with its tables up to date. Raises `Wrong`."""

    def __init__(self, config: Config) -> None:
        _keys(config)
        self._config = config
        self._at, self._password = _place(config)
        self._lock = FileLock(self._at) if isinstance(self._at, Path) else None

    def start(self) -> None:
        """Lock it for this gateway. Raises `StoreFailed` where a gateway of one process does not start either.

        No other gateway has what is locked, so the seats that an earlier one has left are free.
        """
        if self._lock is not None:
            self._lock.take()
        database = make_connection(self._at, self._password)
        try:
            database.open()
            if self._lock is not None:
                run_once(self._at, free_all, write=True)
        except StoreFailed as failed:
            if failed.kind in (FINAL if self._lock is None else SQLiteStore.final):
                raise
            # The workers' stores say so, and try again. The seats end with their leases.
        finally:
            database.close()

    def opened(self, reactor: Any) -> tuple[Store, Keys, SeatStore]:
        """Return the store for the admin endpoint, not started, the keys of its journal, and the seats in it.

        Raises `Wrong`.
        """
        keys = _keys(self._config)
        # Its metrics are its own, which no page shows.
        store = _store(self._config, reactor, Metrics(), worker=True)
        return store, Keys(keys), StoredSeats(store, reactor.seconds, _derived(keys[0], b"seats"))

    def stop(self) -> None:
        """Leave it to another gateway."""
        if self._lock is not None:
            self._lock.release()


def _place(config: Config) -> tuple[Path | Secret, Secret | None]:
    """Return where the store is, and the password of its database. Raises `Wrong`."""
    kept = config.store
    password = password_in(kept.password_file) if kept.password_file else None
    return kept.file(os.environ) or Secret(kept.url or ""), password


def _keys(config: Config) -> list[bytes]:
    path = config.store.key(os.environ)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        return [bytes.fromhex(key.reveal()) for key in kept_keys(path)]
    except Wrong as wrong:
        raise Wrong(f"store.key_file {wrong.problem}", wrong.fix) from None
    except OSError as error:
        raise Wrong(
            f"store: {error.filename or path} can't be used: {error.strerror}",
            "correct its folder, or set store.path",
        ) from None


def _derived(key: bytes, what: bytes) -> bytes:
    return blake2b(key, person=what, digest_size=32).digest()


def _store(config: Config, reactor: Any, metrics: Metrics, worker: bool) -> Store:
    at, password = _place(config)
    try:
        return make_store(at, reactor, metrics, password=password, locked=worker)
    except StoreFailed as failed:
        raise Wrong(failed.reason, "see the manual, Store") from None
