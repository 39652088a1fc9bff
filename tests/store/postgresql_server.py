"""A server of PostgreSQL for the tests: made once for all workers of a run, with a database for each test."""

from __future__ import annotations

import fcntl
import os
import shutil
import socket
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from secrets import token_hex

import psycopg
import pytest
from attrs import frozen

USER = "sip2gw"
_PORT = 5432
"""Names the socket in its folder; no port is opened."""


def programs() -> Path | None:
    """Where the server's programs are: Debian does not put them on the path."""
    found = [path.parent for path in Path("/usr/lib/postgresql").glob("*/bin/initdb")]
    on_path = shutil.which("initdb")
    return max(found, key=lambda path: int(path.parent.name), default=on_path and Path(on_path).parent)


def _as_server(*command: object) -> list[str]:
    """The command as a user that the server accepts: it does not run as root."""
    drop = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.geteuid() == 0 else []
    return [*drop, *map(str, command)]


@contextmanager
def server(shared: Path) -> Iterator[Path]:
    """Start a server, or join the one that another worker has started; yield its folder. The last one stops it.

    `shared` is a folder of this run, in which all workers find each other.
    """
    users = shared / "postgresql.users"
    with _locked(shared):
        if not users.exists():
            (shared / "postgresql.at").write_text(str(_start()))
        users.write_text(str(int(users.read_text() if users.exists() else 0) + 1))
        folder = Path((shared / "postgresql.at").read_text())
    try:
        yield folder
    finally:
        with _locked(shared):
            left = int(users.read_text()) - 1
            users.write_text(str(left))
            if not left:
                _stop(folder)
                users.unlink()


@contextmanager
def _locked(shared: Path) -> Iterator[None]:
    with open(shared / "postgresql.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _start() -> Path:
    bin_ = programs()
    # A socket's path must be short.
    folder = Path(tempfile.mkdtemp(prefix="sip2gw-pg-"))
    if os.geteuid() == 0:
        shutil.chown(folder, "postgres", "postgres")
    data = folder / "data"
    quiet = {"check": True, "stdout": subprocess.DEVNULL, "cwd": "/"}
    subprocess.run(
        _as_server(
            bin_ / "initdb", "-D", data, "-U", USER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync"
        ),
        **quiet,
    )
    # A crash of the machine may cost the tests their data, but no commit is reported early.
    settings = f"-p {_PORT} -k {folder} -c listen_addresses= -c fsync=off -c shared_buffers=16MB"
    # Found at once, so that tests of a deadlock do not wait a second.
    settings += " -c deadlock_timeout=50ms"
    subprocess.run(
        _as_server(bin_ / "pg_ctl", "-D", data, "-w", "-l", folder / "log", "-o", settings, "start"), **quiet
    )
    return folder


def _stop(folder: Path) -> None:
    command = _as_server(programs() / "pg_ctl", "-D", folder / "data", "-m", "immediate", "-w", "stop")
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL, cwd="/")
    shutil.rmtree(folder, ignore_errors=True)


def url(folder: Path, database: str, **more: str) -> str:
    settings = "".join(f"&{name}={value}" for name, value in more.items())
    return f"postgresql://{USER}@/{database}?host={folder}&port={_PORT}{settings}"


@pytest.fixture(scope="session")
def postgresql_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The folder of the server, in which its socket is."""
    if programs() is None:
        pytest.skip("PostgreSQL is not installed: apt-get install postgresql")
    base = tmp_path_factory.getbasetemp()
    with server(base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) as folder:
        yield folder


@pytest.fixture(scope="session")
def _database(postgresql_server: Path) -> str:
    name = f"t{token_hex(8)}"  # each folder of tests that imports this fixture has its own
    with psycopg.connect(url(postgresql_server, "postgres"), autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE template0")
    return name


@frozen
class Emptied:
    """A database without tables: the folder of its server's socket, and its name."""

    folder: Path
    name: str

    @property
    def url(self) -> str:
        return url(self.folder, self.name)


@pytest.fixture
def postgresql(postgresql_server: Path, _database: str) -> Emptied:
    """A database for one test; the next one gets it empty again."""
    emptied = Emptied(postgresql_server, _database)
    with psycopg.connect(url(postgresql_server, "postgres"), autocommit=True) as connection:
        connection.execute(f"ALTER DATABASE {_database} RESET ALL")
    with psycopg.connect(emptied.url, autocommit=True) as connection:
        connection.execute("DROP SCHEMA public CASCADE")
        connection.execute("CREATE SCHEMA public")
    return emptied


class Wire:
    """A socket between the gateway and the server, which can be cut. It runs in threads of its own."""

    def __init__(self, to: Path, folder: Path) -> None:
        self.folder = folder
        self._to = to / f".s.PGSQL.{_PORT}"
        self._at = folder / f".s.PGSQL.{_PORT}"
        self._open: list[socket.socket] = []
        self._listener: socket.socket | None = None
        self.drops_commit_after = b""
        """Lose the connection before the answer to a commit, if these bytes were sent on it before."""

    def join(self) -> None:
        """Accept connections."""
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(self._at))
        listener.listen(20)
        self._listener = listener
        threading.Thread(target=self._accept, args=(listener,), daemon=True).start()

    def cut(self) -> None:
        """Close all connections, and accept none."""
        if self._listener is not None:
            self._at.unlink()
            _close(self._listener)
            self._listener = None
        while self._open:
            _close(self._open.pop())

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                near, _ = listener.accept()
                far = socket.socket(socket.AF_UNIX)
                far.connect(str(self._to))
                self._open += [near, far]
                seen = threading.Event()
                threading.Thread(target=self._pump, args=(near, far, seen, True), daemon=True).start()
                threading.Thread(target=self._pump, args=(far, near, seen, False), daemon=True).start()

    def _pump(
        self, source: socket.socket, target: socket.socket, seen: threading.Event, asking: bool
    ) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                if asking and self.drops_commit_after and self.drops_commit_after in data:
                    seen.set()
                if not asking and seen.is_set() and b"COMMIT\0" in data:
                    break
                target.sendall(data)
        _close(source)
        _close(target)


def _close(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()
