"""The port's suite: what is asked without changing anything."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from decimal import Decimal

import pytest
from scenes import Scene, occasion

from sip2gw.library import Block, Counts, FeeKind, ItemState, Listing, ListKind, PasswordCheck, Refused
from sip2gw.secret import Secret


def test_the_library_and_its_rules(scene: Scene) -> None:
    rules = scene.ask(scene.library.rules())
    assert (rules.currency, rules.branches) == ("EUR", ("Main", "North"))
    assert datetime(2026, 7, 1, tzinfo=rules.zone).utcoffset() == timedelta(0)
    allowed = (rules.checkouts, rules.checkins, rules.renewals, rules.holds, rules.fees)
    assert all((*allowed, rules.patron_updates, rules.item_updates))
    assert scene.library.nickname == scene.library.nickname.lower() != ""
    assert scene.ask(scene.library.reachable()) is True


def test_a_patron_by_the_exact_number(scene: Scene) -> None:
    ann = scene.ask(scene.library.patron("A-1")).patron
    assert (ann.patron_id, ann.name, ann.email, ann.blocks) == (
        "A-1",
        "Ann",
        "ann@contract.example",
        frozenset(),
    )
    assert (ann.balance, ann.currency, ann.loan_limit, ann.counts) == (Decimal(0), "EUR", 5, Counts())
    assert scene.ask(scene.library.patron("C-3")).patron.blocks == {
        Block.INACTIVE,
        Block.RENEWALS_NOT_ALLOWED,
        Block.HOLDS_NOT_ALLOWED,
    }
    for number in ("a-1", "A-1 ", "Z-9", ""):
        with pytest.raises(Refused) as caught:
            scene.ask(scene.library.patron(number))
        assert caught.value.code == "member_not_found"


def test_a_password_is_checked_where_there_is_one(scene: Scene) -> None:
    for number, password, said in (
        ("A-1", Secret("1234"), PasswordCheck.RIGHT),
        ("A-1", Secret("4321"), PasswordCheck.WRONG),
        ("A-1", None, None),
        ("B-2", Secret("1234"), PasswordCheck.IMPOSSIBLE),
    ):
        assert scene.ask(scene.library.patron(number, password=password)).password is said


def test_lists_by_pages_agree_with_the_counts(scene: Scene) -> None:
    for number in ("101", "102", "103"):
        scene.ask(scene.library.lend("A-1", number, occasion(scene, f"k{number}"), renewal=False))
    ann = scene.ask(scene.library.patron("A-1")).patron

    def labels(start: int, count: int, *, overdue: bool = False) -> list[str]:
        listing = Listing(ListKind.OVERDUE if overdue else ListKind.LOANS, start, count)
        loans = scene.ask(scene.library.patron("A-1", listing=listing)).loans
        return [loan.item.item_id for loan in loans]

    assert ann.counts.on_loan == 3
    assert labels(0, 10) == ["101", "102", "103"]
    assert labels(0, 2) == ["101", "102"]
    assert labels(2, 2) == ["103"]
    assert labels(3, 5) == labels(0, 0) == labels(0, 9, overdue=True) == []
    scene.days(11)
    assert labels(0, 9, overdue=True) == ["101", "102", "103"]
    assert scene.ask(scene.library.patron("A-1")).patron.counts.overdue == 3


def test_open_fees_oldest_first_and_exact(scene: Scene) -> None:
    open_fees = Listing(ListKind.FEES, 0, 9)
    found = scene.ask(scene.library.patron("B-2", listing=open_fees))
    overdue, card = found.fees
    assert (overdue.kind, overdue.outstanding) == (FeeKind.OVERDUE, Decimal("2.00"))
    assert (card.kind, card.outstanding) == (FeeKind.ADMINISTRATIVE, Decimal("5.00"))
    assert sum(fee.outstanding for fee in (overdue, card)) == found.patron.balance == Decimal("7.00")
    assert (card.currency, found.patron.counts.fees) == ("EUR", 2)
    assert overdue.since == date(2026, 3, 2)
    assert scene.ask(scene.library.patron("A-1", listing=open_fees)).fees == ()


def test_items_wherever_they_are(scene: Scene) -> None:
    atlas = scene.ask(scene.library.item("103"))
    assert (atlas.state, atlas.item.title, atlas.item.location) == (ItemState.AVAILABLE, "Atlas", "Maps")
    assert (atlas.due, atlas.hold, atlas.copies, atlas.copies_available) == (None, None, 1, 1)
    assert scene.ask(scene.library.item("104")).state is ItemState.OTHER
    due = scene.ask(scene.library.lend("A-1", "103", occasion(scene, "k"), renewal=False)).due
    lent = scene.ask(scene.library.item("103"))
    assert (lent.state, lent.due, lent.copies_available) == (ItemState.ON_LOAN, due, 0)
    with pytest.raises(Refused) as caught:
        scene.ask(scene.library.item("999"))
    assert caught.value.code == "copy_not_found"


def test_a_titles_number_tells_of_all_its_copies(scene: Scene) -> None:
    scene.ask(scene.library.lend("A-1", "101", occasion(scene, "k"), renewal=False))
    emma = scene.ask(scene.library.item("9780141439587"))
    assert (emma.state, emma.item.item_id) == (ItemState.AVAILABLE, "102")
    assert (emma.copies, emma.copies_available) == (2, 1)


def test_the_queue_of_an_item(scene: Scene) -> None:
    expires = (scene.now() + timedelta(days=30)).date()
    for number in ("A-1", "B-2"):
        scene.ask(
            scene.library.place_hold(
                number, "103", None, occasion(scene, number), pickup="North", expires=expires, this_copy=False
            )
        )
    atlas = scene.ask(scene.library.item("103"))
    assert (atlas.state, atlas.holds_waiting, atlas.pickup_by) == (ItemState.ON_HOLD_SHELF, 2, expires)
    assert atlas.hold is not None
    assert (atlas.hold.patron_id, atlas.hold.patron_name, atlas.hold.branch) == ("A-1", "Ann", "North")


def test_records_never_show_themselves(scene: Scene) -> None:
    ben = scene.ask(scene.library.patron("B-2", listing=Listing(ListKind.FEES, 0, 9)))
    shown = repr([ben, ben.patron, ben.fees, scene.ask(scene.library.item("103")), scene.library])
    assert not any(word in shown for word in ("Ben", "B-2", "Atlas", "7.00", "kiosk", "secret"))
