"""The store in a file, and what can happen to a file."""

from __future__ import annotations

import contextlib
import os
import resource
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path
from unittest import skipUnless

from twisted.internet import reactor
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase

from sip2gw.metrics import Metrics
from sip2gw.store import SQLiteStore, Store, StoreFailed, make_store
from sip2gw.store.clock import Clock
from store.contract import Contract, raise_afterwards, subjects, write


class OnSQLite(Contract, TestCase):
    @property
    def path(self) -> Path:
        if not hasattr(self, "_path"):
            self._path = Path(self.mktemp()).absolute()
        return self._path

    def make(self, metrics: Metrics | None = None) -> Store:
        return make_store(self.path, reactor, metrics, locked=metrics is None)

    async def test_the_files_are_for_their_owner_alone(self) -> None:
        await self.store.change(lambda tx: write(tx, "one"))
        files = list(self.path.parent.glob(f"{self.path.name}*"))
        assert len(files) == 4, "the file, -wal, -shm and .lock"
        assert {stat.S_IMODE(one.stat().st_mode) for one in files} == {0o600}

    async def test_a_store_that_is_made_anew_is_logged(self) -> None:
        new = self.path.with_name("new")
        for logged in ([f"there was no store in {new}: a new one was made"], []):
            with capturedLogs() as events:
                store = self.started(SQLiteStore(new, reactor))
                await store.close()
            assert [event["log_format"].format(**event) for event in events] == logged

    async def test_a_second_gateway_does_not_start_until_the_first_ends(self) -> None:
        second = SQLiteStore(self.path, reactor)
        failed = self.refused(second)
        assert failed.kind == "locked"
        assert str(self.path) in failed.reason
        await self.store.close()
        self.started(second)

    async def test_a_file_that_is_no_database_is_refused_and_kept(self) -> None:
        other = self.path.with_name("other")
        other.write_bytes(b"this is no database at all " * 100)
        assert self.refused(SQLiteStore(other, reactor)).kind == "damaged"
        assert other.read_bytes().startswith(b"this is no")

    async def test_a_file_with_flipped_bytes_is_refused(self) -> None:
        for n in range(300):
            await self.store.change(lambda tx, n=n: write(tx, str(n), "x" * 500)) if n % 50 == 0 else None
            self.change(lambda tx, n=n: write(tx, str(n), "x" * 500))
        await self.store.close()
        whole = bytearray(self.path.read_bytes())
        for at in range(4096, len(whole), 4096):
            whole[at : at + 64] = bytes(byte ^ 0xFF for byte in whole[at : at + 64])
        self.path.write_bytes(whole)
        failed = self.refused(SQLiteStore(self.path, reactor))
        assert failed.kind == "damaged"
        assert "restore a backup" in failed.reason

    async def test_a_full_disk_fails_changes_and_reads_go_on(self) -> None:
        await self.store.change(lambda tx: write(tx, "before"))
        _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        size = self.path.with_name(f"{self.path.name}-wal").stat().st_size
        resource.setrlimit(resource.RLIMIT_FSIZE, (size + 10_000, hard))
        try:
            failed = await self.raised(
                StoreFailed, self.store.change(lambda tx: write(tx, "big", "x" * 100_000))
            )
            assert failed.kind == "full"
            assert self.store.failure is not None
            assert await self.store.read(subjects) == ["before"]
            await self.raised(KeyError, self.store.change(raise_afterwards))
            assert self.store.failure is not None, "work that undoes itself does not show that there is room"
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
        await self.store.change(lambda tx: write(tx, "after"))
        assert self.store.failure is None
        assert await self.store.read(subjects) == ["before", "after"]
        self.flushLoggedErrors()

    async def test_a_store_that_failed_is_found_to_work_without_a_caller(self) -> None:
        gone = self.path.with_name("gone")
        self.path.rename(gone)
        assert (await self.raised(StoreFailed, self.store.change(subjects))).kind == "gone"
        assert self.store.failure.kind == "gone"
        gone.rename(self.path)
        while self.store.failure is not None:
            with contextlib.suppress(StoreFailed):
                await self.store.read(subjects)
        await self.store.change(lambda tx: write(tx, "again"))

    async def test_another_file_in_its_place_is_not_taken_for_the_store(self) -> None:
        await self.store.change(lambda tx: write(tx, "one"))
        self.path.rename(self.path.with_name("moved"))
        self.path.write_bytes(b"")
        failed = await self.raised(StoreFailed, self.store.change(lambda tx: write(tx, "two")))
        assert failed.kind == "gone"
        assert self.path.read_bytes() == b""

    async def test_damage_while_it_is_in_use_fails_as_damaged(self) -> None:
        await self.store.change(lambda tx: [write(tx, str(n), "x" * 500) for n in range(3000)])
        with sqlite3.connect(self.path) as other:
            other.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        other.close()
        with self.path.open("r+b") as file:
            for at in range(4096, self.path.stat().st_size, 4096):
                file.seek(at)
                file.write(b"\xff" * 64)
        reading = self.store.read(lambda tx: tx.rows("SELECT sum(length(why)) FROM audit"))
        assert (await self.raised(StoreFailed, reading)).kind == "damaged"

    async def test_the_clock_goes_on_from_the_time_in_the_file(self) -> None:
        before = await self.store.change(lambda tx: tx.now)
        await self.store.close()
        clock = Clock(lambda: before - 3600, lambda: 0.0)
        store = self.started(SQLiteStore(self.path, reactor, clock=clock))
        assert await store.change(lambda tx: tx.now) == before, "the machine's clock is an hour behind"

    async def test_a_folder_that_is_missing_is_reported_with_its_path(self) -> None:
        missing = self.path.with_name("no-folder") / "store"
        assert str(missing) in self.refused(SQLiteStore(missing, reactor)).reason

    async def test_two_processes_write_to_one_file(self) -> None:
        script = (
            "import sys; from pathlib import Path; from twisted.internet import defer, task\n"
            "from sip2gw.store import SQLiteStore; from store.contract import write\n"
            "async def main(reactor):\n"
            "    store = SQLiteStore(Path(sys.argv[1]), reactor, locked=True)\n"
            "    store.start()\n"
            "    for n in range(20): await store.change(lambda tx: write(tx, 'theirs'))\n"
            "    await store.close()\n"
            "task.react(lambda reactor: defer.ensureDeferred(main(reactor)))\n"
        )
        process = subprocess.Popen([sys.executable, "-c", script, self.path], env=_tests_first())
        try:
            for _ in range(20):
                await self.store.change(lambda tx: write(tx, "ours"))
        finally:
            assert process.wait(60) == 0
        assert sorted(await self.store.read(subjects)) == ["ours"] * 20 + ["theirs"] * 20

    @skipUnless(os.geteuid() == 0, "only root can become a user that may not look")
    async def test_a_folder_that_is_closed_while_in_use_is_reported_with_the_fix(self) -> None:
        folder = Path(self.mktemp()).absolute()
        folder.mkdir(mode=0o700)
        store = self.started(SQLiteStore(folder / "store", reactor))
        await store.change(lambda tx: write(tx, "before"))
        self.addCleanup(os.seteuid, 0)
        os.seteuid(65534)
        failed = await self.raised(StoreFailed, store.change(lambda tx: write(tx, "while")))
        os.seteuid(0)
        assert failed.kind == "read-only"
        assert "Permission denied: correct owner and mode of the file and its folder" in failed.reason
        while store.failure is not None:
            with contextlib.suppress(StoreFailed):
                await store.read(subjects)
        await store.change(lambda tx: write(tx, "after"))
        assert await store.read(subjects) == ["before", "after"]

    @skipUnless(os.geteuid() == 0, "only root can become a user that may not write")
    async def test_a_file_of_another_user_is_refused_as_read_only(self) -> None:
        await self.store.close()
        self.path.chmod(0o644)
        self.addCleanup(os.seteuid, 0)
        os.seteuid(65534)
        failed = self.refused(SQLiteStore(self.path, reactor, locked=True))
        os.seteuid(0)
        assert failed.kind == "read-only"


def _tests_first() -> dict[str, str]:
    tests = str(Path(__file__).parents[1])
    return {**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, [tests, os.environ.get("PYTHONPATH")]))}


def test_a_clock_that_steps_back_goes_on_at_half_speed() -> None:
    wall, elapsed = [1000.0], [0.0]
    clock = Clock(lambda: wall[0], lambda: elapsed[0])
    assert clock.now() == 1000.0
    wall[0], elapsed[0] = 1010.0, 10.0
    assert clock.now() == 1010.0
    wall[0], elapsed[0] = 1000.0, 20.0
    assert clock.now() == 1015.0, "the machine's clock has gone back by 20 s"
    wall[0], elapsed[0] = 1030.0, 50.0
    assert clock.now() == 1030.0, "the machine's clock is level again"


def test_a_clock_starts_no_earlier_than_the_mark_in_the_store() -> None:
    clock = Clock(lambda: 1000.0, lambda: 0.0)
    assert clock.now(5000.0) == 5000.0
    assert clock.now() == 5000.0
