"""What is counted has as many names as the gateway gives it, and none that comes off the wire."""

import pytest

from sip2gw.gateway import TerminalFactory
from sip2gw.metrics import OTHER, Metrics

from .desk import PATRON, Bench

LOGIN = "9300CNkiosk@riverside.example|COkiosk-secret|AO{}|"


def series(metrics: Metrics) -> set[tuple]:
    return {
        (sample.name, *sample.labels.items())
        for family in metrics.registry.collect()
        for sample in family.samples
    }


@pytest.mark.untraced
def test_F96_ten_thousand_libraries_that_nobody_knows_make_no_series():
    bench = Bench()

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
        bench.terminal.dataReceived(f"9900302.00AOn{number}|\r".encode())
    assert bench.transport.value().count(b"98") == 10_001
    for number in range(5):
        log_in(f"n{number}")
    assert series(bench.factory.metrics) == before


def test_F96_what_a_library_without_a_name_does_is_counted_among_others():
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


def test_F96_the_libraries_that_are_named_are_so_many_and_no_more():
    metrics = Metrics(libraries=2, named=["riverside"])
    assert [metrics.library(name) for name in ("hillcrest", "riverside", "openall", "hillcrest")] == [
        "hillcrest",
        "riverside",
        OTHER,
        "hillcrest",
    ]
