"""A bug behind a request costs the terminal a refusal and not its session, unless it goes on so."""

from __future__ import annotations

from inspect import iscoroutinefunction

import pytest
from twisted.logger import capturedLogs

from sip2gw.gateway.library_requests import BUGS_COUNT_FOR
from sip2gw.sip2 import parse

from .desk import CHECKIN, CHECKOUT, DATE, LOGIN, PATRON, Bench

AO = "AOriverside|"
REQUESTS = [
    PATRON,
    f"63001{DATE}Y         {AO}AAM-1001|AC|AD1234|",
    f"35{DATE}{AO}AAM-1001|",
    f"01N{DATE}{AO}ALlost|AAM-1001|AC|",
    f"25{DATE}{AO}AAM-1001|AC|",
    CHECKOUT,
    CHECKIN,
    f"29NN{DATE}{DATE}{AO}AAM-1001|AB10001|",
    f"65{DATE}{AO}AAM-1001|",
    f"15+{DATE}{AO}AAM-1001|AB10001|",
    f"17{DATE}{AO}AB10001|",
    f"19{DATE}{AO}AB10001|CH|",
    f"37{DATE}0400USDBV1.00|{AO}AAM-1001|",
]


class Broken:
    """A library with a bug behind everything that is asked of it."""

    def __init__(self, library) -> None:
        self._library = library

    def __getattr__(self, name: str):
        found = getattr(self._library, name)
        return self._fail if iscoroutinefunction(found) and name != "denied" else found

    async def _fail(self, *_: object, **__: object):
        raise KeyError("canary-M-1001")


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.sandbox.close()


def break_library(bench: Bench) -> None:
    bench.meet(Broken)


@pytest.mark.parametrize("line", REQUESTS, ids=[line[:2] for line in REQUESTS])
def test_F92_each_request_that_meets_a_bug_is_refused(bench, line):
    assert bench.say(LOGIN) == "941"
    break_library(bench)
    with capturedLogs() as logs:
        answer = bench.say(line)
    request, _ = parse(line.encode())
    response, _ = parse(answer.encode())
    assert type(response) is type(request).response
    assert "canary" not in answer
    failures = [event for event in logs if "log_failure" in event]
    assert len(failures) <= 1
    if failures:
        assert "canary" not in failures[0]["log_format"]
        assert failures[0]["bug"] in answer
    assert bench.say("97AZFEF5") == answer, "the session lives"


def test_F92_the_number_on_the_screen_is_in_the_log(bench, monkeypatch):
    assert bench.say(LOGIN) == "941"
    break_library(bench)
    with capturedLogs() as logs:
        refused = bench.say(CHECKOUT)
    (failure,) = [event for event in logs if "log_failure" in event]
    assert refused.startswith("120NUN")
    assert f"({failure['bug']})|" in refused
    assert failure["log_format"].format(**failure) == f"riverside 11 hit a bug, {failure['bug']}"


def test_F92_so_many_bugs_in_a_minute_and_the_connection_ends(bench):
    assert bench.say(LOGIN) == "941"
    break_library(bench)
    most = bench.factory.limits.bugs
    for _ in range(most - 1):
        bench.say(CHECKOUT)
    bench.clock.advance(BUGS_COUNT_FOR)
    for _ in range(most - 1):
        bench.say(CHECKOUT)
    assert bench.say("97").startswith("120")
    assert not bench.transport.disconnecting
    assert bench.say(CHECKOUT).startswith("120"), "the last one is answered, too"
    assert bench.transport.disconnecting
    assert bench.counted("bugs") == 1
