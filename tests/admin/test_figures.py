"""The text of the metrics, written in parts: it is the text that prometheus_client writes at once."""

import json

from prometheus_client import generate_latest

from sip2gw.admin.figures import MOST, written
from sip2gw.metrics import Metrics
from sip2gw.workers import sums

LIBRARIES = 2 * MOST + 1
"""More series than are written at a time, twice."""


def filled() -> Metrics:
    metrics = Metrics()
    for number in range(LIBRARIES):
        metrics.messages.inc(metrics.library(f"library{number}"), "11", "answered")
        metrics.message_seconds.observe(0.1, "11")
        metrics.terminals.set(f"library{number}", number)
    metrics.disconnects.inc("client", 'a "quoted" \\ reason\n')
    return metrics


def lines(text: bytes) -> list[str]:
    """The lines of a text, but for those of the process, which change from one moment to the next."""
    return [line for line in text.decode().split("\n") if not line.startswith("process_")]


def test_the_parts_of_a_text_are_the_whole():
    registry = filled().registry
    parts = list(written(registry))
    assert lines(b"".join(parts)) == lines(generate_latest(registry))
    assert max(part.count(b"\n") for part in parts) <= MOST + 2


def test_the_sum_of_two_workers_is_made_from_parts():
    total, metrics = sums.Sum(), filled()
    for number in ("1", "2"):
        for part in sums.samples(metrics.registry):
            assert len(part[3]) <= sums.MOST
            total.add(number, [json.loads(json.dumps(part))])
    text = lines(b"".join(written(sums.registry_of(total))))
    assert f'sip2gw_terminals{{library="library{LIBRARIES - 1}"}} {2.0 * (LIBRARIES - 1)}' in text
    assert sum(line.startswith("sip2gw_messages_total{") for line in text) == LIBRARIES
    assert text.count("# TYPE sip2gw_messages_total counter") == 1
