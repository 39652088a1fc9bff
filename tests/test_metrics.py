"""The metrics that are counted as plain numbers read like those of prometheus_client."""

import prometheus_client
import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry, generate_latest

from sip2gw.plain_metrics import Counts, Histogram

BOUNDS = (0.005, 0.5, 1, 30)
LABELS = st.tuples(st.sampled_from(["riverside", "other"]), st.sampled_from(["11", 'a"b\\\n']))
MAKE = {
    "ours": (Counts, lambda *given: Histogram(*given, bounds=BOUNDS)),
    "theirs": (
        lambda *given: prometheus_client.Counter(*given[:3], registry=given[3]),
        lambda *given: prometheus_client.Histogram(*given[:3], registry=given[3], buckets=BOUNDS),
    ),
}


@given(st.lists(LABELS), st.lists(st.tuples(LABELS, st.sampled_from([0, 0.004, 0.005, 0.5, 0.7, 1.0, 31.5]))))
def test_plain_metrics_are_exposed_as_those_of_prometheus_client(counted, observed):
    pages = {}
    for whose, (counter, histogram) in MAKE.items():
        registry = CollectorRegistry()
        named = ("sip2gw_calls", "Calls.", ("library", "outcome"), registry)
        timed = ("sip2gw_seconds", "Time.", ("library", "outcome"), registry)
        calls, seconds = counter(*named), histogram(*timed)
        for labels in counted:
            calls.inc(*labels) if whose == "ours" else calls.labels(*labels).inc()
        for labels, value in observed:
            seconds.observe(value, *labels) if whose == "ours" else seconds.labels(*labels).observe(value)
        pages[whose] = generate_latest(registry).decode()
    assert pages["ours"] == pages["theirs"]


def test_a_name_of_a_plain_metric_that_is_taken_is_refused():
    registry = CollectorRegistry()
    Counts("sip2gw_calls", "Calls.", (), registry)
    with pytest.raises(ValueError, match="Duplicated"):
        Counts("sip2gw_calls", "Calls.", (), registry)
