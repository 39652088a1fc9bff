"""A server of PostgreSQL for a test: in a folder of its own, at a Unix socket, and stopped as an operator would."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

from attrs import define
from store.postgresql_server import programs


@define
class Postgres:
    """One server. PostgreSQL does not run as root, so there it runs as the user `postgres`."""

    folder: Path

    @classmethod
    def make(cls) -> Postgres:
        """A server with an empty database called sip2gw, which runs.

        It is not in a test's folder: only the user of the tests can enter that.
        """
        server = cls(Path(tempfile.mkdtemp(prefix="sip2gw-pg-")))
        if os.getuid() == 0:
            shutil.chown(server.folder, "postgres", "postgres")
        data = str(server.folder / "data")
        server._run("initdb", "-D", data, "-U", "sip2gw", "-A", "trust", "--no-sync", "-E", "UTF8")
        server.start()
        server._run("createdb", "-h", str(server.folder), "-U", "sip2gw", "sip2gw")
        return server

    def remove(self) -> None:
        """End it, and delete what it has."""
        self.stop("immediate")
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def url(self) -> str:
        """The URL of its database."""
        return f"postgresql://sip2gw@/sip2gw?host={self.folder}"

    def start(self) -> None:
        options = f"-k {self.folder} -c listen_addresses= -c max_connections=60 -c fsync=on"
        log = str(self.folder / "log")
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-l", log, "-o", options, "start")

    def stop(self, how: str = "fast") -> None:
        """End it: `fast` as an operator does, `immediate` as a crash does."""
        self._run("pg_ctl", "-D", str(self.folder / "data"), "-w", "-m", how, "stop")

    def restart(self) -> None:
        """Stop it as an operator does, and start it again."""
        self.stop()
        self.start()

    def rows(self, sql: str) -> list[str]:
        """The rows of a question, each as text."""
        asked = self._run("psql", "-h", str(self.folder), "-U", "sip2gw", "-AtX", "-c", sql, "sip2gw")
        return asked.splitlines()

    def pids(self) -> list[int]:
        """Its processes, the first one included."""
        first = int((self.folder / "data" / "postmaster.pid").read_text().split()[0])
        children = Path(f"/proc/{first}/task/{first}/children").read_text().split()
        return [first, *map(int, children)]

    def _run(self, program: str, *arguments: str) -> str:
        folder = programs()
        assert folder is not None, "PostgreSQL is not installed"
        other = (
            ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        )
        ran = subprocess.run(
            [*other, str(folder / program), *arguments],
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,  # not a pipe: the server would keep it open
            text=True,
            check=True,
            timeout=60,
        )
        return ran.stdout
