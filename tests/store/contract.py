"""What every store has to do, whichever database is below it."""

from __future__ import annotations

from threading import Event
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred, gatherResults

from sip2gw.metrics import Metrics
from sip2gw.store import StatementFailed, Store, StoreFailed, Transaction, threads


def write(tx: Transaction, subject: str, why: str = "") -> float:
    tx.rows(
        "INSERT INTO audit (at, who, what, subject, why) VALUES (:at, 'a', 'b', :subject, :why)",
        at=tx.now, subject=subject, why=why,
    )  # fmt: skip
    return tx.now


def subjects(tx: Transaction) -> list[str]:
    return [row["subject"] for row in tx.rows("SELECT subject FROM audit ORDER BY id")]


def own(tx: Transaction, who: str) -> int:
    (row,) = tx.rows("INSERT INTO owners (id, epoch, until) VALUES (:id, 1, 0) RETURNING epoch", id=who)
    return row["epoch"]


def raise_afterwards(tx: Transaction) -> None:
    write(tx, "undone")
    raise KeyError("mine")


class Contract:
    """Tests for a `TestCase` that has `make`, which returns another store over the same data."""

    store: Store

    async def setUp(self) -> None:
        self.metrics = Metrics()
        self.store = self.started(self.make(self.metrics))

    def make(self, metrics: Metrics | None = None) -> Store:
        raise NotImplementedError

    def started(self, store: Store) -> Store:
        store.start()
        self.addCleanup(lambda: Deferred.fromCoroutine(store.close()))
        return store

    def refused(self, store: Store) -> StoreFailed:
        with self.assertRaises(StoreFailed) as caught:
            store.start()
        assert "\n" not in caught.exception.reason
        return caught.exception

    def change(self, work: Any) -> Deferred[Any]:
        return self.store.change(work)

    def counted(self, name: str, **labels: str) -> float:
        return self.metrics.registry.get_sample_value(f"sip2gw_{name}", labels) or 0.0

    async def raised(self, kind: type[Exception], waiting: Any) -> Any:
        try:
            await waiting
        except kind as error:
            return error
        raise AssertionError(f"no {kind.__name__}")

    async def test_a_change_is_there_for_the_next_read(self) -> None:
        assert await self.store.change(lambda tx: own(tx, "x")) == 1
        await self.store.change(lambda tx: write(tx, "one"))
        assert await self.store.read(subjects) == ["one"]

    async def test_a_change_is_there_after_a_restart(self) -> None:
        await self.store.change(lambda tx: write(tx, "one"))
        await self.store.close()
        store = self.started(self.make())
        assert await store.read(subjects) == ["one"]

    async def test_work_that_raises_undoes_itself_alone(self) -> None:
        works = [lambda tx: write(tx, "one"), raise_afterwards, lambda tx: write(tx, "two")]
        first, broken, last = [self.change(work) for work in works]
        await self.raised(KeyError, broken)
        await gatherResults([first, last])
        assert sorted(await self.store.read(subjects)) == ["one", "two"]
        await self.raised(KeyError, self.store.change(raise_afterwards))
        assert sorted(await self.store.read(subjects)) == ["one", "two"]

    async def test_a_broken_constraint_is_reported_without_its_data(self) -> None:
        await self.store.change(lambda tx: own(tx, "a secret"))
        several = [self.change(lambda tx, who=who: own(tx, who)) for who in ("b", "a secret", "c")]
        error = await self.raised(StatementFailed, several[1])
        assert error.constraint
        assert "secret" not in str(error)
        assert error.__cause__ is None
        assert await several[2] == 1
        assert self.store.failure is None

    async def test_sql_with_an_error_fails_alone(self) -> None:
        wrong = self.change(lambda tx: tx.rows("SELECT nothing FROM nowhere"))
        right = self.change(lambda tx: write(tx, "one"))
        assert not (await self.raised(StatementFailed, wrong)).constraint
        await right

    async def test_work_that_hides_a_broken_constraint_changes_nothing(self) -> None:
        await self.store.change(lambda tx: own(tx, "x"))

        def hide(tx: Transaction) -> None:
            try:
                own(tx, "x")
            except StatementFailed:
                return

        hidden, right = self.change(hide), self.change(lambda tx: write(tx, "one"))
        await hidden.addErrback(lambda failure: failure.trap(StatementFailed))
        await right
        assert await self.store.read(subjects) == ["one"]

    async def test_values_come_back_as_they_went_in(self) -> None:
        text = "Ünïcödé '; DROP TABLE audit; -- 100 % :name \\ \U0001f4da"
        values: dict[str, Any] = {
            "library": text, "item": bytes(range(256)), "at": 1234567890.123456, "tries": 2**53 + 1, "none": None,
        }  # fmt: skip

        def put(tx: Transaction) -> None:
            tx.rows(
                "INSERT INTO journal (library, terminal, method, key, state, created, changed, arguments, tries,"
                " outcome) VALUES (:library, '', '', '', '', :at, :at, :item, :tries, :none)",
                **values,
            )

        await self.store.change(put)
        (row,) = await self.store.read(
            lambda tx: tx.rows("SELECT * FROM journal WHERE library = :it", it=text)
        )
        found = {
            "library": row["library"], "item": row["arguments"], "at": row["created"], "tries": row["tries"],
            "none": row["outcome"],
        }  # fmt: skip
        assert found == values
        assert {name: type(value) for name, value in found.items()} == {
            name: type(value) for name, value in values.items()
        }

    async def test_a_transaction_has_one_time_and_later_ones_no_earlier(self) -> None:
        times = [await self.store.change(lambda tx: (tx.now, tx.now)) for _ in range(5)]
        assert all(first == second for first, second in times)
        assert times == sorted(times)
        assert await self.store.read(lambda tx: tx.now) >= times[-1][0]

    async def test_a_read_writes_nothing(self) -> None:
        await self.raised(StatementFailed, self.store.read(lambda tx: write(tx, "one")))
        assert await self.store.read(subjects) == []

    async def test_work_that_waits_shares_commits(self) -> None:
        await gatherResults([self.change(lambda tx, n=n: write(tx, str(n))) for n in range(300)])
        assert sorted(map(int, await self.store.read(subjects))) == list(range(300))
        assert self.counted("store_changes_total") == 300
        assert self.counted("store_commit_seconds_count") < 150

    async def test_a_lock_keeps_two_stores_from_losing_a_change(self) -> None:
        other = self.started(self.make())

        def count(tx: Transaction) -> None:
            tx.lock("the counter")
            (row,) = tx.rows("SELECT count(*) AS n, max(epoch) AS epoch FROM owners")
            if not row["n"]:
                tx.rows("INSERT INTO owners (id, epoch, until) VALUES ('it', 1, 0)")
            else:
                tx.rows("UPDATE owners SET epoch = :epoch", epoch=row["epoch"] + 1)

        await gatherResults([store.change(count) for _ in range(40) for store in (self.store, other)])
        assert (await self.store.read(lambda tx: tx.rows("SELECT epoch FROM owners"))) == [{"epoch": 80}]

    async def test_work_that_takes_crossed_locks_is_done_by_both(self) -> None:
        other = self.started(self.make())

        def both(names: str) -> Any:
            def work(tx: Transaction) -> None:
                for name in names:
                    tx.lock(name)
                write(tx, names)

            return work

        crossed = [
            store.change(both(names))
            for _ in range(10)
            for store, names in ((self.store, "ab"), (other, "ba"))
        ]
        await gatherResults(crossed)
        assert sorted(await self.store.read(subjects)) == ["ab"] * 10 + ["ba"] * 10

    async def test_a_store_that_hangs_fails_in_time_and_works_again(self) -> None:
        self.patch(threads, "LIMIT", 0.3)
        freed, stuck = Event(), []
        for _ in range(len(self.store._changes._threads)):
            begun: Deferred[None] = Deferred()

            def hang(tx: Transaction, begun: Deferred[None] = begun) -> None:
                reactor.callFromThread(begun.callback, None)
                freed.wait()
                write(tx, "late")

            stuck.append(self.change(hang))
            await begun
        waits = self.change(lambda tx: write(tx, "never begun"))
        for one in [*stuck, waits]:
            assert (await self.raised(StoreFailed, one)).kind == "slow"
        assert (await self.raised(StoreFailed, self.store.change(own))).kind == "slow", "at once"
        assert self.store.failure.kind == "slow"
        freed.set()
        self.patch(threads, "LIMIT", 5.0)
        await gatherResults([self.change(lambda tx: write(tx, "again")) for _ in stuck])
        assert self.store.failure is None
        found = []
        while found.count("late") < len(stuck):  # what had begun comes after all
            found = await self.store.read(subjects)
        assert "never begun" not in found
        assert self.counted("store_failures_total", kind="slow") == len(stuck) + 2

    async def test_a_closing_store_finishes_what_waits(self) -> None:
        waiting = [self.change(lambda tx, n=n: write(tx, str(n))) for n in range(20)]
        await self.store.close()
        assert all(one.called for one in waiting)
        await gatherResults(waiting)
        assert (await self.raised(StoreFailed, self.store.change(subjects))).kind == "gone"
        store = self.started(self.make())
        assert len(await store.read(subjects)) == 20

    async def test_tables_of_a_newer_version_are_refused(self) -> None:
        await self.store.change(lambda tx: tx.rows("INSERT INTO schema (version) VALUES (9999)"))
        await self.store.close()
        failed = self.refused(self.make())
        assert failed.kind == "newer schema"
        assert "9999" in failed.reason
