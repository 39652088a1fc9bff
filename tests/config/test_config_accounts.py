"""Accounts that the configuration gives to terminals that can't log in: what it takes, and what it refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner
from twisted.internet import reactor

from sip2gw.addresses import Peer
from sip2gw.config import load
from sip2gw.demo.selfsigned import kept_pair
from sip2gw.faults import ConfigFaults
from sip2gw.tools.check_config import check_config
from sip2gw.wiring.configured import given
from sip2gw.wiring.gateway import Gateway

LOOPBACK = '[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n'
PUBLIC = '[[listen]]\nendpoint = "tcp:6001"\ninsecure = true\n'
TLS = '[[listen]]\nendpoint = "tcp:6009"\ncertificates = "tls"\n'
MUTUAL = TLS + 'client_authorities = "tls/fullchain.pem"\n'
ACCOUNT = 'library = "riverside"\naccount = "kiosk@riverside.example"\npassword_file = "password"\n'
PASSWORD = "kiosk: secret"


@pytest.fixture
def write(tmp_path: Path):
    """Write a configuration beside a certificate and a password."""
    kept_pair(tmp_path / "tls")
    (tmp_path / "password").write_text(PASSWORD + "\n")

    def write(text: str) -> Path:
        path = tmp_path / "sip2gw.toml"
        path.write_text(text)
        return path

    return write


def faults(path: Path) -> dict[str, str]:
    with pytest.raises(ConfigFaults) as raised:
        load(path)
    return {fault.place: f"{fault.problem}; {fault.fix}" for fault in raised.value.faults}


@pytest.mark.parametrize(
    ("text", "who"),
    [
        (LOOPBACK + ACCOUNT, "every client that reaches tcp:6001:interface=127.0.0.1 is"),
        (TLS + ACCOUNT, "every client that reaches tcp:6009 is"),
        (
            PUBLIC + ACCOUNT + 'addresses = ["192.0.2.16/28"]',
            "every client that reaches tcp:6001 from 192.0.2.16/28 is",
        ),
        (
            PUBLIC + '[[listen.terminals]]\naddresses = ["192.0.2.7"]\n' + ACCOUNT,
            "every client that reaches tcp:6001 from 192.0.2.7/32 is",
        ),
        (
            MUTUAL + '[[listen.terminals]]\ncertificate = "kiosk-1"\n' + ACCOUNT,
            "every client that reaches tcp:6009 with the certificate kiosk-1 is",
        ),
    ],
)
def test_K13_check_config_warns_of_each_given_account(write, text, who):
    result = CliRunner().invoke(check_config, [str(write(text))])
    assert result.exit_code == 0
    (warning,) = [line for line in result.stdout.splitlines() if "warning: " in line]
    assert f"{who} a terminal of riverside, without a login" in warning
    assert PASSWORD not in result.output


def test_K13_the_password_is_read_off_its_file(write):
    config = load(write(LOOPBACK + ACCOUNT))
    (one,) = given(config, 0)
    assert one.login.credentials.password.reveal() == PASSWORD
    assert one.login.library == "riverside"
    assert PASSWORD not in repr(config)


@pytest.mark.parametrize(
    "text",
    [
        PUBLIC + ACCOUNT,
        PUBLIC + ACCOUNT + 'addresses = ["0.0.0.0/0"]',
        PUBLIC + ACCOUNT + 'addresses = ["192.0.2.0/24", "::/1"]',
        LOOPBACK + 'proxy_from = ["127.0.0.1"]\n' + ACCOUNT,
    ],
)
def test_K13_a_public_plain_port_gives_no_account(write, text):
    assert "every client that reaches" in faults(write(text))["listen[0].library"]


def test_K13_a_table_for_terminals_on_a_public_plain_port_needs_addresses(write):
    found = faults(write(PUBLIC + '[[listen.terminals]]\ncertificate = "kiosk-1"\n' + ACCOUNT))
    assert found["listen[0].terminals[0].certificate"].startswith("means nothing without client_authorities")
    found = faults(write(PUBLIC + "[[listen.terminals]]\n" + ACCOUNT))
    assert set(found) == {"listen[0].terminals[0]", "listen[0].terminals[0].library"}


@pytest.mark.parametrize("lacks", ["library", "account", "password_file"])
def test_K13_library_account_and_password_file_come_together(write, lacks):
    lines = [line for line in ACCOUNT.splitlines() if not line.startswith(lacks)]
    found = faults(write(LOOPBACK + "\n".join(lines)))
    assert [problem.split(";")[0] for problem in found.values()] == [f"means nothing without {lacks}"]


def test_K13_addresses_alone_are_a_fault(write):
    assert "listen[0].addresses" in faults(write(LOOPBACK + 'addresses = ["192.0.2.7"]'))


@pytest.mark.parametrize("content", ["", "\n", "one\ntwo\n", "a\tb\n"])
def test_K13_a_password_file_has_one_line(write, tmp_path, content):
    (tmp_path / "password").write_text(content)
    problem = faults(write(LOOPBACK + ACCOUNT))["listen[0].password_file"]
    assert "does not have one line with a password" in problem
    assert "two" not in problem


def test_K13_a_password_file_that_everybody_can_read_is_refused(write, tmp_path):
    (tmp_path / "password").chmod(0o644)
    found = faults(write(LOOPBACK + '[[listen.terminals]]\naddresses = ["192.0.2.7"]\n' + ACCOUNT))
    assert "every user of this machine can read" in found["listen[0].terminals[0].password_file"]
    warned = load(write(LOOPBACK + ACCOUNT + '[security]\nreadable_secrets = "warn"\n'))
    assert any("listen[0].password_file" in warning for warning in warned.warnings)


def test_K13_a_library_that_is_not_a_nickname_is_a_fault(write):
    assert (
        "not a nickname"
        in faults(write(LOOPBACK + ACCOUNT.replace("riverside", "riv/er", 1)))["listen[0].library"]
    )


@pytest.mark.parametrize("bad", ['terminals = "x"', "terminals = [1]", "terminals = [{}]"])
def test_K13_terminals_that_are_not_tables_are_a_fault(write, bad):
    assert all(place.startswith("listen[0].terminals") for place in faults(write(LOOPBACK + bad)))


def test_K13_a_reload_gives_new_connections_another_account(write):
    gateway = Gateway(load(write(LOOPBACK + ACCOUNT)), reactor)
    (factory,) = gateway.factories
    assert factory.login_of(Peer("127.0.0.1")).library == "riverside"
    gateway.reload(load(write(LOOPBACK + ACCOUNT.replace('"riverside"', '"openall"'))))
    assert factory.login_of(Peer("127.0.0.1")).library == "openall"
    gateway.reload(load(write(LOOPBACK)))
    assert factory.login_of(Peer("127.0.0.1")) is None


def test_R5_configured_libraries_are_known_at_start_and_after_a_reload(write):
    gateway = Gateway(load(write(LOOPBACK + ACCOUNT + '[[libraries]]\nnickname = "hillcrest"\n')), reactor)
    known = gateway.librarika._is_known
    assert known("riverside.librarika.com")
    assert known("hillcrest.librarika.com")
    assert not known("openall.librarika.com")
    gateway.reload(load(write(LOOPBACK + '[[libraries]]\nnickname = "openall"\n')))
    assert known("openall.librarika.com")
    assert not known("riverside.librarika.com")


TWO_NETWORKS = (
    'addresses = ["192.0.2.0/28", "198.51.100.1"]',
    'addresses = ["203.0.113.0/24", "192.0.2.0/28"]',
)


@pytest.mark.parametrize(
    ("base", "one", "other"),
    [
        (LOOPBACK, 'addresses = ["192.0.2.7"]', 'addresses = ["192.0.2.7/32"]'),
        (LOOPBACK, *TWO_NETWORKS),
        (MUTUAL, 'certificate = "kiosk-1"', 'certificate = "kiosk-1"'),
        (MUTUAL, *(f'certificate = "kiosk-1"\n{networks}' for networks in TWO_NETWORKS)),
    ],
)
def test_K13_K21_two_accounts_for_the_same_terminals_are_a_fault(write, base, one, other):
    tables = f"[[listen.terminals]]\n{one}\n{ACCOUNT}[[listen.terminals]]\n{other}\n{ACCOUNT}"
    found = faults(write(base + tables))["listen[0].terminals[1]"]
    assert "names terminals that line " in found


@pytest.mark.parametrize("other", ['addresses = ["192.0.2.0/24"]', 'addresses = ["198.51.100.0/28"]'])
def test_K13_K21_a_network_within_another_may_have_its_own_account(write, other):
    one = 'addresses = ["192.0.2.0/28"]'
    tables = f"[[listen.terminals]]\n{one}\n{ACCOUNT}[[listen.terminals]]\n{other}\n{ACCOUNT}"
    assert load(write(LOOPBACK + tables))
