"""Terminals that can't log in, to which the configuration gives a library and an account."""

from __future__ import annotations

from ipaddress import ip_network

import pytest
from attrs import evolve
from twisted.internet.defer import fail
from twisted.internet.error import ConnectError
from twisted.logger import capturedLogs

from sip2gw.addresses import Peer
from sip2gw.gateway.given import EndpointFactory, Given, login_given
from sip2gw.library import Credentials
from sip2gw.session import Login

from .desk import CHECKOUT, LOGIN, PATRON, STATUS, Bench, told

KIOSK = Login(Credentials("kiosk@riverside.example", "kiosk-secret"), "riverside")
WRONG = Login(Credentials("kiosk@riverside.example", "not-it"), "riverside")
OPENALL = Login(Credentials("kiosk@openall.example", "open-secret"), "openall")
VUFIND = "2300120260301    101500AO{}|AAM-1001|AC|AD1234|"


class GivenBench(Bench):
    """A gateway at one endpoint that gives accounts."""

    given: tuple[Given, ...] = (Given(KIOSK),)

    def connect(self, address: str = "192.168.1.1") -> bool:
        terminals = self.factory
        self.factory = EndpointFactory(terminals, self.given)  # type: ignore[assignment]
        try:
            return super().connect(address)
        finally:
            self.factory = terminals

    def asked(self, library: str) -> int:
        """How many sign-ins this library was asked for."""
        return int(self.sandbox.requests(library).get(library, {}).get("create_token", 0))


@pytest.fixture
def bench():
    bench = GivenBench()
    yield bench
    bench.sandbox.close()


@pytest.mark.parametrize("method", ["GET", "POST", "PUT"])
def test_a_page_in_a_browser_can_not_send_requests_to_a_terminal_s_port(bench, method):
    head = f"{method} /board HTTP/1.1\r\nHost: 192.0.2.1:6001\r\nContent-Type: text/plain\r\n\r\n"
    with capturedLogs() as logs:
        assert bench.hear(head.encode() + CHECKOUT.encode() + b"\r") == b""
    assert bench.transport.aborted
    assert bench.calls.made == []
    assert "it speaks HTTP; connect only what speaks SIP2 to this port" in "\n".join(told(logs, "warn"))


def give(bench: GivenBench, *given: Given, address: str = "192.168.1.1") -> None:
    bench.given = given
    assert bench.connect(address)


@pytest.mark.parametrize("library", ["", "riverside", "RIVERSIDE"])
def test_K13_a_terminal_with_a_given_account_is_served_without_a_93(bench, library):
    assert bench.say(STATUS).startswith("98Y")
    assert "CQY" in bench.say(VUFIND.format(library))
    answer = bench.say(
        VUFIND.format(library).replace("23001", "63001").replace("101500", "101500Y         ", 1)
    )
    assert answer.startswith("64")
    assert "AEAmina" in answer
    assert bench.say(CHECKOUT).startswith("121")


def test_K13_the_first_request_need_not_be_a_99(bench):
    assert "CQY" in bench.say(VUFIND.format(""))


@pytest.mark.parametrize("password", ["pa:ss", "kiosk@openall.example:open-secret", "::", "a:b:c"])
@pytest.mark.parametrize("first", [[], [STATUS], [VUFIND.format("")]])
def test_K7_K13_an_AC_with_a_colon_at_a_given_account_is_no_account(bench, first, password):
    for line in first:
        bench.say(line)
    for library in ("", "riverside"):
        assert "CQY" in bench.say(VUFIND.format(library).replace("|AC|", f"|AC{password}|"))
    assert bench.asked("openall") == 0


def test_K13_a_name_of_another_library_is_refused_and_it_is_not_asked(bench):
    assert "CQY" not in bench.say(PATRON.replace("AOriverside", "AOopenall"))
    assert bench.asked("openall") == 0
    assert bench.say(LOGIN.replace("AOriverside", "AOopenall")) == "940"
    assert bench.asked("openall") == 0
    assert bench.say("9300CN|CO|CP|") == "941"
    assert "CQY" in bench.say(PATRON), "it goes on with its own"


@pytest.mark.parametrize(
    "login",
    [
        "9300CN|CO|CP|",
        "9300CN|CO|CPFront Desk|",
        "9300CNanything|COat-all|CPWest|",
        "9300CNopenall|COsome:thing|CP|",
        "9300CN|CO|CP|AOriverside|",
        LOGIN,
    ],
)
def test_K13_a_93_that_it_sends_anyway_is_accepted(bench, login):
    assert bench.say(login) == "941"
    assert "CQY" in bench.say(PATRON)
    assert bench.say(login) == "941", "and so it is again"
    assert bench.asked("openall") == 0


def test_K13_a_93_with_an_account_of_the_library_is_checked(bench):
    assert bench.denied(LOGIN.replace("kiosk-secret", "not-it")) == "940"


def test_a_given_terminal_is_not_online_while_its_library_is_gone(bench, monkeypatch):
    monkeypatch.setattr(bench.calls, "request", lambda *_, **__: fail(ConnectError()))
    give(bench, Given(KIOSK))
    assert bench.say(STATUS).startswith("98N")


def test_K13_a_given_password_that_is_wrong_is_not_tried_each_time(bench):
    give(bench, Given(WRONG))
    assert bench.say(STATUS).startswith("98"), "a 99 is answered as before a login"
    for _ in range(5):
        bench.hear(PATRON.encode() + b"\r")
        bench.clock.advance(2)
        assert b"CQY" not in bench.transport.value()
        assert bench.say(STATUS).startswith("98")
    assert bench.asked("riverside") == 1


def test_K13_an_address_range_alone_is_given_the_account(bench):
    given = Given(KIOSK, networks=(ip_network("192.0.2.16/28"), ip_network("2001:db8::/48")))
    for address in ("192.0.2.17", "2001:db8::7", "::ffff:192.0.2.20"):
        give(bench, given, address=address)
        assert "CQY" in bench.say(PATRON)
    for address in ("192.0.2.15", "2001:db9::7"):
        give(bench, given, address=address)
        assert "CQY" not in bench.say(PATRON)
        assert bench.say(LOGIN) == "941", "others log in as ever"


def test_K13_the_certificate_counts_first_and_then_the_narrowest_network():
    wide = Given(KIOSK, networks=(ip_network("192.0.0.0/16"),))
    narrow = Given(OPENALL, networks=(ip_network("192.0.2.0/24"),))
    certified = Given(WRONG, certificate="north-kiosk-1")
    anybody = Given(evolve(KIOSK, location="anybody"))
    given = (wide, narrow, certified, anybody)
    assert login_given(given, Peer("192.0.2.7", "north-kiosk-1")) is certified.login
    assert login_given(given, Peer("192.0.2.7", "north-kiosk-2")) is narrow.login
    assert login_given(given, Peer("192.0.9.7")) is wide.login
    assert login_given(given, Peer("198.51.100.7")) is anybody.login
    assert login_given(given[:3], Peer("198.51.100.7")) is None
    assert login_given(given[:3], Peer("")) is None


def test_K13_terminals_of_two_libraries_share_an_endpoint_by_address(bench):
    given = (
        Given(KIOSK, networks=(ip_network("192.0.2.1"),)),
        Given(OPENALL, networks=(ip_network("192.0.2.2"),)),
    )
    for address, library in (("192.0.2.1", "riverside"), ("192.0.2.2", "openall")):
        give(bench, *given, address=address)
        assert f"AO{library}" in bench.say(STATUS)


def test_K13_a_repr_shows_no_account():
    assert "secret" not in repr(Given(KIOSK))
    assert "kiosk@" not in repr(Given(KIOSK))
