"""Each fault on the way to a library and at it, as `sip2gw check` shows it: over TLS, from a real sandbox."""

import socket
import ssl
from contextlib import closing
from pathlib import Path
from threading import Thread

import pytest
from click import unstyle
from click.testing import CliRunner
from gateway.authority import Authority
from twisted.internet import reactor
from twisted.internet.defer import ensureDeferred
from twisted.internet.endpoints import serverFromString
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from sip2gw.check.command import ask, shown
from sip2gw.check.library import Subject
from sip2gw.check.steps import reach
from sip2gw.config import load
from sip2gw.library import Credentials
from sip2gw.sandbox import Sandbox
from sip2gw.secret import Secret
from sip2gw.tls.certificates import CHAIN, KEY
from sip2gw.tools.cli import main

ACCOUNT, PASSWORD = "kiosk@riverside.example", "kiosk-secret"


def written(folder: Path, url: str) -> Path:
    """A configuration whose libraries are at this URL and have a certificate of the authority in the folder."""
    config = folder / "sip2gw.toml"
    config.write_text(
        '[[listen]]\nendpoint = "tcp:0:interface=127.0.0.1"\n'
        f'[librarika]\nurl = "{url}/{{library}}/api/v1"\nca_file = "authority.pem"\n'
    )
    return config


class Checks(TestCase):
    """A library's system with a certificate that is trusted."""

    timeout = 60

    async def setUp(self) -> None:
        folder = Path(self.mktemp())
        folder.mkdir()
        authority = Authority()
        folder.joinpath("authority.pem").write_bytes(authority.pem)
        authority.write_pair(folder / "tls", "localhost")
        self.sandbox = Sandbox()
        self.addCleanup(self.sandbox.close)
        files = f"privateKey={folder / 'tls' / KEY}:certKey={folder / 'tls' / CHAIN}"
        endpoint = serverFromString(reactor, f"ssl:0:interface=127.0.0.1:{files}")
        port = await endpoint.listen(self.sandbox.site())
        self.addCleanup(port.stopListening)
        self.config = load(written(folder, f"https://localhost:{port.getHost().port}"))

    async def checked(
        self, library: str = "riverside", password: str = PASSWORD, **more: str
    ) -> dict[str, str]:
        """What is shown of each step at the library."""
        account = f"kiosk@{library}.example"
        subject = Subject(library, Credentials(account, Secret(password)), **more)
        steps = await ensureDeferred(ask(self.config, reactor, subject))
        return {step.name: unstyle(shown(step)) for step in steps}

    async def failed(self, step: str, *words: str, **how: str) -> None:
        """One step fails, with a fix in its second line; it is the last one of a login."""
        found = await self.checked(**how)
        failed = {name: text for name, text in found.items() if text.startswith("FAIL")}
        assert list(failed) == [step], found
        first, fix = failed[step].split("\n")
        for text, word in zip((first, fix), words, strict=True):
            assert word in text, failed

    async def test_the_way_to_the_api_ends_with_its_certificate(self) -> None:
        url = self.config.librarika.url.replace("{library}", "riverside")
        steps = await deferToThread(lambda: list(reach(url, self.config.librarika.ca_file)))
        assert [(step.name, step.ok) for step in steps] == [
            ("DNS", True), ("TCP", True), ("TLS", True), ("certificate", True),
        ], steps  # fmt: skip

    async def test_a_library_that_is_well_has_no_step_that_fails(self) -> None:
        found = await self.checked(location="Main", member="M-1001", copy="10007", used=3)
        assert all(text.startswith("ok ") for text in found.values()), found
        assert list(found) == [
            "library", "token", "permission", "activation", "seats", "terminal", "member", "copy", "due date",
        ]  # fmt: skip
        assert "25 licences, 3 in use" in found["seats"]

    async def test_a_wrong_password_is_named(self) -> None:
        await self.failed("token", "invalid credentials", "wrong user name or password", password="wrong")

    async def test_an_account_that_is_not_active_is_named(self) -> None:
        self.sandbox.change_user("riverside", ACCOUNT, status="Inactive")
        await self.failed("token", "account inactive", "activate it")

    async def test_an_account_without_the_permission_is_named(self) -> None:
        self.sandbox.change_user("riverside", ACCOUNT, groups=["Library Member"])
        await self.failed("permission", "permission missing", "Change Permissions")

    async def test_an_account_that_is_not_activated_is_named(self) -> None:
        self.sandbox.change_user("riverside", ACCOUNT, sip2_activated=False)
        await self.failed("activation", "sip2 not activated", "ask Librarika's support")

    async def test_a_library_that_is_unknown_is_named(self) -> None:
        await self.failed("library", "library not found", "the part before .librarika.com", library="nowhere")

    async def test_a_library_whose_seats_are_taken_is_named(self) -> None:
        how = {"library": "hillcrest", "password": "hill-secret"}
        await self.failed("seats", "1 licence, 1 in use", "buy another licence", used=1, **how)

    async def test_a_library_without_a_licence_is_named(self) -> None:
        self.sandbox.change_library("riverside", sip2={"enabled": True, "terminals_licensed": 0})
        await self.failed("seats", "0 licences", "buy a licence")

    async def test_a_location_that_is_no_branch_is_named(self) -> None:
        await self.failed("terminal", "not a branch", "Main, North", location="Nrth")

    async def test_a_member_that_is_unknown_is_named(self) -> None:
        await self.failed("member", "member not found", "digit by digit", member="M-9999")

    async def test_a_copy_that_is_unknown_is_named(self) -> None:
        await self.failed("copy", "copy not found", "prefix, zeros, spaces", copy="99999")

    async def test_an_api_that_fails_is_named(self) -> None:
        self.sandbox.misbehave("error", status=500)
        await self.failed("library", "does not answer as it should", "try again")


def server(folder: Path, *names: str, days: int = 90) -> tuple[socket.socket, ssl.SSLContext]:
    """A listening socket, and the context of a server with a certificate for these names."""
    authority = Authority()
    folder.joinpath("authority.pem").write_bytes(authority.pem)
    authority.write_pair(folder / "tls", *names, days=days)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "tls" / CHAIN, folder / "tls" / KEY)
    return socket.create_server(("127.0.0.1", 0)), context


def serve_once(listening: socket.socket, context: ssl.SSLContext | None) -> None:
    """Take one client, and end when it has gone. Without a context it gets a line of another protocol."""
    peer, _ = listening.accept()
    with peer:
        if context is None:
            peer.sendall(b"220 mail.example ESMTP\r\n")
            peer.recv(1024)
            return
        try:
            with context.wrap_socket(peer, server_side=True) as secure:
                secure.recv(1)
        except OSError:
            pass


@pytest.mark.parametrize(
    ("name", "days", "found", "fix"),
    [
        ("other.example", 90, "Hostname mismatch", "librarika.url"),
        ("localhost", -1, "certificate has expired", "must renew it"),
        ("localhost", 5, "4 days left", "must renew it"),
    ],
    ids=["of another host", "expired", "soon over"],
)
def test_a_certificate_that_is_wrong_is_shown_with_the_fix(tmp_path, name, days, found, fix):
    listening, context = server(tmp_path, name, days=days)
    printed = checked(tmp_path, listening, context)
    assert "ok   TLS" in printed
    assert fails(printed, "certificate", found, fix)


def test_an_authority_that_is_not_trusted_is_shown_with_the_fix(tmp_path):
    listening, context = server(tmp_path, "localhost")
    tmp_path.joinpath("authority.pem").write_bytes(Authority("Another Authority").pem)
    printed = checked(tmp_path, listening, context)
    assert fails(printed, "certificate", "self-signed certificate in", "librarika.ca_file")


def test_another_protocol_is_shown_with_the_fix(tmp_path):
    listening, _ = server(tmp_path, "localhost")
    assert fails(checked(tmp_path, listening, None), "TLS", "", "a proxy or a firewall")


def test_a_port_that_is_closed_is_shown_with_the_fix(tmp_path):
    listening, _ = server(tmp_path, "localhost")
    port = listening.getsockname()[1]
    listening.close()
    printed = command(written(tmp_path, f"https://localhost:{port}"))
    assert fails(printed, "TCP", "refused", f"connect to localhost, port {port}")


def test_a_name_that_is_unknown_is_shown_with_the_fix(tmp_path):
    server(tmp_path, "localhost")[0].close()
    assert fails(
        command(written(tmp_path, "https://nowhere.invalid")), "DNS", "nowhere.invalid", "name server"
    )


def checked(folder: Path, listening: socket.socket, context: ssl.SSLContext | None) -> str:
    """What the command prints of an API behind this socket."""
    serving = Thread(target=serve_once, args=(listening, context), daemon=True)
    with closing(listening):
        serving.start()
        printed = command(written(folder, f"https://localhost:{listening.getsockname()[1]}"))
        serving.join()
    return printed


def command(config: Path) -> str:
    """What the command prints if it ends before it asks the API."""
    done = CliRunner().invoke(main, ["check", "riverside", "--config", str(config)])
    assert done.exit_code == 1, done.output
    return done.output


def fails(printed: str, step: str, found: str, fix: str) -> bool:
    """Whether the last step has failed for this reason, with the fix below it."""
    *_, last, below = printed.splitlines()
    assert last.startswith(f"FAIL {step} "), printed
    return found in last and fix in below
