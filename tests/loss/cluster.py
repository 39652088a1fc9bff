"""Two gateways behind HAProxy, as the manual has them, with one PostgreSQL."""

from __future__ import annotations

import asyncio
import os
import random
import shutil
import signal
import ssl
from contextlib import ExitStack, suppress
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from attrs import define
from e2e.processes import Process, Sandbox, free_ports

from sip2gw.demo.selfsigned import kept_pair

from .places import LIMITS, PROFILE, UNFINISHED, settings_of, start_sandbox, until
from .postgres import Postgres
from .writes import Write, stocked

HAPROXY = Path(__file__).parent.parent.parent / "contrib/haproxy/sip2gw.cfg"
PROGRAM = shutil.which("haproxy", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
LIBRARY = "machines"
TAKEN = "SELECT count(*) FROM seats WHERE expires > extract(epoch FROM clock_timestamp())"


@define
class Node:
    """One machine: a gateway at an address of its own, with the ports that the documentation has."""

    address: str
    process: Process

    def page(self, path: str) -> str:
        """A page of its admin endpoint; empty when it is down."""
        with suppress(OSError, URLError), urlopen(f"http://{self.address}:8080{path}", timeout=10) as answer:
            text: str = answer.read().decode()
            return text
        return ""

    def ready(self) -> bool:
        return '"ok"' in self.page("/health/ready")


@define
class Machines:
    """All of it. `bind` is the port at which terminals find HAProxy."""

    folder: Path
    sandbox: Sandbox
    postgres: Postgres
    nodes: list[Node]
    haproxy: Process
    bind: int
    seats: int
    running: ExitStack
    taken: int = 0
    """The most seats that were taken at once."""

    @classmethod
    def start(cls, folder: Path, writes: list[Write], seats: int, workers: int) -> Machines:
        """Start all processes; if one does not start, none is left."""
        with ExitStack() as started:
            library, sandbox = start_sandbox(folder, [stocked(LIBRARY, writes, seats)])
            started.callback(library.kill)
            postgres = Postgres.make()
            started.callback(postgres.remove)
            _make_secrets(folder)
            network = f"127.{random.randrange(1, 255)}.{random.randrange(1, 255)}"  # noqa: S311  # no secret
            nodes = [_node(folder, n, f"{network}.{n}", sandbox.port, postgres, workers) for n in (1, 2)]
            for node in nodes:
                node.process.start()
                started.callback(node.process.kill)
            (bind,) = free_ports(1)
            haproxy = _haproxy(folder, bind, *nodes)
            started.callback(_stop, haproxy)
            return cls(folder, sandbox, postgres, nodes, haproxy, bind, seats, started.pop_all())

    def trust(self) -> ssl.SSLContext:
        """What a terminal trusts."""
        return ssl.create_default_context(cafile=str(self.folder / "tls" / "fullchain.pem"))

    async def kill_node(self, which: int) -> None:
        """A machine loses its power in the middle of the traffic, and comes back."""
        node = self.nodes[which]
        await asyncio.to_thread(node.process.kill)
        node.process.printed.clear()
        await asyncio.to_thread(node.process.start)

    async def roll_node(self, which: int) -> None:
        """A machine gets a new release: its gateway stops as SIGTERM has it, and starts again."""
        node = self.nodes[which]
        await asyncio.to_thread(node.process.stop)
        node.process.printed.clear()
        await asyncio.to_thread(node.process.start)

    async def restart_postgres(self) -> None:
        await asyncio.to_thread(self.postgres.restart)

    async def reload_haproxy(self) -> None:
        """As `systemctl reload haproxy` does."""
        before = sum("Loading success" in line for line in self.haproxy.printed)
        self.haproxy.tell(signal.SIGUSR2)
        assert await asyncio.to_thread(self.haproxy.waited, before + 1, "Loading success")

    def count_seats(self) -> None:
        """Look how many seats are taken."""
        taken = int(self.postgres.rows(TAKEN)[0])
        self.taken = max(self.taken, taken)

    def settled(self) -> None:
        """Wait until no node's journal has an open row."""
        until(lambda: all(node.ready() for node in self.nodes), "both nodes are ready")
        until(lambda: self.postgres.rows(UNFINISHED) == ["0"], "the journal has no open row")

    def close(self) -> None:
        """End all processes."""
        self.running.close()


def _make_secrets(folder: Path) -> None:
    """Write the certificate and the key that both gateways have."""
    kept_pair(folder / "tls")
    key = folder / "sip2gw.key"
    key.write_text("5a" * 32 + "\n")
    key.chmod(0o600)


def _node(folder: Path, number: int, address: str, api: int, postgres: Postgres, workers: int) -> Node:
    home = folder / f"node{number}"
    home.mkdir()
    config = home / "sip2gw.toml"
    several = f"[process]\nworkers = {workers}\n" if workers > 1 else ""
    config.write_text(
        f'[[listen]]\nendpoint = "tcp:6009:interface={address}"\ncertificates = "{folder}/tls"\n'
        'proxy_from = ["127.0.0.0/8"]\n'
        f'[admin]\nendpoint = "tcp:8080:interface={address}"\n'
        f'[store]\nurl = "{postgres.url}"\nkey_file = "{folder}/sip2gw.key"\n{several}'
        f'[librarika]\nurl = "http://127.0.0.1:{api}/{{library}}/api/v1"\n'
        f"{LIMITS}{PROFILE}{settings_of([{'nickname': LIBRARY}])}"
    )
    config.chmod(0o600)
    return Node(address, Process(["sip2gw", "--config", str(config)], home, ready="health"))


def _haproxy(folder: Path, bind: int, first: Node, second: Node) -> Process:
    """HAProxy with the configuration that is shipped."""
    environment = {
        "SIP2GW_BIND": f"127.0.0.1:{bind}",
        "SIP2GW_NODE1": first.address,
        "SIP2GW_NODE2": second.address,
        "SIP2GW_ADMIN": str(folder / "haproxy.sock"),
    }
    program = (str(PROGRAM), "-W", "-f", str(HAPROXY))
    return Process([], folder, ready="Loading success", program=program, environment=environment).start()


def _stop(haproxy: Process) -> None:
    """End HAProxy and its workers, which a SIGKILL to the first process would leave."""
    haproxy.tell(signal.SIGTERM)
    haproxy.ended()
