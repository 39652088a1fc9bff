"""A reader with a thousand loans: no answer of the library or of the gateway grows without an end."""

from __future__ import annotations

import copy

import pytest

from sip2gw.sandbox import default_data
from sip2gw.sip2 import parse

from .desk import DATE, LOGIN, Bench

MANY = 1000


@pytest.fixture(scope="module")
def bench():
    data = copy.deepcopy(default_data())
    library = next(one for one in data["libraries"] if one["nickname"] == "riverside")
    library["preferences"]["booking_quota"] = 2 * MANY
    for number in range(20_000, 20_000 + MANY):
        label = {"accession_no": str(number), "branch": "Main"}
        library["media"].append(
            {"title": f"{number} " + "\U0001f4d6" * 240, "type": "Books", "copies": [label]}
        )
        loan = {"member_no": "M-1010", "accession_no": str(number), "status": "Issued"}
        library["bookings"].append({**loan, "booking_date": "-1d", "return_date": "+7d"})
    bench = Bench(data)
    assert bench.say(LOGIN) == "941"
    yield bench
    bench.sandbox.close()


def test_all_loans_are_renewed_as_far_as_the_limit_goes_and_counted(bench):
    line = bench.say(f"65{DATE}AOriverside|AAM-1010|AD1010|AC|BON|")
    told, _ = parse(line.encode())
    assert line.startswith("661")
    assert (told.renewed_count, told.unrenewed_count) == (100, MANY - 100)
    assert (len(told.renewed_items), len(told.unrenewed_items)) == (100, 200)


@pytest.mark.parametrize(("page", "first", "count"), [("", "20000", 100), ("BP901|BQ1100|", "20900", 100)])
def test_a_page_of_the_loans_is_listed_and_all_are_counted(bench, page, first, count):
    told, _ = parse(bench.say(f"63001{DATE}  Y       AOriverside|AAM-1010|AC|AD1010|{page}").encode())
    assert told.charged_items_count == MANY
    assert (told.charged_items[0], len(told.charged_items)) == (first, count)
