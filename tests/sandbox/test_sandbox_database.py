"""The database: a file keeps everything, memory nothing, and a file of another program stays as it is."""

from __future__ import annotations

import re
import sqlite3
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from sandbox_support import SandboxCase, library

DATA = {"libraries": [library()]}


class DatabaseTests(SandboxCase):
    """`database=`."""

    def setUp(self) -> None:
        super().setUp()
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.file = Path(folder.name) / "sandbox.sqlite"

    def test_a_file_survives_a_restart_with_tokens_keys_and_effects(self) -> None:
        self.open(DATA, database=str(self.file))
        self.sandbox.change_library("oak", preferences={"renewals": 9})
        loan = self.issue("A1", "1", "key-1")
        token = self.token
        self.sandbox.close()
        changed = {"libraries": [library(members=[])]}
        self.open(changed, database=str(self.file))
        self.token = token
        assert self.member("A1")["counts"]["issued"] == 1
        assert self.get("/library").body["preferences"]["renewals"] == 9
        assert self.issue("A1", "1", "key-1").body["id"] == loan.body["id"]
        assert self.copy("1")["current_booking"]["id"] == loan.body["id"]

    def test_a_sandbox_in_memory_starts_from_the_data(self) -> None:
        for name in (None, ":memory:"):
            self.open(DATA, database=name)
            assert self.issue("A1", "1").status == 200
            assert self.issue("A1", "1").status == 409

    def test_sandboxes_of_one_moment_begin_alike_and_have_nothing_in_common(self) -> None:
        first = self.kept(None)
        self.sandbox.change_library("riverside", preferences={"renewals": 9})
        self.sandbox._server.database.execute("DELETE FROM copies")
        assert self.kept(None) == first
        assert self.kept(str(self.file)) == first, "in memory and in a file alike"
        self.clock.advance(86400)
        assert self.kept(None) != first, "days count from today"

    def kept(self, database: str | None) -> list[str]:
        """All that a new sandbox of the package's libraries has, but for the seals of passwords."""
        self.open(None, database=database)
        lines = self.sandbox._server.database.iterdump()
        return [re.sub(r"'[^']*\$[^']*'", "seal", line) for line in lines]

    def test_a_file_of_another_program_is_refused_and_unchanged(self) -> None:
        self.file.write_text("not a database, but a text; and long enough to have a header")
        with pytest.raises(sqlite3.DatabaseError):
            self.open(DATA, database=str(self.file))
        assert self.file.read_text().startswith("not a database")
        other = self.file.with_name("other.sqlite")
        with sqlite3.connect(other) as connection:
            connection.execute("CREATE TABLE theirs (x)")
        connection.close()
        with pytest.raises(sqlite3.DatabaseError, match="another kind"):
            self.open(DATA, database=str(other))

    def test_no_secret_is_in_the_database(self) -> None:
        self.open(DATA, database=str(self.file))
        self.get("/library")
        self.sandbox.close()
        content = b"".join(path.read_bytes() for path in self.file.parent.glob(f"{self.file.name}*"))
        assert b"kiosk" in content
        # "1234" as a text of its own: digests and keys are full of such digits.
        for secret in (rb"secret", rb"(?<![0-9a-f])1234(?![0-9a-f])", re.escape(self.token.encode())):
            assert not re.search(secret, content), secret

    def test_an_effect_is_committed_whole_or_not_at_all(self) -> None:
        self.sandbox._server.database.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON ledger BEGIN SELECT RAISE(ABORT, 'no'); END"
        )
        assert self.issue("A1", "1", "key-1").status == 500
        assert len(self.flushLoggedErrors(sqlite3.IntegrityError)) == 1
        assert self.copy("1")["current_booking"] is None
        self.sandbox._server.database.execute("DROP TRIGGER broken")
        assert self.issue("A1", "1", "key-1").status == 200
