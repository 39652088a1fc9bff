"""The data file: relative days, defaults, and every fault at once with its place."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from sandbox_support import SandboxCase, library

from sip2gw.sandbox import DataFault, default_data, load_data


def faults(value: Any, tmp_path: Path) -> list[str]:
    """What `load_data` has to say about a file with this content."""
    file = tmp_path / "data.json"
    file.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    with pytest.raises(DataFault) as caught:
        load_data(file)
    return [line.removeprefix(f"{file}: ") for line in str(caught.value).splitlines()]


def test_the_default_data_file_has_no_fault(tmp_path: Path) -> None:
    file = tmp_path / "data.json"
    file.write_text(json.dumps(default_data()), encoding="utf-8")
    assert load_data(file) == default_data()
    names = [one["nickname"] for one in default_data()["libraries"]]
    assert names == ["riverside", "hillcrest", "closedlib", "openall"]


def test_a_missing_file_and_a_text_that_is_not_json_are_faults(tmp_path: Path) -> None:
    with pytest.raises(DataFault, match="can't be read"):
        load_data(tmp_path / "missing.json")
    assert "is not JSON" in faults("{", tmp_path)[0]
    assert "must be an object" in faults([], tmp_path)[0]
    assert "must be an object" in faults({"libraries": {}}, tmp_path)[0]


def test_all_faults_of_a_data_file_are_reported_together(tmp_path: Path) -> None:
    broken = {
        "nickname": "Not A Label",
        "timezone": "Mars/Base",
        "currency": "dollar",
        "colour": "red",
        "preferences": {"fee_limit": 5, "renewals": -1, "booking_time_days": "14"},
        "users": [{"username": "u", "password": "p", "groups": ["Boss"]}, {"username": "u", "password": "p"}],
        "members": [{"member_no": "1", "status": "Gone"}, {"name": "x"}, "y"],
        "media": [
            {"title": "T", "isbn13": "9780141439588", "copies": [{"accession_no": "A1"}, {"accession_no": 7}]}
        ],
        "bookings": [
            {"member_no": "1", "accession_no": "99", "booking_date": "yesterday"},
            {"member_no": "2", "title": "U", "status": "Reserved"},
            {"member_no": "1"},
        ],
        "transactions": [{"member_no": "1", "type": "lost", "amount": 2.5}],
    }
    found = faults({"libraries": [broken, 5], "extra": 1}, tmp_path)
    places = [line.partition(": ")[0] for line in found]
    assert sorted(places) == sorted(
        [
            "extra",
            "libraries[0]",
            "libraries[0].nickname",
            "libraries[0].timezone",
            "libraries[0].currency",
            "libraries[0].preferences.fee_limit",
            "libraries[0].preferences.renewals",
            "libraries[0].preferences.booking_time_days",
            "libraries[0].users[0].groups[0]",
            "libraries[0].members[0].status",
            "libraries[0].members[1].member_no",
            "libraries[0].members[2]",
            "libraries[0].media[0].copies[0].accession_no",
            "libraries[0].media[0].copies[1].accession_no",
            "libraries[0].bookings[0].accession_no",
            "libraries[0].bookings[0].booking_date",
            "libraries[0].bookings[1].member_no",
            "libraries[0].bookings[1]",
            "libraries[0].bookings[2].accession_no",
            "libraries[0].transactions[0].amount",
            "libraries[1]",
        ]
    )


def test_entries_that_contradict_each_other_are_faults(tmp_path: Path) -> None:
    twice = library(
        users=[{"username": "u", "password": "p"}] * 2,
        members=[{"member_no": "1"}] * 2,
        media=[
            {
                "title": "T",
                "isbn13": "9780141439588",
                "copies": [{"accession_no": "5"}, {"accession_no": "05"}],
            }
        ],
        bookings=[{"member_no": "1", "accession_no": "5"}],
        transactions=[{"member_no": "9", "type": "x", "amount": "1", "currency": "EUR"}],
    )
    found = faults({"libraries": [twice, library(nickname="oak", branches=["East"])]}, tmp_path)
    assert found == [
        "libraries[0].users[1].username: is used twice; give each its own",
        "libraries[0].members[1].member_no: is used twice; give each its own",
        "libraries[0].media[0].isbn13: is not an ISBN: its length or check digit is wrong",
        "libraries[0].bookings[0].accession_no: must name one copy of this library, and names 2",
        "libraries[0].transactions[0].member_no: names no member of this library",
        "libraries[0].transactions[0].currency: is not the library's, USD; leave it out",
        "libraries[1].media[0].copies[1].branch: is not a branch of the library; add it there",
        "libraries[1].nickname: is used twice; every library has its own",
    ]


def test_two_loans_of_one_copy_are_a_fault(tmp_path: Path) -> None:
    loans = [{"member_no": number, "accession_no": "1"} for number in ("A1", "B2")]
    assert "is on loan already" in faults({"libraries": [library(bookings=loans)]}, tmp_path)[0]


class SeedTests(SandboxCase):
    """What becomes of a good file."""

    def test_a_library_with_a_nickname_alone_has_defaults(self) -> None:
        self.open({"libraries": [{"nickname": "tiny", "users": [{"username": "u", "password": "p"}]}]})
        told = self.get("/library").body
        assert (told["timezone"], told["currency"], told["branches"]) == ("UTC", "USD", ["Main"])
        assert told["preferences"]["booking_time_days"] == 14
        assert told["preferences"]["overdue_fee_per_day"] == "0.25"

    def test_bookings_of_every_status_are_written(self) -> None:
        bookings = [
            {
                "member_no": "A1",
                "accession_no": "01",
                "booking_date": "-20d",
                "return_date": "-6d",
                "renewals": 1,
            },
            {"member_no": "A1", "isbn13": "9780141439587", "status": "Pending"},
            {"member_no": "A1", "title": "Atlas", "status": "Reserved"},
            {
                "member_no": "A1",
                "accession_no": "2",
                "status": "Returned",
                "booking_date": "-9d",
                "received_at": "-2d",
            },
            {"member_no": "A1", "accession_no": "2", "status": "Cancelled", "remark": "double"},
        ]
        self.open({"libraries": [library(bookings=bookings)]})
        (overdue,) = self.listed("A1", "overdue")
        assert (overdue["booking_date"], overdue["return_date"]) == ("2026-09-01", "2026-09-15")
        ready, waits = self.listed("A1", "reserved")
        assert (ready["status"], ready["ready"]) == ("Reserved", True)
        assert (waits["status"], waits["ready"]) == ("Pending", False)

    def test_transactions_become_balances(self) -> None:
        bookings = [{"member_no": "A1", "accession_no": "1"}]
        entry = {
            "member_no": "A1",
            "type": "lost",
            "amount": "4.50",
            "paid": "1.00",
            "accession_no": "1",
            "created_at": "-2d",
        }
        self.open({"libraries": [library(bookings=bookings, transactions=[entry])]})
        (found,) = self.listed("A1", "fees")
        assert (found["outstanding"], found["title"], found["booking_id"]) == ("3.50", "Emma", 1)
        assert found["created_at"] == "2026-09-19T00:00:00Z"
