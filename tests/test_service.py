"""The wiring, with real sockets: what was asked for is what runs, and it goes without leaving anybody unanswered."""

import io
import json
import os
import re
import signal
import socket
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest import mock

import pytest
from attrs import evolve
from treq.client import HTTPClient
from twisted.internet import reactor
from twisted.internet.defer import Deferred, DeferredList
from twisted.internet.endpoints import TCP4ClientEndpoint, TCP4ServerEndpoint, connectProtocol
from twisted.internet.error import ConnectionRefusedError
from twisted.internet.task import deferLater
from twisted.logger import LogPublisher, capturedLogs
from twisted.protocols.basic import LineReceiver
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent
from twisted.web.resource import Resource
from twisted.web.server import NOT_DONE_YET, Site

import sip2gw.wiring.reloading
from sip2gw.config import Config, load
from sip2gw.demo.selfsigned import kept_pair
from sip2gw.faults import Wrong
from sip2gw.limits import Limits
from sip2gw.log import Log, LogSettings
from sip2gw.process.systemd import Systemd
from sip2gw.service import CannotStart, Options, makeService
from sip2gw.store import StoreFailed
from sip2gw.tls.certificates import Pair
from sip2gw.wiring.gateway import Gateway
from sip2gw.wiring.reloading import Reloading

STRIKES = "sip2gw_limit_strikes_total", {"limit": "drain_deadline"}
LOGIN = b"9300CNkiosk@riverside.example|COsecret|AOriverside|"


class Library(Resource):
    """A Librarika that lets a request wait until the test answers it: always with a refusal."""

    isLeaf = True

    def __init__(self) -> None:
        super().__init__()
        self.asked: Deferred = Deferred()
        self.paths: list[bytes] = []

    def render(self, request):
        self.paths.append(request.path)
        self.asked.callback(request)
        return NOT_DONE_YET


def refuse(request) -> None:
    request.setResponseCode(401)
    request.setHeader(b"content-type", b"application/problem+json")
    request.write(json.dumps({"code": "invalid_credentials"}).encode())
    request.finish()


class Terminal(LineReceiver):
    """Waits for an answer, and for the end."""

    delimiter = b"\r"

    def __init__(self) -> None:
        self.answer: Deferred[bytes] = Deferred()
        self.closed: Deferred[None] = Deferred()

    def lineReceived(self, line: bytes) -> None:
        self.answer.callback(line)

    def connectionLost(self, reason=None) -> None:
        self.closed.callback(None)


def options(*arguments: str) -> Options:
    parsed = Options()
    parsed.parseOptions(arguments)
    return parsed


class GatewayTests(TestCase):
    """A gateway in front of a library that takes its time."""

    async def setUp(self) -> None:
        self.library = Library()
        site = Site(self.library)
        site.noisy = False
        port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(site)
        self.addCleanup(port.stopListening)
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "sip2gw.toml"
        self.path.write_text(
            f"""
            [[listen]]
            endpoint = "tcp:0:interface=127.0.0.1"
            [[listen]]
            endpoint = "tcp:0:interface=127.0.0.1"
            certificates = "tls"
            [librarika]
            url = "http://127.0.0.1:{port.getHost().port}/{{library}}/api/v1"
            [admin]
            endpoint = "tcp:0:interface=127.0.0.1"
            [limits]
            login_floor = 0.001
            """
        )
        kept_pair(self.path.parent / "tls")

    def start(self) -> Gateway:
        top = makeService(options("--config", str(self.path)))
        top.privilegedStartService()
        top.startService()
        gateway, again = top
        self.addCleanup(top.signals.put_back)
        self.addCleanup(lambda: again.stopService() if again.running else None)  # its thread would stay
        self.addCleanup(lambda: gateway.stopService() if gateway.running else None)
        return gateway

    def behind_a_balancer(self, text: str) -> str:
        """The configuration with a balancer before the first of its listeners."""
        return text.replace("[[listen]]", '[[listen]]\nproxy_from = ["127.0.0.1"]', 1)

    async def forget(self, gateway: Gateway, request) -> None:
        """End a call that nobody waits for; with the process it would have gone by itself."""
        refuse(request)
        logins = gateway.metrics.registry.get_sample_value
        while not logins("sip2gw_logins_total", {"library": "other", "outcome": "invalid_credentials"}):
            await deferLater(reactor, 0.005)
        await gateway.librarika.close()

    async def connect(self, listener) -> Terminal:
        endpoint = TCP4ClientEndpoint(reactor, "127.0.0.1", listener.port.getHost().port)
        return await connectProtocol(endpoint, Terminal())

    async def health(self, port: int) -> tuple[int, dict]:
        response = await HTTPClient(Agent(reactor)).get(f"http://127.0.0.1:{port}/health")
        return response.code, await response.json()

    async def test_the_gateway_runs_as_configured(self) -> None:
        gateway = self.start()
        assert [listener.tls is not None for listener in gateway.listeners] == [False, True]
        code, health = await self.health(gateway.admin_listener.port.getHost().port)
        assert (code, health["status"], health["terminals"]) == (200, "ok", 0)
        assert health["listening"] == [listener.address for listener in gateway.listeners]
        assert health["warnings"] == []
        terminal = await self.connect(gateway.listeners[0])
        terminal.sendLine(LOGIN)
        refuse(await self.library.asked)
        assert await terminal.answer == b"940"
        assert self.library.paths == [b"/riverside/api/v1/auth/tokens"]
        assert (await self.health(gateway.admin_listener.port.getHost().port))[1]["terminals"] == 1
        await gateway.stopService()
        await terminal.closed

    async def test_a_failed_store_is_a_warning_of_health_until_it_works(self) -> None:
        self.path.write_text(f'{self.path.read_text()}[store]\npath = "kept.sqlite3"\n')
        gateway = self.start()
        kept = self.path.with_name("kept.sqlite3")
        kept.rename(kept.with_suffix(".moved"))
        with self.assertRaises(StoreFailed):
            await gateway.journaling.store.change(lambda tx: tx.now)
        port = gateway.admin_listener.port.getHost().port
        (warning,) = (await self.health(port))[1]["warnings"]
        assert warning == (
            f"writes are refused, because the store has failed (gone): {kept}: the file was removed or replaced: "
            "put it back, or start the gateway again"
        )
        kept.with_suffix(".moved").rename(kept)
        while (await self.health(port))[1]["warnings"]:
            pass
        await gateway.journaling.store.change(lambda tx: tx.now)

    async def test_F90_a_changed_file_applies_after_a_reload(self) -> None:
        gateway = self.start()
        terminal = await self.connect(gateway.listeners[0])
        text = self.path.read_text()
        self.path.write_text(
            self.behind_a_balancer(text).replace("login_floor", "connections = 7\nlogin_floor")
            + '[terminals]\ntimeout = 12\ndeferred_login = false\n[log]\nitems = true\nlevel = "warn"\n'
            '[[libraries]]\nnickname = "riverside"\nprofile = "sorter-cv"\n'
        )
        gateway.terminals.connection_limits.ceiling = 0
        os.kill(os.getpid(), signal.SIGHUP)
        reloads = gateway.metrics.registry.get_sample_value
        while not reloads("sip2gw_reloads_total", {"outcome": "ok"}):
            await deferLater(reactor, 0.001)
        terminals = gateway.terminals
        assert terminals.limits.connections == 7
        assert terminals.connection_limits.ceiling > 0, "and as many as files may be open for them"
        assert terminals.directory.policy.timeout == 12
        assert terminals.directory.settings.of("riverside").profile == "sorter-cv"
        assert (terminals.deferred_login, gateway.tags.items_in_clear) == (False, True)
        assert gateway.librarika._client.timeouts.call < 12
        terminal.sendLine(b"9900302.00")
        assert (await terminal.answer)[8:11] == b"120", "a session that was there goes on, by the new policy"
        new = await self.connect(gateway.listeners[0])
        new.sendLine(b"PROXY TCP4 192.0.2.7 127.0.0.1 5 6\r\n9900302.00")
        assert (await new.answer).startswith(b"98"), "a new one is heard behind the balancer"
        await gateway.parent.stopService()

    async def test_F90_a_file_with_faults_changes_nothing(self) -> None:
        gateway = self.start()
        before = (
            gateway.terminals.limits,
            gateway.terminals.directory.policy,
            gateway.listeners[1].tls.material,
        )
        text = self.path.read_text()
        bad_key = self.path.parent / "tls" / "privkey.pem"
        key = bad_key.read_bytes()
        for change, faults in (
            (
                lambda: self.path.write_text(text + "connections = 7\n[terminals]\nretry = 3\ntimeout = 0\n"),
                2,
            ),
            (lambda: self.path.write_text("nonsense"), 1),
            (self.path.unlink, 1),
            (lambda: (self.path.write_text(text + "connections = 7"), bad_key.write_bytes(b"")), 1),
        ):
            change()
            with capturedLogs() as logs:
                await reloading(gateway).reload()
            told = [event["fault"] for event in logs if event["log_level"].name == "error"]
            assert len(told) == faults, told
            now = (
                gateway.terminals.limits,
                gateway.terminals.directory.policy,
                gateway.listeners[1].tls.material,
            )
            assert now == before
        assert gateway.metrics.registry.get_sample_value("sip2gw_reloads_total", {"outcome": "refused"}) == 4
        bad_key.write_bytes(key)
        await reloading(gateway).reload()
        assert gateway.terminals.limits.connections == 7
        await gateway.stopService()

    async def test_F90_a_file_spoilt_after_the_read_changes_nothing(self) -> None:
        gateway = self.start()
        before = (
            gateway.terminals.limits,
            gateway.terminals.directory.policy,
            gateway.listeners[1].tls.material,
        )
        self.path.write_text(self.behind_a_balancer(self.path.read_text()) + "connections = 7\n")
        config = load(self.path)
        (self.path.parent / "tls" / "privkey.pem").write_bytes(b"")
        with self.assertRaises(Wrong):
            gateway.reload(config)
        now = gateway.terminals.limits, gateway.terminals.directory.policy, gateway.listeners[1].tls.material
        assert now == before
        terminal = await self.connect(gateway.listeners[0])
        terminal.sendLine(b"9900302.00")
        assert (await terminal.answer).startswith(b"98"), "no header of a balancer is waited for"
        await gateway.stopService()

    async def test_F90_a_reload_changes_the_log_level(self) -> None:
        log = Log(LogPublisher(), LogSettings("debug"))
        gateway = Gateway(load(self.path), reactor, log=log)
        self.path.write_text(self.path.read_text() + '[log]\nlevel = "error"\n')
        gateway.reload(load(self.path))
        assert log.settings.level == "error"
        await gateway.stopService()

    async def test_F90_a_key_that_needs_a_restart_is_logged_each_time(self) -> None:
        gateway = self.start()
        text = self.path.read_text()
        port = gateway.listeners[0].port.getHost().port
        self.path.write_text(
            text.replace('certificates = "tls"', "").replace("{library}/api", "{library}/other", 1)
            + f'connections = 7\n[[listen]]\nendpoint = "tcp:{port}:interface=127.0.0.1"'
        )
        for _ in range(2):
            with capturedLogs() as logs:
                await reloading(gateway).reload()
            assert [event["key"] for event in logs if "key" in event] == [
                "listen[1].certificates", "listen[2].endpoint", "librarika.url",
            ]  # fmt: skip
            assert gateway.terminals.limits.connections == 7, "the rest holds"
        self.path.write_text(re.sub(r'\[\[listen\]\]\s+endpoint = "\S+"\s+certificates = "tls"', "", text))
        with capturedLogs() as logs:
            await reloading(gateway).reload()
        assert [event["key"] for event in logs if "key" in event] == ["listen (tcp:0:interface=127.0.0.1)"]
        await gateway.stopService()

    async def test_F90_the_token_stays_while_the_admin_endpoint_does(self) -> None:
        text, token = self.path.read_text(), self.path.parent / "token"
        token.write_text("a" * 32)
        token.chmod(0o600)
        guarded = text.replace("[limits]", 'token_file = "token"\n[limits]')
        self.path.write_text(guarded)
        gateway = self.start()
        port = gateway.admin_listener.port.getHost().port
        for window in ("", '[admin]\nendpoint = "tcp:1:interface=127.0.0.1"\n'):
            self.path.write_text(re.sub(r"\[admin\]\s+endpoint.*\s+", window, text))
            with capturedLogs() as logs:
                await reloading(gateway).reload()
            assert [event["key"] for event in logs if "key" in event] == ["admin.endpoint"]
            assert (await self.health(port))[0] == 401, "nobody looks in where a token was wanted"
        self.path.write_text(text)
        await reloading(gateway).reload()
        assert (await self.health(port))[0] == 200, "here it was said that none is"
        await gateway.stopService()

    async def test_F90_a_bug_still_ends_the_reload(self) -> None:
        gateway = self.start()
        self.patch(gateway.terminals.directory, "reconfigure", lambda *_: 1 / 0)
        ready: list[bool] = []
        self.patch(Systemd, "ready", lambda _: ready.append(True))
        await reloading(gateway).reload()
        assert len(self.flushLoggedErrors(ZeroDivisionError)) == 1
        assert gateway.metrics.registry.get_sample_value("sip2gw_reloads_total", {"outcome": "refused"}) == 1
        assert ready, "whoever waits for the reload hears of its end"
        await gateway.stopService()

    async def test_K22_terminals_are_answered_while_the_file_is_read(self) -> None:
        gateway = self.start()
        terminal = await self.connect(gateway.listeners[0])
        read, go_on = threading.Event(), threading.Event()

        def slowly(path: str) -> Config:
            read.set()
            assert go_on.wait(30), "the loop did not go on"
            return load(path)

        self.patch(sip2gw.wiring.reloading, "load", slowly)
        self.path.write_text(self.path.read_text() + "connections = 7\n")
        done = reloading(gateway).reload()
        while not read.is_set():
            await deferLater(reactor, 0.001)
        terminal.sendLine(b"9900302.00")
        assert (await terminal.answer).startswith(b"98")
        assert gateway.terminals.limits.connections != 7
        go_on.set()
        await done
        assert gateway.terminals.limits.connections == 7
        await gateway.stopService()

    async def test_R11_signals_during_a_reload_are_answered_by_one_more(self) -> None:
        gateway = self.start()
        go_on, times = threading.Event(), []

        def slowly(path: str) -> Config:
            times.append(path)
            assert go_on.wait(30)
            return load(path)

        self.patch(sip2gw.wiring.reloading, "load", slowly)
        asked = [reloading(gateway).reload() for _ in range(300)]
        go_on.set()
        await DeferredList(asked)
        assert len(times) == 2, "the one that was under way, and one for the others"
        await gateway.stopService()

    async def test_R13_a_relative_path_works_after_a_change_of_folder(self) -> None:
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.path.parent)
        top = makeService(options("--config", self.path.name))
        os.chdir("/")
        top.privilegedStartService()
        top.startService()
        gateway, again = top
        self.addCleanup(top.signals.put_back)
        await again.reload()
        assert gateway.metrics.registry.get_sample_value("sip2gw_reloads_total", {"outcome": "ok"}) == 1
        await top.stopService()

    async def test_K22_stopping_waits_for_the_thread_that_reads(self) -> None:
        gateway = self.start()
        go_on = threading.Event()

        def slowly(path: str) -> Config:
            assert go_on.wait(30)
            return load(path)

        self.patch(sip2gw.wiring.reloading, "load", slowly)
        self.path.write_text(self.path.read_text() + "connections = 7\n")
        done = reloading(gateway).reload()
        stopped = gateway.parent.stopService()
        go_on.set()
        await done
        await stopped
        assert gateway.terminals.limits.connections != 7

    async def test_F88_F90_a_reload_while_it_stops_does_not_end_it(self) -> None:
        before = signal.getsignal(signal.SIGHUP)
        gateway = self.start()
        busy = await self.connect(gateway.listeners[0])
        busy.sendLine(LOGIN)
        request = await self.library.asked
        self.path.write_text(self.path.read_text() + "connections = 7\n")
        stopped = gateway.parent.stopService()
        with capturedLogs() as logs:
            os.kill(os.getpid(), signal.SIGHUP)  # by its default, it would end this very process
            await deferLater(reactor, 0)
        assert [event["log_format"] for event in logs if "not reloaded" in event["log_format"]]
        assert gateway.terminals.limits.connections != 7
        refuse(request)
        assert await busy.answer == b"940"
        await stopped
        assert signal.getsignal(signal.SIGHUP) == before

    async def test_health_names_the_libraries_whose_api_was_asked(self) -> None:
        gateway = self.start()
        assert gateway.health().back_ends == ()
        await gateway.stopService()

    async def test_plain_sip2_on_the_tls_port_leaves_nothing_behind(self) -> None:
        gateway = self.start()
        terminal = await self.connect(gateway.listeners[1])
        terminal.sendLine(LOGIN)
        await terminal.closed
        assert not gateway.terminals.sessions
        await gateway.stopService()

    async def test_F88_stopping_answers_requests_in_progress(self) -> None:
        gateway = self.start()
        idle, busy = await self.connect(gateway.listeners[0]), await self.connect(gateway.listeners[0])
        busy.sendLine(LOGIN)
        request = await self.library.asked
        door, window = gateway.listeners[0].port.getHost().port, gateway.admin_listener.port.getHost().port

        stopped = gateway.stopService()
        await idle.closed
        code, health = await self.health(window)
        assert (code, health["status"], health["listening"]) == (503, "stopping", [])
        with self.assertRaises(ConnectionRefusedError):
            await connectProtocol(TCP4ClientEndpoint(reactor, "127.0.0.1", door), Terminal())
        assert not stopped.called
        refuse(request)
        assert await busy.answer == b"940"
        await busy.closed
        await stopped
        with self.assertRaises(ConnectionRefusedError):
            await self.health(window)

    async def test_F88_a_request_that_is_never_answered_is_disconnected(self) -> None:
        gateway = Gateway(
            evolve(load(self.path), limits=Limits(drain_deadline=0.01, login_floor=0.001)), reactor
        )
        gateway.startService()
        busy = await self.connect(gateway.listeners[0])
        busy.sendLine(LOGIN)
        request = await self.library.asked
        with capturedLogs() as logs:
            await gateway.stopService()
        assert [event["count"] for event in logs if "disconnected" in event["log_format"]] == [1]
        assert gateway.metrics.registry.get_sample_value(*STRIKES) == 1
        await busy.closed
        await self.forget(gateway, request)

    async def test_F89_a_second_signal_stops_at_once(self) -> None:
        gateway = self.start()
        busy = await self.connect(gateway.listeners[0])
        busy.sendLine(LOGIN)
        request = await self.library.asked
        stopped = gateway.stopService()
        assert not stopped.called
        gateway.hurry()
        await stopped
        await busy.closed
        gateway.hurry()  # means nothing any more
        await self.forget(gateway, request)

    async def test_F17_health_warns_of_a_certificate_that_ends(self) -> None:
        gateway = self.start()
        self.patch(Pair, "days_left", lambda _: 13)
        assert gateway.health().warnings == (
            "the certificate tls of tcp:0:interface=127.0.0.1 expires in 13 days",
        )
        self.patch(Pair, "days_left", lambda _: -1)
        assert gateway.health().warnings[0].endswith("has expired")
        await gateway.stopService()


def reloading(gateway: Gateway) -> Reloading:
    """What reads the configuration of a gateway again."""
    _, found = gateway.parent
    return found


class FaultTests(TestCase):
    """What can't be done is said on standard error, in clear lines, and the exit status is 1."""

    def setUp(self) -> None:
        self.said = io.StringIO()
        self.patch(sys, "__stderr__", self.said)
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = Path(folder.name) / "sip2gw.toml"

    def gives_up(self, action, *arguments) -> list[str]:
        with self.assertRaises(SystemExit) as raised:
            action(*arguments)
        assert raised.exception.code == 1
        assert isinstance(raised.exception, Exception), "for twistd to clean up"
        return self.said.getvalue().splitlines()

    def test_every_fault_of_the_file(self) -> None:
        self.path.write_text('[[listen]]\nendpoint = "tcp:6001"\n[terminals]\nretry = 3\n')
        lines = self.gives_up(makeService, options("--config", str(self.path)))
        assert [line.removeprefix(f"{self.path}:").split(": ")[:2] for line in lines] == [
            ["2", "listen tcp:6001, endpoint"],
            ["4", "terminals.retry"],
        ]

    def test_a_missing_file_is_one_line(self) -> None:
        (line,) = self.gives_up(makeService, options("--config", str(self.path)))
        assert line.startswith(f"{self.path}: can't be read: No such file or directory")

    def test_no_option_or_two_are_refused(self) -> None:
        for arguments in ((), ("--demo", "--config", "x.toml")):
            assert "one of: --config FILE" in self.gives_up(makeService, options(*arguments))[-1]

    def test_an_invalid_port_is_a_fault(self) -> None:
        for port in ("sip2", "-1", "65536", ""):
            (line,) = self.gives_up(options, "--demo", f"--plain-port={port}")[-1:]
            assert line.startswith(f"--plain-port {port}: is not a port")

    def test_ports_in_use_are_a_line_each(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as one, socket.create_server(("127.0.0.1", 0)) as other:
            ports = [taken.getsockname()[1] for taken in (one, other)]
            self.path.write_text(
                f'[[listen]]\nendpoint = "tcp:{ports[0]}:interface=127.0.0.1"\n'
                '[[listen]]\nendpoint = "tcp:0:interface=127.0.0.1"\n'
                f'[admin]\nendpoint = "tcp:{ports[1]}:interface=127.0.0.1"'
            )
            service = makeService(options("--config", str(self.path)))
            with capturedLogs() as logs:
                lines = self.gives_up(service.privilegedStartService)
        assert len(lines) == 2
        assert f"port {ports[0]} is in use by another program; change listen[0].endpoint" in lines[0]
        assert f"port {ports[1]} is in use by another program; change admin.endpoint" in lines[1]
        assert not [event for event in logs if event["log_level"].name == "critical"], "said once is enough"
        gateway, _ = service
        assert [listener.port for listener in gateway.listeners] == [None, None], (
            "and nothing is left listening"
        )

    def test_a_daemon_tells_its_log(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            self.path.write_text(f'[[listen]]\nendpoint = "tcp:{port}:interface=127.0.0.1"')
            parsed = options("--config", str(self.path))
            parsed.parent = {"nodaemon": 0}
            with capturedLogs() as logs:
                (line,) = self.gives_up(makeService(parsed).privilegedStartService)
        assert [event["why"] for event in logs if event["log_level"].name == "critical"] == [line]

    def test_a_package_that_the_demo_needs_is_missing(self) -> None:
        with mock.patch.dict(sys.modules, {"cryptography.x509.oid": None}):
            sys.modules.pop("sip2gw.demo", None)
            sys.modules.pop("sip2gw.demo.selfsigned", None)
            (line,) = self.gives_up(makeService, options("--demo"))
        assert line == "the demo needs the package cryptography.x509.oid: pip install 'sip2gw[demo]'"


def test_the_version(capsys):
    with pytest.raises(SystemExit) as raised:
        options("--version")
    assert raised.value.code == 0
    assert capsys.readouterr().out.startswith("sip2gw ")


def test_the_ports_of_the_demo_as_they_are_known():
    parsed = options("--demo")
    assert [parsed[name] for name in ("tls-port", "plain-port", "admin-port", "sandbox-port")] == [
        6009,
        6001,
        8080,
        8009,
    ]


def test_the_starter_of_a_daemon_gets_the_reason_of_a_failure():
    assert str(CannotStart("port 6009 is in use")) == "port 6009 is in use"
