"""The port's suite: lending, taking back, renewing, and each of them undone."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import pytest
from scenes import Scene, occasion

from sip2gw.library import FeeKind, Loan, Refused, Return
from sip2gw.secret import Secret

DUE = date(2026, 3, 12)


def lend(
    scene: Scene, patron: str, item: str, key: str = "lend", *, renewal: bool = False, **more: Any
) -> Loan:
    password = more.pop("password", None)
    when = occasion(scene, key, **more)
    return scene.ask(scene.library.lend(patron, item, when, renewal=renewal, password=password))


def take_back(scene: Scene, item: str, key: str = "back", reader: str | None = None, **more: Any) -> Return:
    return scene.ask(scene.library.take_back(item, occasion(scene, key, **more), reader=reader))


def renew(scene: Scene, patron: str, item: str | None, title: str | None = None, **more: Any) -> Loan:
    third_party, key = more.pop("third_party", False), more.pop("key", "renew")
    when = occasion(scene, key, **more)
    return scene.ask(scene.library.renew(patron, item, title, when, third_party=third_party))


def refusal(call: Any, *given: Any, **more: Any) -> Refused:
    with pytest.raises(Refused) as caught:
        call(*given, **more)
    return caught.value


def on_loan(scene: Scene, patron: str = "A-1") -> int:
    return scene.ask(scene.library.patron(patron)).patron.counts.on_loan


def test_a_loan(scene: Scene) -> None:
    loan = lend(scene, "A-1", "103")
    assert (loan.item.item_id, loan.item.title, loan.due, loan.renewed) == ("103", "Atlas", DUE, False)
    assert (loan.charge, loan.conflicts) == (None, ())


def test_what_is_not_lent(scene: Scene) -> None:
    lend(scene, "B-2", "103", "first")
    for patron, item, code in (
        ("Z-9", "101", "member_not_found"),
        ("A-1", "999", "copy_not_found"),
        ("C-3", "101", "member_inactive"),
        ("A-1", "104", "circulation_disabled"),
        ("A-1", "103", "copy_not_available"),
    ):
        assert refusal(lend, scene, patron, item, f"{patron}{item}").code == code
    scene.days(1)
    assert refusal(lend, scene, "B-2", "103", "again").code == "already_booked_by_member"
    assert scene.effects() == 1


def test_K15_a_loan_that_the_terminal_asks_for_anew_is_the_answer(scene: Scene) -> None:
    first = lend(scene, "A-1", "103", "one")
    for key in ("two", "three"):
        again = lend(scene, "A-1", "103", key)
        assert (again.ref, again.due, again.renewed) == (first.ref, first.due, False)
    assert refusal(lend, scene, "A-1", "103", "four", terminal="kiosk-2").code == "already_booked_by_member"
    assert scene.effects() == 1


def test_K2_a_wrong_password_does_nothing(scene: Scene) -> None:
    wrong, right = Secret("4321"), Secret("1234")
    assert refusal(lend, scene, "A-1", "103", "no", password=wrong).code == "password_wrong"
    assert refusal(lend, scene, "B-2", "103", "none", password=right).code == "no_password_set"
    assert scene.effects() == 0
    assert lend(scene, "A-1", "103", "yes", password=right).item.item_id == "103"
    for asking in (
        scene.library.renew("A-1", "103", None, occasion(scene, "29"), third_party=False, password=wrong),
        scene.library.renew_all("A-1", occasion(scene, "65"), limit=9, password=wrong),
        scene.library.undo_return("A-1", "103", occasion(scene, "11BI"), password=wrong),
        scene.library.enable("A-1", occasion(scene, "25"), password=wrong),
        scene.library.cancel_hold("A-1", "103", None, occasion(scene, "15-"), password=wrong),
    ):
        assert refusal(scene.ask, asking).code == "password_wrong"
    assert scene.effects() == 1


def test_R3_a_key_whose_loan_has_ended_lends_nothing_again(scene: Scene) -> None:
    lend(scene, "A-1", "103", "one")
    take_back(scene, "103", "desk", terminal="desk")
    assert refusal(lend, scene, "A-1", "103", "one").code == "not_on_loan"
    assert (scene.effects(), on_loan(scene)) == (2, 0)


def test_R3_what_was_done_off_line_is_done_once(scene: Scene) -> None:
    """The item came back and went to somebody else: the first reader does not get it once more."""
    happened, due = scene.now(), scene.now() + timedelta(days=7)
    offline = {"no_block": True, "happened_at": happened, "due_date": due}
    first = lend(scene, "A-1", "103", "one", **offline)
    scene.days(1)
    take_back(scene, "103", "desk", terminal="desk")
    for patron, key in ((None, "two"), ("B-2", "three")):
        if patron is not None:
            lend(scene, patron, "103", "other")
        assert lend(scene, "A-1", "103", key, **offline).ref == first.ref
    assert (on_loan(scene, "A-1"), on_loan(scene, "B-2"), scene.effects()) == (0, 1, 3)


def test_R3_a_renewal_undone_twice_leaves_the_loan(scene: Scene) -> None:
    lend(scene, "A-1", "103", "one")
    scene.days(2)
    renew(scene, "A-1", "103")
    scene.ask(scene.library.undo_loan("103", occasion(scene, "undo", cancel=True)))
    asking = scene.library.undo_loan("103", occasion(scene, "again", cancel=True))
    assert refusal(scene.ask, asking).code == "cannot_revert"
    assert (on_loan(scene), scene.effects()) == (1, 3)


def test_the_same_key_lends_once(scene: Scene) -> None:
    first = lend(scene, "A-1", "103", "one")
    scene.come_anew()
    again = lend(scene, "A-1", "103", "one")
    assert (again.due, again.ref, again.renewed) == (first.due, first.ref, False)
    assert (scene.effects(), on_loan(scene)) == (1, 1)


def test_their_own_is_renewed_if_that_is_wanted(scene: Scene) -> None:
    lend(scene, "A-1", "103")
    scene.days(2)
    loan = lend(scene, "A-1", "103", "again", renewal=True)
    assert (loan.renewed, loan.due) == (True, DUE + timedelta(days=2))


def test_what_costs_something_waits_for_a_yes(scene: Scene) -> None:
    asked = refusal(lend, scene, "A-1", "105", "no")
    assert (asked.code, dict(asked.facts)) == (
        "fee_required",
        {"amount": "1.50", "currency": "EUR", "kind": "loan"},
    )
    loan = lend(scene, "A-1", "105", "yes", fee_acknowledged=True)
    assert loan.charge is not None
    assert (loan.charge.amount, loan.charge.currency, loan.charge.kind) == (
        Decimal("1.50"),
        "EUR",
        FeeKind.LOAN,
    )
    assert scene.ask(scene.library.patron("A-1")).patron.balance == Decimal("1.50")


def test_no_block_is_not_refused_for_policy(scene: Scene) -> None:
    happened = scene.now() - timedelta(days=3)
    due = happened + timedelta(days=7)
    loan = lend(scene, "C-3", "104", no_block=True, happened_at=happened, due_date=due)
    assert loan.due == due.date()
    assert set(loan.conflicts) == {"member_inactive", "circulation_disabled"}
    assert refusal(lend, scene, "Z-9", "101", "nobody", no_block=True).code == "member_not_found"


def test_no_block_closes_the_loan_of_another_first(scene: Scene) -> None:
    lend(scene, "A-1", "103")
    scene.days(1)
    loan = lend(scene, "B-2", "103", "later", no_block=True)
    assert loan.conflicts == ("copy_not_available",)
    assert (on_loan(scene, "A-1"), on_loan(scene, "B-2")) == (0, 1)


def test_no_block_told_twice_is_one_loan(scene: Scene) -> None:
    due = scene.now() + timedelta(days=20)
    first = lend(scene, "A-1", "103", "one", no_block=True, due_date=due)
    assert lend(scene, "A-1", "103", "two", no_block=True, due_date=due).due == first.due == due.date()
    assert scene.effects() == 1
    longer = due + timedelta(days=5)
    assert lend(scene, "A-1", "103", "three", no_block=True, due_date=longer).due == longer.date()


def test_a_return(scene: Scene) -> None:
    lend(scene, "A-1", "103")
    back = take_back(scene, "103")
    assert (back.was_on_loan, back.patron_id, back.hold, back.due_amount) == (
        True,
        "A-1",
        None,
        Decimal("0.00"),
    )
    again = take_back(scene, "103", "again")
    assert (again.was_on_loan, again.patron_id) == (False, "")
    assert scene.effects() == 2


def test_a_return_is_as_late_as_its_day(scene: Scene) -> None:
    """Lesson 52: the return date of a book drop is honoured."""
    lend(scene, "A-1", "103")
    scene.days(14)
    back = take_back(scene, "103", happened_at=scene.now() - timedelta(days=2))
    assert back.due_amount == Decimal("0.50")
    assert scene.ask(scene.library.patron("A-1")).patron.balance == Decimal("0.50")


def test_a_return_tells_who_waits(scene: Scene) -> None:
    lend(scene, "A-1", "103")
    hold = scene.library.place_hold(
        "B-2", "103", None, occasion(scene, "hold"), pickup="North", expires=None, this_copy=False
    )
    scene.ask(hold)
    back = take_back(scene, "103")
    assert back.hold is not None
    assert (back.hold.patron_id, back.hold.patron_name, back.hold.branch) == ("B-2", "Ben", "North")


def test_a_status_just_before_changes_nothing(scene: Scene) -> None:
    """17 and then 09, while the loan changes hands between them."""
    lend(scene, "A-1", "103")
    scene.ask(scene.library.item("103"))
    take_back(scene, "103", "one")
    lend(scene, "B-2", "103", "two")
    scene.ask(scene.library.item("103"))
    assert take_back(scene, "103", "three").patron_id == "B-2"
    scene.ask(scene.library.item("103"))
    lend(scene, "A-1", "103", "four")
    assert take_back(scene, "103", "five").patron_id == "A-1"


def test_a_loan_undone(scene: Scene) -> None:
    lend(scene, "A-1", "105", fee_acknowledged=True)
    undone = scene.ask(scene.library.undo_loan("105", occasion(scene, "undo", cancel=True)))
    assert (undone.item.item_id, undone.patron_id) == ("105", "A-1")
    ann = scene.ask(scene.library.patron("A-1")).patron
    assert (ann.counts.on_loan, ann.balance) == (0, Decimal(0))
    asking = scene.library.undo_loan("105", occasion(scene, "again", cancel=True))
    assert refusal(scene.ask, asking).code == "cannot_revert"


def test_a_return_undone(scene: Scene) -> None:
    lend(scene, "A-1", "103")
    scene.days(12)
    assert take_back(scene, "103").due_amount == Decimal("0.50")
    loan = scene.ask(scene.library.undo_return("A-1", "103", occasion(scene, "undo", cancel=True)))
    assert (loan.due, loan.item.item_id) == (DUE, "103")
    ann = scene.ask(scene.library.patron("A-1")).patron
    assert (ann.counts.on_loan, ann.balance) == (1, Decimal(0))
    for patron in ("A-1", "B-2"):
        asking = scene.library.undo_return(patron, "103", occasion(scene, f"again{patron}", cancel=True))
        assert refusal(scene.ask, asking).code == "cannot_revert"


def test_renewing_by_item_or_title(scene: Scene) -> None:
    lend(scene, "A-1", "103")
    scene.days(2)
    loan = renew(scene, "A-1", "103", key="one")
    assert (loan.renewed, loan.due, loan.item.title) == (True, DUE + timedelta(days=2), "Atlas")
    assert renew(scene, "A-1", "103", key="one").due == loan.due
    assert scene.effects() == 2
    assert renew(scene, "A-1", None, " aTLAS", key="two").renewed
    limit = refusal(renew, scene, "A-1", "103", key="three")
    assert (limit.code, limit.item and limit.item.title) == ("not_renewable", "Atlas")


def test_what_is_not_renewed(scene: Scene) -> None:
    assert refusal(renew, scene, "A-1", "103", key="1").code == "not_on_loan"
    assert refusal(renew, scene, "A-1", None, "Atlas", key="2").code == "not_on_loan"
    lend(scene, "A-1", "101", "one")
    lend(scene, "A-1", "102", "two")
    assert refusal(renew, scene, "A-1", None, "Emma", key="3").code == "item_ambiguous"
    assert refusal(renew, scene, "B-2", "101", key="4").code == "on_loan_to_other"
    assert renew(scene, "B-2", "101", third_party=True, key="third").renewed


def test_renewing_costs_what_borrowing_does(scene: Scene) -> None:
    """Lesson 56: the fee-acknowledged flag is used on renewals."""
    lend(scene, "A-1", "105", fee_acknowledged=True)
    assert refusal(renew, scene, "A-1", "105").facts["kind"] == "loan"
    assert renew(scene, "A-1", "105", key="yes", fee_acknowledged=True).charge is not None


def test_no_block_renews_to_the_terminals_date(scene: Scene) -> None:
    lend(scene, "A-1", "103")
    due = scene.now() + timedelta(days=40)
    assert renew(scene, "A-1", "103", no_block=True, due_date=due).due == due.date()


def test_renewing_all(scene: Scene) -> None:
    """Lesson 57: never more than the terminal has patience for, and what was left out is told."""
    for number in ("101", "102", "103"):
        lend(scene, "A-1", number, number)
    scene.ask(
        scene.library.place_hold(
            "B-2", "103", None, occasion(scene, "hold"), pickup="", expires=None, this_copy=False
        )
    )
    done = scene.ask(scene.library.renew_all("A-1", occasion(scene, "all"), limit=10))
    assert [loan.item.item_id for loan in done.renewed] == ["101", "102"]
    assert [(item.item_id, code) for item, code in done.refused] == [("103", "reserved_for_other")]
    again = scene.ask(scene.library.renew_all("A-1", occasion(scene, "all"), limit=10))
    assert [loan.due for loan in again.renewed] == [loan.due for loan in done.renewed]
    some = scene.ask(scene.library.renew_all("A-1", occasion(scene, "some"), limit=1))
    assert [loan.item.item_id for loan in some.renewed] == ["101"]
    assert [code for _, code in some.refused] == ["not_tried", "not_tried"]
    none = scene.ask(scene.library.renew_all("B-2", occasion(scene, "none"), limit=5))
    assert (none.renewed, none.refused) == ((), ())
