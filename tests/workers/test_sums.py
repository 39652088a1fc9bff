"""What several workers say becomes what one would have said."""

import json

from prometheus_client import generate_latest
from prometheus_client.parser import text_string_to_metric_families

from sip2gw.admin.health import Health, Status
from sip2gw.metrics import Metrics
from sip2gw.workers import sums


def told(metrics: Metrics) -> list[sums.Part]:
    """What comes through the channel."""
    return json.loads(json.dumps(list(sums.samples(metrics.registry))))


def page(*workers: Metrics) -> dict[tuple[str, frozenset], float]:
    """The series on the page, as Prometheus reads them."""
    total = sums.Sum()
    for number, worker in enumerate(workers, 1):
        total.add(str(number), told(worker))
    text = generate_latest(sums.registry_of(total)).decode()
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def series(name: str, **labels: str) -> tuple[str, frozenset]:
    return name, frozenset(labels.items())


def test_counters_histograms_and_gauges_are_added():
    one, other = Metrics(), Metrics()
    for metrics, times in ((one, 2), (other, 3)):
        for _ in range(times):
            metrics.messages.inc("riverside", "23", "answered")
            metrics.message_seconds.observe(0.02, "23")
        metrics.connections.labels(state="bound").set(times)
    other.logins.inc("riverside", "ok")
    found = page(one, other)
    labels = {"library": "riverside", "message": "23", "outcome": "answered"}
    assert found[series("sip2gw_messages_total", **labels)] == 5
    assert found[series("sip2gw_message_seconds_bucket", message="23", le="0.025")] == 5
    assert found[series("sip2gw_message_seconds_bucket", message="23", le="0.01")] == 0
    assert found[series("sip2gw_message_seconds_count", message="23")] == 5
    assert found[series("sip2gw_connections", state="bound")] == 5
    assert found[series("sip2gw_logins_total", library="riverside", outcome="ok")] == 1


def test_a_gauge_without_a_sum_is_shown_for_each_worker_or_the_worst():
    one, other = Metrics(), Metrics()
    one.loop_lag.set(0.5)
    other.loop_lag.set(0.25)
    for metrics, days, breaker in ((one, 20, 0), (other, 10, 2)):
        metrics.certificate_days_left.labels("tcp:6009", "tls").set(days)
        metrics.library("riverside")
        metrics.breakers.set("riverside", breaker)
        metrics.seats.set("riverside", 25, "licensed")
        metrics.seats.set("riverside", 4, "used")
        metrics.terminals.set("riverside", 3)
        metrics.last_activity.note("riverside", 1000.0 + days)
        metrics.offline.set("riverside", breaker == 2)
    found = page(one, other)
    assert found[series("sip2gw_loop_lag_seconds", worker="1")] == 0.5
    assert found[series("sip2gw_loop_lag_seconds", worker="2")] == 0.25
    assert found[series("sip2gw_certificate_days_left", listener="tcp:6009", certificate="tls")] == 10
    assert found[series("sip2gw_breaker", library="riverside")] == 2
    assert found[series("sip2gw_seats", library="riverside", state="licensed")] == 25
    assert found[series("sip2gw_seats", library="riverside", state="used")] == 8
    assert found[series("sip2gw_terminals", library="riverside")] == 6
    assert found[series("sip2gw_last_activity_seconds", library="riverside")] == 1020
    assert found[series("sip2gw_library_offline", library="riverside")] == 1
    assert [value for key, value in found.items() if key[0] == "sip2gw_build_info"] == [1]
    assert found[series("process_resident_memory_bytes", worker="1")] > 0


def test_only_counters_outlive_their_process():
    metrics = Metrics()
    metrics.logins.inc("riverside", "ok")
    metrics.connections.labels(state="bound").set(3)
    kept = {family[0]: family for family in sums.counters(told(metrics))}
    assert kept["sip2gw_logins"][3][0] == [
        "sip2gw_logins_total",
        {"library": "riverside", "outcome": "ok"},
        1.0,
    ]
    assert "sip2gw_connections" not in kept
    assert not any(name in sums.APART for name in kept)


def library(state: str = "closed", online: bool = True, **more: object) -> dict[str, object]:
    common = {
        "nickname": "riverside",
        "since": "2026-03-01T10:15:00+00:00",
        "last_failure": "",
        "in_flight": 1,
    }
    return {**common, "state": state, "online": online, "waiting": 2, **more}


def test_health_has_the_sum_of_terminals_and_the_worst_of_each_library():
    own = Health(Status.DEGRADED, "1", terminals=0, listening=("a:1",), warnings=("plain",))
    answers = [
        {"terminals": 3, "warnings": ["plain", "ends soon"], "back_ends": [library()]},
        {
            "terminals": 4,
            "warnings": ["ends soon"],
            "back_ends": [library("open", False, last_failure="late")],
        },
    ]
    health = sums.health(own, answers, [{"worker": 1}])
    assert (health.status, health.terminals, health.listening) == (Status.DEGRADED, 7, ("a:1",))
    assert health.warnings == ("plain", "ends soon")
    assert health.workers == ({"worker": 1},)
    (worst,) = health.back_ends
    assert worst == library("open", False, last_failure="late", in_flight=2, waiting=4)


def test_terminals_of_all_workers_are_listed_and_their_seats_added():
    def answer(used: int, *addresses: str) -> dict[str, object]:
        return {
            "libraries": [{"library": "riverside", "used": used, "licensed": 3, "full": False}],
            "terminals": [{"library": "riverside", "address": address} for address in addresses],
        }

    page = sums.terminals({1: answer(1, "a"), 2: answer(2, "b", "c")})
    assert page["libraries"] == [{"library": "riverside", "used": 3, "licensed": 3, "full": True}]
    assert [(one["address"], one["worker"]) for one in page["terminals"]] == [("a", 1), ("b", 2), ("c", 2)]
