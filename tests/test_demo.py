"""The demo's banner is true: what it says can be connected to, trusted, logged in with, and pasted."""

import io
import json
import os
import re
import shlex
import socket
import ssl
import stat
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import urlopen

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from sip2gw.demo import Demo, state_folder
from sip2gw.demo.banner import banner
from sip2gw.demo.selfsigned import LIFE, certificate, kept_pair
from sip2gw.faults import Wrong
from sip2gw.gateway.listener import CannotListen
from sip2gw.tls.certificates import CHAIN, KEY

PORTS = ("tls-port", "plain-port", "admin-port", "sandbox-port")


def options(state: Path | str, **changes) -> dict[str, object]:
    return {**dict.fromkeys(PORTS, 0), "demo-data": None, "state-dir": str(state), "workers": 1, **changes}


class DemoTests(TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.state = Path(folder.name) / "state"
        self.said = io.StringIO()
        self.patch(sys, "__stdout__", self.said)

    def demo(self, **changes) -> Demo:
        demo = Demo(options(self.state, **changes), reactor)
        demo.privilegedStartService()
        demo.startService()
        self.addCleanup(lambda: demo.stopService() if demo.running else None)
        return demo

    async def test_everything_that_the_banner_names_is_there(self) -> None:
        self.demo()
        text = self.said.getvalue()
        ports = {name: int(re.search(rf"{name} +(?:http://)?127.0.0.1:(\d+)", text)[1])
                 for name in ("SIP2 over TLS", "SIP2, plain", "health", "Librarika")}  # fmt: skip
        assert len(set(ports.values())) == 4
        trusted = self.state / "certificate.pem"
        assert f"certificate    {trusted}\n" in text
        sent, answers = await deferToThread(over_tls, ports["SIP2 over TLS"], trusted, LOGIN, CHECKOUT)
        assert answers[0] == "941"
        assert answers[1].startswith("121NNY")
        assert "|AJEmma|" in answers[1]
        fingerprint = re.search(r"SHA-256 +([0-9A-F:]{95})\n", text)[1]
        assert fingerprint.replace(":", "") == fingerprint_of(sent)
        for account in (
            "kiosk@riverside.example, password kiosk-secret\n",
            "kiosk@hillcrest.example, password hill-secret\n",
        ):
            assert account in text
        health = await deferToThread(http, ports["health"], "/health")
        assert health["listening"] == [
            f"127.0.0.1:{ports['SIP2 over TLS']}",
            f"127.0.0.1:{ports['SIP2, plain']}",
        ]
        library = await deferToThread(http, ports["Librarika"], "/riverside/api/v1/health")
        assert library

    async def test_workers_serve_the_demo_under_the_same_banner(self) -> None:
        demo = self.demo(workers=2)
        port = demo.gateway.listeners[0].port.getHost().port
        _, answers = await deferToThread(over_tls, port, self.state / "certificate.pem", LOGIN, CHECKOUT)
        assert answers[0] == "941"
        assert "|AJEmma|" in answers[1]
        assert f"SIP2 over TLS  127.0.0.1:{port}\n" in self.said.getvalue()
        health = await deferToThread(http, demo.gateway.admin_listener.port.getHost().port, "/health")
        assert [worker["worker"] for worker in health["workers"]] == [1, 2]

    async def test_the_command_that_can_be_pasted_for_openssl(self) -> None:
        demo = self.demo()
        (command,) = [line for line in self.said.getvalue().splitlines() if "openssl" in line]
        say, _, client = command.strip().partition(" | ")
        # openssl need not be here: what it would be told to do is done without it.
        arguments = dict(zip(shlex.split(client), shlex.split(client)[1:], strict=False))
        port = demo.gateway.listeners[0].port.getHost().port
        assert arguments["-connect"] == f"127.0.0.1:{port}"
        line = subprocess.run(
            ["sh", "-c", say.replace("sleep 1", ":")], capture_output=True, check=True
        ).stdout
        _, (answer,) = await deferToThread(over_tls, port, Path(arguments["-CAfile"]), line)
        assert answer.startswith("24   ")
        assert "|AEAmina Rahman|BLY|CQY|" in answer

    async def test_the_command_that_can_be_pasted_for_the_emulator(self) -> None:
        self.demo()
        (command,) = [line for line in self.said.getvalue().splitlines() if "sip2gw terminal" in line]
        program, *arguments = shlex.split(command)
        assert Path(program).name == "sip2gw"
        run = [sys.executable, "-c", "from sip2gw.tools.cli import main; main()", *arguments]
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        done = await deferToThread(
            subprocess.run, run, capture_output=True, text=True, timeout=30, check=False, env=environment
        )
        assert done.returncode == 0, done.stderr
        assert "AJEmma" in done.stdout

    def test_the_emulator_is_called_where_the_shell_would_not_find_it(self) -> None:
        bin_folder = self.state / "bin"
        bin_folder.mkdir(parents=True)
        (bin_folder / "sip2gw").touch(mode=0o755)
        self.patch(sys, "argv", [str(bin_folder / "twistd"), "sip2gw"])
        self.demo()
        assert f"  {bin_folder}/sip2gw terminal --port" in self.said.getvalue()

    def test_the_emulator_is_called_by_its_name_where_that_is_enough(self) -> None:
        bin_folder = self.state / "bin"
        bin_folder.mkdir(parents=True)
        (bin_folder / "sip2gw").touch(mode=0o755)
        self.patch(sys, "argv", [str(bin_folder / "twistd"), "sip2gw"])
        self.patch(os, "environ", {**os.environ, "PATH": str(bin_folder)})
        self.demo()
        assert "  sip2gw terminal --port" in self.said.getvalue()

    async def test_the_certificate_stays_over_a_restart(self) -> None:
        first = self.demo()
        await first.stopService()
        assert self.demo().pair.fingerprint == first.pair.fingerprint

    def test_ports_in_use_are_a_line_each_with_the_option(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            demo = Demo(options(self.state, **dict.fromkeys(PORTS, port)), reactor)
            with self.assertRaises(CannotListen) as raised:
                demo.privilegedStartService()
        lines = str(raised.exception).splitlines()
        assert len(lines) == 4
        for option in PORTS:
            (line,) = [line for line in lines if f"--{option} chooses another" in line]
            assert f"port {port} is in use by another program" in line

    async def test_libraries_of_ones_own(self) -> None:
        self.state.mkdir()
        path = self.state / "libraries.json"
        mine = {"nickname": "mine", "users": [{"username": "o'k", "password": "$x y"}]}
        mine["members"] = [{"member_no": "1"}]
        mine["media"] = [{"title": "T", "copies": [{"accession_no": "5"}]}]
        data = {"libraries": [mine]}
        path.write_text(json.dumps(data))
        self.demo(**{"demo-data": str(path)})
        text = self.said.getvalue()
        assert "mine (AO)" in text
        assert "riverside" not in text
        assert shlex.join(["--account", "o'k", "--password", "$x y", "checkout", "1", "5"]) in text

    def test_a_data_file_with_faults(self) -> None:
        with self.assertRaises(Wrong) as raised:
            Demo(options(self.state, **{"demo-data": "/nowhere.json"}), reactor)
        assert "/nowhere.json: can't be read" in str(raised.exception)

    def test_a_folder_that_can_not_be(self) -> None:
        self.state.write_text("a file")
        with self.assertRaises(Wrong) as raised:
            Demo(options(self.state), reactor)
        assert "name a folder with --state-dir" in str(raised.exception)

    def test_a_broken_certificate_is_a_fault(self) -> None:
        kept_pair(self.state / "tls")
        (self.state / "tls" / KEY).write_bytes(b"")
        with self.assertRaises(Wrong) as raised:
            Demo(options(self.state), reactor)
        assert f"remove {self.state / 'tls'}" in str(raised.exception)


LOGIN = b"9300CNkiosk@riverside.example|COkiosk-secret|AOriverside|\r"
CHECKOUT = b"11YN20260101    120000                  AOriverside|AAM-1001|AB10001|AC|\r"


def over_tls(port: int, trusted: Path, *lines: bytes) -> tuple[bytes, list[str]]:
    """The certificate (DER) and the answers to some lines."""
    context = ssl.create_default_context(cafile=str(trusted))
    plain = socket.create_connection(("127.0.0.1", port), 10)
    with (
        plain,
        context.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
        secure.makefile("rwb") as file,
    ):
        answers = []
        for line in lines:
            file.write(line)
            file.flush()
            answer = b""
            while not answer.endswith(b"\r"):
                answer += file.read(1)
            answers.append(answer.decode().strip())
        return secure.getpeercert(True), answers


def http(port: int, path: str) -> dict:
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=10) as answer:
        return json.load(answer)


def fingerprint_of(der: bytes) -> str:
    return sha256(der).hexdigest().upper()


def test_the_key_is_for_its_owner_alone(tmp_path):
    kept_pair(tmp_path / "a" / "b")
    assert stat.S_IMODE((tmp_path / "a" / "b" / KEY).stat().st_mode) == 0o600
    assert sorted(file.name for file in (tmp_path / "a" / "b").iterdir()) == [CHAIN, KEY]


def test_the_certificate_of_the_demo_is_not_an_authority(tmp_path):
    made = kept_pair(tmp_path).certificate
    names = made.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    assert [str(ip) for ip in names.get_values_for_type(x509.IPAddress)] == ["127.0.0.1", "::1"]
    assert not made.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert made.subject.rfc4514_string() == "CN=localhost"


def test_only_an_expired_certificate_is_made_again(tmp_path):
    first = kept_pair(tmp_path)
    assert kept_pair(tmp_path).fingerprint == first.fingerprint
    key = load_pem_private_key((tmp_path / KEY).read_bytes(), None)
    old = certificate(key, datetime.now(UTC) - LIFE - timedelta(days=1))
    (tmp_path / CHAIN).write_bytes(old.public_bytes(Encoding.PEM))
    renewed = kept_pair(tmp_path)
    assert renewed.days_left() > 800
    assert renewed.fingerprint != first.fingerprint


def test_a_first_start_that_was_cut_short_is_made_good(tmp_path):
    kept_pair(tmp_path)
    (tmp_path / CHAIN).unlink()
    (tmp_path / "privkey.new").write_bytes(b"half a")
    assert kept_pair(tmp_path).days_left() > 800


@pytest.mark.parametrize(
    ("option", "environment", "folder"),
    [
        ("/somewhere", {"XDG_STATE_HOME": "/xdg"}, "/somewhere"),
        ("here", {}, str(Path.cwd() / "here")),
        (None, {"XDG_STATE_HOME": "/xdg"}, "/xdg/sip2gw"),
        (None, {"XDG_STATE_HOME": "relative"}, str(Path.home() / ".local/state/sip2gw")),
        (None, {"XDG_STATE_HOME": ""}, str(Path.home() / ".local/state/sip2gw")),
        (None, {}, str(Path.home() / ".local/state/sip2gw")),
    ],
)
def test_where_the_state_is(option, environment, folder):
    assert str(state_folder(option, environment)) == folder


def test_a_library_with_nothing_to_try_has_no_commands(tmp_path):
    text = banner(
        {"libraries": [{"nickname": "bare"}]},
        kept_pair(tmp_path),
        tmp_path,
        tls=1,
        plain=2,
        admin=3,
        sandbox=4,
    )
    assert "bare (AO)" in text
    assert "Try in" not in text
