"""The store in PostgreSQL, and what can happen to a server and on the way to it."""

from __future__ import annotations

import contextlib
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import psycopg
import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults
from twisted.trial.unittest import TestCase

from sip2gw.metrics import Metrics
from sip2gw.secret import Secret
from sip2gw.store import Store, StoreFailed, make_store
from sip2gw.store.opening import make_connection
from sip2gw.store.postgresql import PostgreSQLStore
from store.contract import Contract, subjects, write
from store.postgresql_server import Emptied, Wire, server, url


class OnPostgreSQL(Contract, TestCase):
    @pytest.fixture(autouse=True)
    def _wired(self, postgresql: Emptied) -> Iterator[None]:
        self.name, self.direct = postgresql.name, postgresql.url
        with tempfile.TemporaryDirectory(prefix="sip2gw-pg-") as near:
            self.wire = Wire(postgresql.folder, Path(near))
            self.wire.join()
            self.url = url(self.wire.folder, self.name)
            yield
            self.wire.cut()

    def make(self, metrics: Metrics | None = None) -> Store:
        return make_store(Secret(self.url), reactor, metrics)

    def directly(self, sql: str) -> list[tuple]:
        with psycopg.connect(self.direct, autocommit=True) as connection:
            cursor = connection.execute(sql)
            return cursor.fetchall() if cursor.description else []

    async def works_again(self) -> None:
        """Each connection finds it out by itself: also the one that reads."""
        while True:
            with contextlib.suppress(StoreFailed):
                await self.store.read(subjects)
                if self.store.failure is None:
                    return

    async def test_a_server_that_is_gone_and_back_is_found_again(self) -> None:
        await self.store.change(lambda tx: write(tx, "before"))
        self.wire.cut()
        failed = await self.raised(StoreFailed, self.store.change(lambda tx: write(tx, "lost")))
        assert failed.kind == "gone"
        assert self.store.failure.kind == "gone"
        assert (await self.raised(StoreFailed, self.store.read(subjects))).kind == "gone"
        self.wire.join()
        await self.works_again()
        await self.store.change(lambda tx: write(tx, "after"))
        assert await self.store.read(subjects) == ["before", "after"]

    async def test_a_lost_connection_is_made_again_and_no_caller_fails(self) -> None:
        await gatherResults([self.change(lambda tx, n=n: write(tx, str(n))) for n in range(20)])
        self.directly(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
            " AND pid <> pg_backend_pid()"
        )
        await self.store.change(lambda tx: write(tx, "after"))
        assert (await self.store.read(subjects))[-1] == "after"
        assert self.counted("store_failures_total", kind="gone") == 0

    async def test_a_commit_without_an_answer_is_a_failure_and_not_run_again(self) -> None:
        # Not of any commit: a connection that is new brings the tables up to date, and commits that.
        self.wire.drops_commit_after = b"INSERT INTO audit"
        failed = await self.raised(StoreFailed, self.store.change(lambda tx: write(tx, "once")))
        assert failed.kind == "gone"
        while True:  # the server may still be at it
            with contextlib.suppress(StoreFailed):
                if await self.store.read(subjects):
                    break
        assert await self.store.read(subjects) == ["once"], "it was done, and once"

    async def test_a_server_that_is_gone_at_the_start_is_found_later(self) -> None:
        await self.store.close()
        self.directly("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        self.wire.cut()
        self.store = self.started(self.make())
        assert self.store.failure.kind == "gone"
        assert (await self.raised(StoreFailed, self.store.change(subjects))).kind == "gone"
        self.wire.join()
        await self.works_again()
        await self.store.change(lambda tx: write(tx, "made its tables"))

    async def test_a_row_lock_held_elsewhere_fails_in_time_as_slow(self) -> None:
        await self.store.change(lambda tx: write(tx, "one"))
        with psycopg.connect(self.direct) as connection:
            connection.execute("UPDATE audit SET who = 'x'")
            waits = self.change(lambda tx: tx.rows("UPDATE audit SET who = 'y'"))
            assert (await self.raised(StoreFailed, waits)).kind == "slow"
        await self.store.change(lambda tx: tx.rows("UPDATE audit SET who = 'z'"))

    async def test_a_database_that_accepts_no_changes_fails_as_read_only(self) -> None:
        self.directly(f"ALTER DATABASE {self.name} SET default_transaction_read_only = on")
        await self.store.close()
        assert self.refused(self.make()).kind == "read-only"

    async def test_a_user_without_rights_on_the_tables_is_refused(self) -> None:
        role = f"weak_{self.name}"
        self.directly(f"CREATE ROLE {role} LOGIN")
        self.addCleanup(self.directly, f"DROP ROLE {role}")
        self.directly("REVOKE ALL ON SCHEMA public FROM PUBLIC; GRANT USAGE ON SCHEMA public TO PUBLIC")
        weak = self.url.replace("sip2gw@", f"{role}@")
        failed = self.refused(PostgreSQLStore(Secret(weak), reactor))
        assert failed.kind == "read-only"

    async def test_an_address_is_not_shown_when_it_is_wrong(self) -> None:
        for wrong in ("postgresql://u:hidden@/?host=/nowhere", "postgresql://u:hidden@[", "no url: hidden"):
            store = self.started(PostgreSQLStore(Secret(wrong), reactor))
            assert store.failure.kind == "gone"
            assert "hidden" not in store.failure.reason

    async def test_why_there_is_no_connection_is_said_with_the_fix(self) -> None:
        role = f"few_{self.name}"
        self.directly(f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 0")
        self.addCleanup(self.directly, f"DROP ROLE {role}")
        for there, why in {
            self.url.replace("sip2gw@", f"{role}@"): "no more connections: raise max_connections",
            self.url.replace("sip2gw@", "stranger@"): "rejects the user or the password",
            url(self.wire.folder, "missing"): "no such database: make it, or correct store.url",
            "postgresql://sip2gw@127.0.0.1:1/sip2gw": "its machine has no server at this port",
        }.items():
            store = self.started(PostgreSQLStore(Secret(there), reactor))
            assert store.failure.kind == "gone"
            assert why in store.failure.reason
            await store.close()

    async def test_a_connection_that_works_does_the_work_of_one_that_is_refused(self) -> None:
        role = f"one_{self.name}"
        self.directly(
            f"CREATE ROLE {role} LOGIN CONNECTION LIMIT 1; GRANT ALL ON ALL TABLES IN SCHEMA public TO {role}"
        )
        self.directly(
            f"GRANT ALL ON SCHEMA public TO {role}; GRANT ALL ON ALL SEQUENCES IN SCHEMA public TO {role}"
        )
        self.addCleanup(self.directly, f"DROP OWNED BY {role}; DROP ROLE {role}")
        store = self.started(PostgreSQLStore(Secret(self.url.replace("sip2gw@", f"{role}@")), reactor))
        for n in range(20):
            await gatherResults([store.change(lambda tx, n=n: write(tx, str(n))) for _ in range(2)])
            assert store.failure is None
        assert len(await self.store.read(subjects)) == 40
        await store.close()

    async def test_commits_wait_for_the_disk_whatever_the_default_is(self) -> None:
        self.directly(f"ALTER DATABASE {self.name} SET synchronous_commit = off")
        store = self.started(self.make())
        show = "SELECT current_setting('synchronous_commit') AS found"
        assert await store.change(lambda tx: tx.rows(show)) == [{"found": "on"}]

    async def test_the_time_is_that_of_the_database(self) -> None:
        ((before,),) = self.directly("SELECT extract(epoch FROM clock_timestamp())::float8")
        now = await self.store.change(lambda tx: tx.now)
        ((after,),) = self.directly("SELECT extract(epoch FROM clock_timestamp())::float8")
        assert before <= now <= after

    async def test_two_stores_starting_at_once_make_the_tables_once(self) -> None:
        await self.store.close()
        self.directly("DROP SCHEMA public CASCADE; CREATE SCHEMA public")
        stores = [self.make() for _ in range(3)]
        starting = [Deferred() for _ in stores]
        for store, started in zip(stores, starting, strict=True):
            reactor.callInThread(self._start, store, started)
        await gatherResults(starting)
        assert self.directly("SELECT count(*) FROM schema WHERE version = 1") == [(1,)]

    def _start(self, store: Store, started: Deferred[None]) -> None:
        database = store._databases[0]
        try:
            database.open()
        except Exception as error:
            reactor.callFromThread(started.errback, error)
        else:
            database.close()
            reactor.callFromThread(started.callback, None)

    async def test_a_commit_that_no_standby_confirms_is_not_acknowledged(self) -> None:
        shared = Path(self.mktemp())
        shared.mkdir()
        with server(shared) as folder:  # of its own, because the setting is the whole server's
            self.direct = url(folder, "postgres")
            store = self.started(make_store(Secret(self.direct), reactor))
            await store.change(lambda tx: write(tx, "before"))
            self.directly("ALTER SYSTEM SET synchronous_standby_names = 'absent'")
            self.directly("SELECT pg_reload_conf()")
            with contextlib.suppress(StoreFailed):
                while True:  # until the server has read its settings
                    await store.change(lambda tx: write(tx, "early"))
            waiting = [store.change(lambda tx, n=n: write(tx, str(n))) for n in range(5)]
            for one in waiting:
                assert (await self.raised(StoreFailed, one)).kind == "slow"
            self.directly("ALTER SYSTEM RESET synchronous_standby_names")
            self.directly("SELECT pg_reload_conf()")
            while store.failure is not None:
                with contextlib.suppress(StoreFailed):
                    await store.read(subjects)
            found = [one for one in await store.read(subjects) if one != "early"]
            assert len(found) == len(set(found)), "what is there was done once"
            await store.close()


def test_a_missing_psycopg_is_one_line_with_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "sip2gw.store.postgresql", None)
    for make in (partial(make_store, reactor=reactor), make_connection):
        with pytest.raises(StoreFailed, match=r"pip install 'sip2gw\[postgresql\]'"):
            make(Secret("postgresql://db/sip2gw"))
