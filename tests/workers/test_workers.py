"""The parent and real workers, inside one test: what is awkward to see from outside."""

import os
import signal
import socket
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase

from sip2gw.config import Config, Process, load
from sip2gw.demo.selfsigned import kept_pair
from sip2gw.faults import Wrong
from sip2gw.workers import Workers, gateway_or_workers

CONFIG = """
[[listen]]
endpoint = "tcp:0:interface=127.0.0.1"
[[listen]]
endpoint = "unix:{folder}/sock"
[[listen]]
endpoint = "tcp:0:interface=127.0.0.1"
certificates = "tls"
[process]
workers = {workers}
[limits]
connections = 21
drain_deadline = 5
drain_spread = 0.1
[librarika]
url = "http://127.0.0.1:9/{{library}}/api/v1"
calls = 7
"""


class WorkersTests(TestCase):
    timeout = 60

    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        kept_pair(self.folder / "tls")

    def config(self, workers: int = 1, more: str = "") -> Config:
        path = self.folder / "sip2gw.toml"
        path.write_text(CONFIG.format(folder=self.folder, workers=workers) + more)
        config = load(path)
        return evolve(config, process=Process(workers))  # one worker alone, too: it starts in half the time

    async def start(self, config: Config, **how: object) -> Workers:
        workers = Workers(config, reactor, **how)
        workers.privilegedStartService()
        workers.startService()
        self.addCleanup(lambda: workers.stopService() if workers.running else None)
        await workers.serving
        return workers

    async def ask(self, workers: Workers, place: int = 0) -> bytes:
        """The answer to a status request, on a connection of its own."""
        address = workers.listeners[place].port.getHost()

        def asked() -> bytes:
            family = socket.AF_UNIX if hasattr(address, "name") else socket.AF_INET
            with socket.socket(family) as client:
                client.settimeout(30)
                client.connect(address.name if family == socket.AF_UNIX else (address.host, address.port))
                client.sendall(b"9900302.00\r")
                return client.recv(1000)

        return await deferToThread(asked)

    async def until(self, holds) -> None:
        while not holds():
            await deferLater(reactor, 0.01)

    async def test_a_database_that_is_gone_at_the_start_stops_no_gateway(self) -> None:
        key = self.folder / "key"
        key.write_text("5a" * 32)
        key.chmod(0o600)
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = closed.getsockname()[1]
        url = f"postgresql://sip2gw@127.0.0.1:{port}/sip2gw"
        workers = await self.start(self.config(more=f'[store]\nurl = "{url}"\nkey_file = "key"\n'))
        assert (await self.ask(workers)).startswith(b"98")
        await workers.stopService()

    async def test_a_file_that_is_locked_at_the_start_stops_no_gateway(self) -> None:
        config = self.config(more='[store]\npath = "store"\n')
        await (await self.start(config)).stopService()
        with closing(sqlite3.connect(self.folder / "store", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")
            workers = await self.start(config)
        assert (await self.ask(workers)).startswith(b"98")
        await workers.stopService()

    async def test_a_stuck_worker_is_killed_and_connections_wait_for_the_next(self) -> None:
        with capturedLogs() as events:
            workers = await self.start(self.config(), pauses=(0.01,), beat=0.1)
            assert (await self.ask(workers)).startswith(b"98")
            assert workers.pool.status().value == "ok"
            stuck = workers.pool.serving()[0]
            os.kill(stuck.pid, signal.SIGSTOP)
            await self.until(lambda: stuck.phase.value == "ending")
            assert workers.pool.status().value == "starting"
            assert workers.is_alive()
            assert (await self.ask(workers)).startswith(b"98")
            assert workers.pool.serving()[0].pid != stuck.pid
            await workers.stopService()
        told = [event["why"] for event in events if "has ended" in event["log_format"]]
        assert told == ["it gave no sign of life for 1 s"]

    async def test_a_unix_socket_is_served_and_limits_are_shares(self) -> None:
        workers = await self.start(self.config(2))
        assert (await self.ask(workers, 1)).startswith(b"98")
        part = workers.pool.serving()[0].config
        assert (part.limits.connections, part.librarika.calls, part.admin) == (11, 4, None)
        await workers.stopService()
        assert workers.pool.serving() == []

    async def test_a_worker_that_is_told_to_end_finishes_and_another_one_comes(self) -> None:
        workers = await self.start(self.config(), pauses=(0.01,))
        first = workers.pool.serving()[0]
        os.kill(first.pid, signal.SIGTERM)
        await self.until(lambda: first.phase.value == "ending")
        assert (await self.ask(workers)).startswith(b"98")
        assert workers.pool.workers[0].starts == 2
        await workers.stopService()

    async def test_a_configuration_that_one_worker_refuses_is_used_by_none(self) -> None:
        workers = await self.start(self.config(2))
        config = workers._config
        changed = evolve(config, limits=evolve(config.limits, login_floor=0.5))
        key = self.folder / "tls" / "privkey.pem"
        right = key.read_bytes()
        key.write_bytes(b"")
        with self.assertRaises(Wrong) as refused:
            await workers.reload(changed)
        assert "privkey.pem" in str(refused.exception)
        assert {process.config.limits.login_floor for process in workers.pool.serving()} == {1.0}
        key.write_bytes(right)
        await workers.reload(changed)
        assert {process.config.limits.login_floor for process in workers.pool.serving()} == {0.5}
        await workers.stopService()

    async def test_a_worker_that_can_not_start_is_tried_again_with_the_reason(self) -> None:
        python = self.folder / "python"
        python.write_text("#!/bin/sh\nexit 3\n")
        with capturedLogs() as events:
            workers = Workers(self.config(), reactor, pauses=(0.01,))
            workers.privilegedStartService()
            with mock.patch.object(sys, "executable", str(python)):
                workers.startService()
                await self.until(lambda: workers.pool.workers[0].starts >= 2)
                before = len(os.listdir("/proc/self/fd"))
                await self.until(lambda: workers.pool.workers[0].starts >= 12)
                # A try uses six, some of which are closed in the next turn.
                assert len(os.listdir("/proc/self/fd")) < before + 10
                python.chmod(0o700)
                await self.until(lambda: workers.pool.workers[0].process is not None)
                await self.until(lambda: workers.pool.workers[0].process is None)
            await workers.serving
            await workers.stopService()
        told = [event["why"] for event in events if "has ended" in event["log_format"]]
        assert told[0] == "it can't be started: Permission denied"
        assert "exit status 3" in told

    def test_one_worker_is_a_gateway_in_this_process(self) -> None:
        gateway = gateway_or_workers(self.config(), reactor)
        assert not isinstance(gateway, Workers)
        assert gateway.worker is None
