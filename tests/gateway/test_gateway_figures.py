"""What is counted has as many names as the gateway gives it, and none that comes off the wire."""

from datetime import UTC, datetime
from time import time

import pytest

from sip2gw.gateway import TerminalFactory
from sip2gw.librarika import Librarika
from sip2gw.library_gauges import MOST
from sip2gw.metrics import OTHER, Metrics
from sip2gw.tenants import Directory

from .desk import PATRON, Bench

LOGIN = "9300CNkiosk@riverside.example|COkiosk-secret|AO{}|"


def series(metrics: Metrics) -> set[tuple]:
    return {
        (sample.name, *sample.labels.items())
        for family in metrics.registry.collect()
        for sample in family.samples
    }


@pytest.mark.untraced
def test_F96_ten_thousand_unknown_libraries_make_no_series():
    bench = Bench()
    bench.terminal.connectionLost()

    def log_in(library: str) -> None:
        bench.connect()
        bench.say(LOGIN.format(library))
        bench.clock.advance(2)
        assert bench.transport.value() == b"940\r"
        bench.transport.loseConnection()
        bench.terminal.connectionLost()

    log_in("no-such-library")
    bench.connect()
    assert bench.say("9900302.00AO0|").startswith("98")
    before = series(bench.factory.metrics)
    for number in range(10_000):
        if number % 50 == 0:  # nobody may ask so much without a pause
            bench.terminal.connectionLost()
            bench.clock.advance(20)
            bench.connect()
        assert bench.say(f"9900302.00AOn{number}|").startswith("98")
    for number in range(5):
        log_in(f"n{number}")
    assert series(bench.factory.metrics) == before


def test_F96_a_library_without_a_label_is_counted_as_other():
    bench = Bench()
    metrics = Metrics(libraries=0)
    bench.factory = TerminalFactory(bench.directory, reactor=bench.clock, metrics=metrics)
    bench.connect()
    assert bench.say(LOGIN.format("riverside")) == "941"
    assert bench.say(PATRON).startswith("24")
    bench.clock.advance(2)
    named = {label for one in series(metrics) for label in one[1:] if label[0] == "library"}
    assert named == {("library", OTHER)}
    assert metrics.registry.get_sample_value(
        "sip2gw_messages_total", {"library": OTHER, "message": "23", "outcome": "answered"}
    )


def test_F96_libraries_above_the_limit_get_no_label():
    metrics = Metrics(libraries=2, named=["riverside"])
    assert [metrics.library(name) for name in ("hillcrest", "riverside", "openall", "hillcrest")] == [
        "hillcrest",
        "riverside",
        OTHER,
        "hillcrest",
    ]


def value(metrics: Metrics, name: str, **labels: str) -> float | None:
    return metrics.registry.get_sample_value(f"sip2gw_{name}", labels)


def test_K23_the_seats_of_other_libraries_are_a_sum():
    metrics = Metrics(libraries=1, named=["riverside"])
    for library, used in (("riverside", 9), ("hillcrest", 2), ("openall", 3), ("hillcrest", 4)):
        metrics.seats.set(library, used, "used")
    metrics.seats.set("hillcrest", 5, "licensed")
    assert value(metrics, "seats", library=OTHER, state="used") == 7
    assert value(metrics, "seats", library="riverside", state="used") == 9
    assert value(metrics, "seats", library=OTHER, state="licensed") == 5
    metrics.seats.set("openall", 0, "used")
    assert value(metrics, "seats", library=OTHER, state="used") == 4


def test_K23_an_unnamed_library_in_trouble_has_a_series_while_it_lasts():
    metrics = Metrics(libraries=0)
    metrics.breakers.set("hillcrest", 0)
    assert value(metrics, "breaker", library="hillcrest") is None
    metrics.breakers.set("hillcrest", 2)
    assert value(metrics, "breaker", library="hillcrest") == 2
    for number in range(MOST + 5):
        metrics.breakers.set(f"n{number}", 1)
    assert value(metrics, "breaker", library=OTHER) == 1, "the worst of those that found no series"
    metrics.breakers.set("hillcrest", 0)
    assert value(metrics, "breaker", library="hillcrest") is None
    for number in range(MOST + 5):
        metrics.breakers.set(f"n{number}", 0)
    assert value(metrics, "breaker", library=OTHER) == 0
    assert {one for one in series(metrics) if one[0] == "sip2gw_breaker"} == {
        ("sip2gw_breaker", ("library", OTHER))
    }


@pytest.mark.parametrize(("libraries", "series_left"), [(500, 0), (0, None)])
def test_K23_three_failed_calls_of_a_small_library_are_a_figure(libraries, series_left):
    bench = Bench()
    metrics = Metrics(libraries=libraries)
    bench.librarika = Librarika(
        bench.clock, "http://localhost/{library}/api/v1", http=bench.calls, metrics=metrics
    )
    bench.directory = Directory(
        bench.librarika, clock=lambda: datetime.fromtimestamp(bench.clock.seconds(), UTC)
    )
    bench.factory = TerminalFactory(bench.directory, reactor=bench.clock, metrics=metrics)
    bench.connect()
    assert bench.say(LOGIN.format("riverside")) == "941"
    bench.sandbox.misbehave("error", endpoint="find_member")
    for _ in range(3):
        bench.say(PATRON)
        bench.clock.advance(60)
    assert value(metrics, "calls_failed_in_a_row", library="riverside") >= 3
    assert value(metrics, "breaker", library="riverside") in (0, None), "too few for it"
    bench.sandbox.behave()
    assert bench.say(PATRON).startswith("24")
    assert value(metrics, "calls_failed_in_a_row", library="riverside") == series_left


def test_terminals_and_last_activity_are_known_by_library():
    bench = Bench()
    metrics = bench.factory.metrics
    assert bench.say(LOGIN.format("riverside")) == "941"
    first = bench.terminal
    bench.connect()
    assert bench.say(LOGIN.format("riverside")) == "941"
    assert value(metrics, "terminals", library="riverside") == 2
    bench.clock.advance(3600)
    assert bench.say(PATRON).startswith("24")
    assert value(metrics, "last_activity_seconds", library="riverside") == pytest.approx(time(), abs=60)
    first.connectionLost()
    assert value(metrics, "terminals", library="riverside") == 1
    bench.terminal.connectionLost()
    assert value(metrics, "terminals", library="riverside") == 0
    assert value(metrics, "disconnects_total", by="terminal", reason="none given") == 2


def test_terminals_of_libraries_without_a_label_add_up():
    bench = Bench()
    metrics = Metrics(libraries=1, named=["elsewhere"])
    bench.factory = TerminalFactory(bench.directory, reactor=bench.clock, metrics=metrics)
    bench.connect()
    assert bench.say(LOGIN.format("riverside")) == "941"
    bench.connect()
    assert bench.say("9300CNkiosk@openall.example|COopen-secret|AOopenall|") == "941"
    assert value(metrics, "terminals", library=OTHER) == 2


def test_a_refused_login_counts_at_a_library_that_has_a_label():
    bench = Bench()
    metrics = bench.factory.metrics
    assert bench.say(LOGIN.format("riverside")) == "941"
    for library in ("riverside", "nowhere"):
        bench.connect()
        assert bench.denied(LOGIN.format(library).replace("kiosk-secret", "wrong")) == "940"
    assert value(metrics, "logins_total", library="riverside", outcome="ok") == 1
    assert value(metrics, "logins_total", library="riverside", outcome="invalid_credentials") == 1
    assert value(metrics, "logins_total", library="nowhere", outcome="library_not_found") is None
    assert value(metrics, "logins_total", library=OTHER, outcome="library_not_found") == 1


def test_resent_repeated_and_damaged_lines_are_counted():
    bench = Bench()
    assert bench.say(LOGIN.format("riverside")) == "941"
    asked = PATRON.rstrip("\r")
    assert bench.say(asked).startswith("24")
    assert bench.say("97").startswith("24")
    assert bench.say(f"{asked}AY1AZ0000").startswith("96")
    counted = {
        fault: value(bench.factory.metrics, "line_faults_total", library="riverside", fault=fault)
        for fault in ("resent", "bad_checksum")
    }
    assert counted == {"resent": 1, "bad_checksum": 1}


def test_a_library_is_offline_in_the_metrics_once_a_kiosk_is_told_so():
    bench = Bench()
    metrics = Metrics()
    bench.librarika = Librarika(
        bench.clock, "http://localhost/{library}/api/v1", http=bench.calls, metrics=metrics
    )
    bench.directory = Directory(
        bench.librarika, clock=lambda: datetime.fromtimestamp(bench.clock.seconds(), UTC)
    )
    bench.factory = TerminalFactory(bench.directory, reactor=bench.clock, metrics=metrics)
    bench.connect()
    assert bench.say(LOGIN.format("riverside")) == "941"
    assert value(metrics, "library_offline", library="riverside") == 0
    bench.sandbox.misbehave("error")
    bench.clock.advance(60)
    assert bench.say("9900802.00")[2:4] == "NN"
    assert value(metrics, "library_offline", library="riverside") == 1
    bench.sandbox.behave()
    bench.clock.advance(60)
    assert bench.say("9900802.00")[2:4] == "YY"
    assert value(metrics, "library_offline", library="riverside") == 0
