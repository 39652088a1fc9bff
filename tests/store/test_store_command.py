"""`sip2gw store`: a look at the store, its tables brought up to date, a copy that is whole."""

from __future__ import annotations

import json
import sqlite3
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sip2gw.store.opening import make_connection
from sip2gw.store.schema import newest
from sip2gw.tools.journal import journal
from sip2gw.tools.store import store
from store.postgresql_server import Emptied, programs


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "sip2gw.toml"
    path.write_text('[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n[store]\npath = "kept.sqlite3"\n')
    return path


@pytest.fixture
def kept(config: Path) -> Path:
    """The file of the store, with tables and two rows in the audit."""
    path = config.with_name("kept.sqlite3")
    database = make_connection(path)
    database.open()
    database.begin(write=True)
    for who in ("ann", "bob"):
        database.rows(
            "INSERT INTO audit (at, who, what, subject, why) VALUES (0, :who, '', '', '')", {"who": who}
        )
    database.commit()
    database.close()
    return path


def run(*arguments: object) -> Result:
    return CliRunner().invoke(store, [str(one) for one in arguments])


def test_check_reports_version_and_rows(config, kept):
    result = run("check", "--config", config)
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert lines[0] == f"tables of version {newest()}, up to date"
    assert "  audit: 2 rows" in lines
    assert lines[-1] == "no faults"


def test_check_of_tables_of_an_older_version_says_what_brings_them_up_to_date(config, kept):
    with sqlite3.connect(kept) as database:
        database.execute("DROP TABLE machines")
        database.execute("DELETE FROM schema WHERE version >= 3")
    database.close()
    result = run("check", "--config", config)
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"tables of version 2: the gateway brings them to version {newest()}")
    assert "  audit: 2 rows" in result.stdout.splitlines()
    migrated = run("migrate", "--config", config).stdout
    assert migrated == f"the tables are of version {newest()}, before of version 2\n"


def test_check_names_a_table_that_is_missing(config, kept):
    with sqlite3.connect(kept) as database:
        database.execute("DROP TABLE machines")
    database.close()
    result = run("check", "--config", config)
    assert result.exit_code == 1
    assert "there is no table machines" in result.stdout


def test_check_with_json_reports_the_same_for_programs(config, kept):
    result = run("check", "--config", config, "--json")
    report = json.loads(result.stdout)
    assert (report["version"], report["newest"], report["faults"]) == (newest(), newest(), [])
    assert report["rows"]["audit"] == 2


def test_check_of_a_store_that_is_not_there_makes_none(config):
    result = run("check", "--config", config, "--json")
    assert result.exit_code == 1
    assert json.loads(result.stdout)["failed"] == "gone"
    assert "there is no such file" in result.stdout
    assert not config.with_name("kept.sqlite3").exists()


def test_check_of_a_damaged_file_exits_with_1(config, kept):
    kept.write_bytes(kept.read_bytes()[:5000])
    result = run("check", "--config", config)
    assert result.exit_code == 1
    assert "damaged" in result.output


def test_check_of_a_newer_store_names_both_versions(config, kept):
    with sqlite3.connect(kept) as connection:
        connection.execute("INSERT INTO schema (version) VALUES (7)")
    connection.close()
    result = run("check", "--config", config)
    assert result.exit_code == 1
    assert f"of version 7, this gateway knows {newest()}" in result.output


def test_migrate_makes_the_tables_and_later_leaves_them(config):
    assert (
        run("migrate", "--config", config).stdout
        == f"the tables are of version {newest()}, before of version 0\n"
    )
    assert run("migrate", "--config", config).stdout == f"the tables are of version {newest()}\n"


def test_migrate_refuses_a_file_that_a_gateway_uses(config, kept):
    holder = (
        "import sys; from pathlib import Path; from sip2gw.store.file_lock import FileLock\n"
        "lock = FileLock(Path(sys.argv[1])); lock.take(); print('taken', flush=True); sys.stdin.read()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", holder, kept], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as gateway:
        assert gateway.stdout.readline() == b"taken\n"
        result = run("migrate", "--config", config)
        gateway.stdin.close()
    assert result.exit_code == 1
    assert result.output == f"Error: another gateway uses {kept}: stop it, or give this one another path\n"
    assert run("migrate", "--config", config).exit_code == 0


def test_backup_copies_a_file_that_is_in_use(config, kept, tmp_path):
    to = tmp_path / "copy"
    writing = make_connection(kept)
    writing.open()
    writing.begin(write=True)
    writing.rows("DELETE FROM audit", {})
    result = run("backup", "--config", config, to)
    writing.rollback()
    writing.close()
    assert result.exit_code == 0
    assert stat.S_IMODE(to.stat().st_mode) == 0o600
    with sqlite3.connect(to) as connection:
        assert connection.execute("SELECT who FROM audit ORDER BY id").fetchall() == [("ann",), ("bob",)]
    connection.close()
    assert not list(tmp_path.glob("*.part*"))


def test_backup_overwrites_no_file(config, kept, tmp_path):
    to = tmp_path / "copy"
    to.write_text("mine")
    assert run("backup", "--config", config, to).exit_code == 1
    assert to.read_text() == "mine"


@pytest.fixture
def shared(tmp_path: Path, postgresql: Emptied) -> Path:
    """A configuration with a database of PostgreSQL."""
    tmp_path.joinpath("key").write_text("ab" * 32)
    tmp_path.joinpath("key").chmod(0o600)
    path = tmp_path / "shared.toml"
    path.write_text(
        '[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n'
        f'[store]\nurl = "{postgresql.url}"\nkey_file = "key"\n'
    )
    return path


def test_check_of_postgresql_reports_settings_that_lose_commits(shared):
    assert run("migrate", "--config", shared).exit_code == 0
    result = run("check", "--config", shared)
    assert result.exit_code == 1
    assert result.stdout.splitlines()[-1] == "fault: fsync is off: a crash of the server can lose commits"


def test_backup_of_postgresql_prints_a_command_that_works(shared, tmp_path):
    run("migrate", "--config", shared)
    command = run("backup", "--config", shared, tmp_path / "copy").stdout
    subprocess.run(["sh", "-c", f"PATH={programs()}:$PATH {command}"], check=True)
    assert tmp_path.joinpath("copy").read_bytes().startswith(b"PGDMP")


@pytest.mark.parametrize("named", [True, False])
@pytest.mark.parametrize(
    ("group", "words"), [(store, ["check"]), (store, ["backup", "copy"]), (journal, ["list"])]
)
def test_a_folder_that_is_closed_to_this_user_is_one_line(lets_nobody_in, monkeypatch, group, words, named):
    closed = lets_nobody_in / "closed"
    closed.mkdir()
    config = lets_nobody_in / "sip2gw.toml"
    place = f'[store]\npath = "{closed}/kept.sqlite3"\n' if named else ""
    config.write_text(f'[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n{place}')
    closed.chmod(0)
    monkeypatch.setenv("STATE_DIRECTORY", str(closed))
    result = CliRunner().invoke(group, [*words, "--config", str(config)])
    assert isinstance(result.exception, SystemExit), result.exception
    assert "Permission denied" in result.output
