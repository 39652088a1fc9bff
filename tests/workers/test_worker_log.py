"""A worker's log comes through a pipe, in whole lines, whatever is in it."""

import os

from hypothesis import given
from hypothesis import strategies as st
from twisted.logger import LogLevel, formatEventAsClassicLogText

from sip2gw.workers.worker_log import LONGEST, WorkerLog, write_to

EVENT = {
    "log_time": 1.0, "log_level": LogLevel.warn, "log_namespace": "sip2gw.gateway",
    "log_format": "the reader's title: déjà {{vu}}", "seconds": 1.5,
}  # fmt: skip


def through_a_pipe(*events: dict) -> bytes:
    end, begin = os.pipe()
    try:
        write = write_to(begin)
        for event in events:
            write(event)
        return os.read(end, 65536)
    finally:
        os.close(end)
        os.close(begin)


@given(st.lists(st.integers(1, 40)))
def test_an_event_arrives_however_the_pipe_splits_it(sizes):
    data, events = through_a_pipe(EVENT, EVENT), []
    lines = WorkerLog(2, events.append)
    for size in sizes:
        lines.dataReceived(data[:size])
        data = data[size:]
    lines.dataReceived(data)
    assert len(events) == 2
    for event in events:
        assert (event["log_level"], event["seconds"], event["worker"]) == (LogLevel.warn, 1.5, 2)
        text = formatEventAsClassicLogText(event)
        assert text.endswith("[worker 2, sip2gw.gateway#warn] the reader's title: déjà {vu}\n")


@given(st.binary(max_size=200))
def test_other_bytes_are_dropped_and_the_next_event_arrives(data):
    events = []
    lines = WorkerLog(1, events.append)
    lines.dataReceived(data + b"\n")
    del events[:]
    lines.dataReceived(through_a_pipe(EVENT))
    assert len(events) == 1


def test_a_line_without_an_end_takes_no_memory():
    lines = WorkerLog(1, [].append)
    for _ in range(3):
        lines.dataReceived(b"x" * LONGEST)
        assert len(lines._rest) <= LONGEST
