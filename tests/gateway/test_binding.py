"""A session belongs to one library for life: no request, however it is spelled, reaches another one."""

from __future__ import annotations

import pytest

from sip2gw.sip2 import REQUESTS, parse

from .test_gateway_protocol import DATE, LOGIN, Bench

OWN, OTHER = "riverside", "hillcrest"
OTHER_ACCOUNT = "kiosk@hillcrest.example:hill-secret"
LINES = {
    "01": f"01N{DATE}{{ao}}ALlost|AAM-1001|AC{{ac}}|",
    "09": f"09N{DATE}{DATE}AP|{{ao}}AB10001|AC{{ac}}|",
    "11": f"11YN{DATE}{DATE}{{ao}}AAM-1001|AB10001|AC{{ac}}|",
    "15": f"15+{DATE}{{ao}}AAM-1001|AB10001|AC{{ac}}|",
    "17": f"17{DATE}{{ao}}AB10001|AC{{ac}}|",
    "19": f"19{DATE}{{ao}}AB10001|AC{{ac}}|CHx|",
    "23": f"23001{DATE}{{ao}}AAM-1001|AC{{ac}}|AD1234|",
    "25": f"25{DATE}{{ao}}AAM-1001|AC{{ac}}|",
    "29": f"29YN{DATE}{DATE}{{ao}}AAM-1001|AB10001|AC{{ac}}|",
    "35": f"35{DATE}{{ao}}AAM-1001|AC{{ac}}|",
    "37": f"37{DATE}0100USDBV1.00|{{ao}}AAM-1001|AC{{ac}}|",
    "63": f"63001{DATE}          {{ao}}AAM-1001|AC{{ac}}|",
    "65": f"65{DATE}{{ao}}AAM-1001|AC{{ac}}|",
    "93": "9300CN|CO|{ao}AC{ac}|",
    "97": "97{ao}AC{ac}|",
    "99": "9900802.00{ao}AC{ac}|",
}
FOREIGN = [f"AO{OTHER}|", f"AO{OTHER.upper()}|", f"AO {OTHER} |", "AOnowhere|", f"AO{OTHER}.{OWN}|"]
DOUBLED = [
    f"AO{first}|AO{second}|" for first in (OWN, OTHER, "") for second in (OWN, OTHER, "") if first or second
]
HARMLESS = [f"AO{OWN}|", f"AO{OWN.upper()}|", "AORiverSide|", f"AO {OWN} |", "AO|", ""]


@pytest.fixture(scope="module")
def bench():
    bench = Bench()
    yield bench
    bench.sandbox.close()


def counts(bench, library):
    return bench.sandbox.requests(library), bench.sandbox.ledger(library)


def bound(bench):
    """A terminal that has just logged in."""
    bench.terminal.connectionLost()
    bench.connect()
    assert bench.say(LOGIN) == "941"


def test_the_matrix_has_every_request():
    assert set(LINES) == set(REQUESTS)


@pytest.mark.parametrize("code", LINES)
@pytest.mark.parametrize("account", ["", OTHER_ACCOUNT])
def test_F43_F44_a_request_that_names_another_library_never_reaches_it(bench, code, account):
    for ao in (*FOREIGN, *DOUBLED):
        bound(bench)
        before = counts(bench, OWN)
        answer = bench.say(LINES[code].format(ao=ao, ac=account))
        if code == "97":
            assert answer == "941", "the last answer again, and no question"
        elif code == "93":
            assert answer == "940"
        else:
            response, _ = parse(answer.encode())
            assert type(response) is REQUESTS[code].response
            assert not getattr(response, "ok", False)
        assert counts(bench, OWN) == before, f"nobody was asked {ao}"
    assert counts(bench, OTHER) == ({}, [])


@pytest.mark.parametrize("code", sorted(set(LINES) - {"93", "97", "99", "35"}))
def test_F43_the_own_library_is_served_however_it_is_spelled(bench, code):
    for ao in HARMLESS:
        bound(bench)
        before, _ = counts(bench, OWN)
        bench.say(LINES[code].format(ao=ao, ac=""))
        if code not in ("01", "19", "25"):  # not allowed at this library
            assert counts(bench, OWN)[0] != before, ao
    assert counts(bench, OTHER) == ({}, [])


@pytest.mark.parametrize("code", sorted(set(LINES) - {"93", "97", "99"}))
def test_F46_another_account_in_AC_is_refused(bench, code):
    bound(bench)
    before = counts(bench, OWN)
    bench.say(LINES[code].format(ao=f"AO{OWN}|", ac="desk@riverside.example:desk-secret"))
    bench.say(LINES[code].format(ao="AO|", ac=OTHER_ACCOUNT))
    assert counts(bench, OWN) == before
    assert counts(bench, OTHER) == ({}, [])


@pytest.mark.parametrize("code", sorted(set(LINES) - {"93", "97", "99"}))
def test_F43_before_the_login_no_request_reaches_a_library(bench, code):
    before = counts(bench, OWN)
    for ao in (*FOREIGN, *DOUBLED, *HARMLESS):
        bench.terminal.connectionLost()
        bench.connect()
        bench.say(LINES[code].format(ao=ao, ac=""))
    assert counts(bench, OWN) == before
    assert counts(bench, OTHER) == ({}, [])


def test_F45_a_second_login_of_another_account_ends_the_connection(bench):
    bound(bench)
    assert bench.say("9300CN|CO|AOriverside|ACdesk@riverside.example:desk-secret|") == "940"
    assert bench.transport.disconnecting
    bound(bench)
    assert bench.say(LOGIN) == "941", "the same account may"
    assert not bench.transport.disconnecting
