"""The rows of the gateways in the store, in SQLite and in PostgreSQL."""

from __future__ import annotations

import pytest
from attrs import evolve
from store.direct import direct

from sip2gw.machines import table
from sip2gw.record import Machine, Machines, Summary
from sip2gw.record.needs import Need
from sip2gw.secret import Secret

ONE = Machine("1", "gw1", "192.0.2.1:6009", "1.0", board="gw1:8080")
OTHER = Machine("2", "gw2", "192.0.2.2:6009", "1.1")
SUMMARY = Summary(
    3, 4, 12.5, 0.5, (Need("offline", "riverside", "gone", since=5.0, severity="bad"),), {"unknown library": 7},
    {"riverside": (3, True)}, ("aa", "bb"),
)  # fmt: skip


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    at = tmp_path / "kept" if request.param == "sqlite" else Secret(request.getfixturevalue("postgresql").url)
    with direct(at) as made:
        yield made


def done(store, work):
    found = []
    store.change(work).addCallback(found.append)
    return found[0]


def kept(store, own, state="serving", summary=SUMMARY):
    done(store, lambda tx: table.keep(tx, own, state, table.encoded(summary)))


def rows(store):
    return done(store, table.seen).rows


def test_a_row_comes_back_as_it_was_written(store):
    kept(store, ONE)
    (row,) = rows(store)
    assert (row.id, row.name, row.place, row.version, row.board) == (
        "1",
        "gw1",
        "192.0.2.1:6009",
        "1.0",
        "gw1:8080",
    )
    assert (row.state, row.summary) == ("serving", SUMMARY)
    assert row.began == row.seen > 1_700_000_000


def test_a_row_is_written_again_and_keeps_its_start(store):
    kept(store, ONE)
    done(store, lambda tx: tx.changed("UPDATE machines SET began = began - 60, seen = seen - 60"))
    kept(store, ONE, "draining", Summary())
    (row,) = rows(store)
    assert (row.state, row.summary) == ("draining", Summary())
    assert row.seen - row.began >= 60


def test_a_gateway_that_stops_leaves_the_others(store):
    kept(store, ONE)
    kept(store, OTHER)
    assert [row.name for row in rows(store)] == ["gw1", "gw2"]
    done(store, lambda tx: table.leave(tx, ONE))
    assert [row.name for row in rows(store)] == ["gw2"]


def test_a_gateway_that_starts_replaces_its_earlier_starts_alone(store):
    neighbour = evolve(ONE, id="3", place="192.0.2.1:6010")
    for own in (ONE, OTHER, neighbour):
        kept(store, own)
    again = evolve(ONE, id="4")
    done(store, lambda tx: table.enter(tx, again))
    kept(store, again)
    assert {row.id for row in rows(store)} == {"2", "3", "4"}


@pytest.mark.parametrize("text", ["", "[]", "no JSON", '{"needs": 3}', '{"libraries": {"a": "b"}}'])
def test_a_summary_that_cannot_be_read_is_empty(store, text):
    done(store, lambda tx: table.keep(tx, ONE, "serving", text))
    (row,) = rows(store)
    assert row.summary == Summary()


def test_a_summary_of_a_newer_gateway_is_read_as_far_as_it_is_known(store):
    done(store, lambda tx: table.keep(tx, ONE, "serving", '{"terminals": 3, "later": [1]}'))
    assert rows(store)[0].summary == Summary(terminals=3)


def test_the_time_of_silence_is_by_the_clock_of_the_store(store):
    kept(store, ONE)
    kept(store, OTHER)
    done(store, lambda tx: tx.changed("UPDATE machines SET seen = seen - 60 WHERE id = '2'"))
    seen = done(store, table.seen)
    read = Machines.read("1", seen.at, seen.rows)
    assert [(one.name, one.silent) for one in read.all] == [("gw1", False), ("gw2", True)]
