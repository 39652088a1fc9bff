"""The record has an end: in number, in hours, and in memory."""

from __future__ import annotations

import gc
import tracemalloc
from itertools import count

import pytest

from sip2gw.events import Closed, Events, Exchange, LoggedIn, LoginRefused, Noticed, Opened, Secured
from sip2gw.log.tags import Tags
from sip2gw.record import Record, attempts, connections, exchanges, join, libraries

MIB = 2**20
MOST = 60 * MIB
"""What the record's own text says."""


class Wall:
    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        self.now += 0.001
        return self.now


def a_record() -> tuple[Record, Events, Wall]:
    wall = Wall()
    events = Events(wall)
    return Record(events, Tags()), events, wall


def exchange(
    events: Events, number: int, message: str, library: str = "riverside", **more: object
) -> Exchange:
    tag = f"{number % 0xFFFFFF:06x}"
    calls = (("create_loan", 201, 3.0, f"{number:012x}"),)
    return Exchange(
        events.now(), f"{number % 10_000:05x}", number, library, f"Desk{number}", "generic-kiosk", message,
        api=calls, patron=f"p:{tag}", item=f"i:{tag}", ref=f"{number:x}", network=f"10.{number % 250}.0.0/24", **more,
    )  # fmt: skip


def test_the_ring_keeps_so_many_and_reads_push_out_no_write():
    record, events, _ = a_record()
    for number in range(exchanges.WRITES + 10):
        events.publish(exchange(events, number, "11"))
    for number in range(exchanges.READS + 10):
        events.publish(exchange(events, number, "99"))
    assert len(record.exchanges) == exchanges.WRITES + exchanges.READS
    assert record.exchanges.by_ref(f"{exchanges.WRITES + 9:x}") is not None
    assert record.part("exchanges", {"message": "11"})["rows"]


def test_exchanges_of_yesterday_are_dropped():
    record, events, wall = a_record()
    events.publish(exchange(events, 1, "11"))
    wall.now += exchanges.KEPT + 1
    events.publish(exchange(events, 2, "11"))
    assert len(record.exchanges) == 1


def test_strangers_fill_no_more_than_so_many_groups():
    record, events, wall = a_record()
    for number in range(attempts.GROUPS + 50):
        conn, network = f"{number:05x}", f"10.{number // 250}.{number % 250}.0/24"
        events.publish(Opened(events.now(), conn, "plain port 1", "10.0.0.1", network))
        events.publish(LoginRefused(events.now(), conn, f"no{number}", "library_not_found", "", "library"))
        events.publish(Closed(events.now(), conn))
    assert len(record.failed_attempts) == attempts.GROUPS
    assert record.libraries.all == {}
    assert len(record.connections.ended) == min(connections.ENDED, attempts.GROUPS + 50)
    wall.now += attempts.KEPT + 1
    assert record.part("door", {})["rows"] == []


def test_libraries_and_codes_have_an_end():
    record, events, _ = a_record()
    for number in range(libraries.LIBRARIES + 5):
        events.publish(exchange(events, number, "11", f"lib{number}"))
    for number in range(libraries.CODES + 5):
        events.publish(exchange(events, number, "11", "lib9", outcome="refused", code=f"code{number}"))
    assert len(record.libraries.all) == libraries.LIBRARIES
    assert len(record.part("library", {"library": "lib9"})["codes"]) == libraries.CODES


def test_notices_of_one_connection_have_an_end():
    record, events, _ = a_record()
    events.publish(Opened(events.now(), "aaaaa", "plain port 1", "10.0.0.1", "10.0.0.0/24"))
    for number in range(100):
        events.publish(Noticed(events.now(), "aaaaa", "kind", f"text {number}"))
    assert [one["text"] for one in record.part("terminal", {"conn": "aaaaa"})["notices"]][-1] == "text 99"
    assert len(record.part("terminal", {"conn": "aaaaa"})["notices"]) < 20


@pytest.mark.untraced
def test_a_full_record_fits_into_the_memory_that_is_promised():
    gc.collect()
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    record, events, _ = a_record()
    numbers = count()
    for number in range(10_000):
        conn = f"{number:05x}"
        peer, network = f"10.1.{number // 250}.{number % 250}", f"10.1.{number // 250}.0/24"
        events.publish(Opened(events.now(), conn, "TLS port 6009", peer, network))
        events.publish(Secured(events.now(), conn, "TLSv1.3", f"host{number}.example", ("*.example",)))
        login = (
            f"lib{number // 2}",
            f"Desk{number}",
            f"Desk{number}",
            "AO",
            "generic-kiosk",
            "utf-8",
            "cr",
            "k...@x.example",
        )
        events.publish(LoggedIn(events.now(), conn, *login))
    for _ in range(exchanges.WRITES):
        number = next(numbers)
        events.publish(
            exchange(events, number, "11", f"lib{number % 5_000}", outcome="refused", code=f"c{number % 9}")
        )
    for _ in range(exchanges.READS):
        events.publish(exchange(events, next(numbers), "99"))
    for number in range(10_000, 10_000 + connections.ENDED):
        conn = f"{number:05x}"
        events.publish(Opened(events.now(), conn, "TLS port 6009", "10.0.0.1", f"10.3.{number % 250}.0/24"))
        events.publish(
            LoginRefused(events.now(), conn, f"no{number}", "library_not_found", "advice", "library")
        )
        events.publish(Closed(events.now(), conn))
    gc.collect()
    used = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert used < MOST
    assert len(join("terminals", {}, [("", record.part("terminals", {}))])["rows"]) == 100
