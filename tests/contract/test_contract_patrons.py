"""The port's suite: holds, payments, blocks, and what terminals note of items."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from scenes import Scene, occasion

from sip2gw.library import Block, Fee, Hold, Listing, ListKind, Payment, Refused


def hold(scene: Scene, patron: str, item: str | None, title: str | None = None, **more: Any) -> Hold:
    wanted = {"pickup": "", "expires": None, "this_copy": False, **more}
    key = wanted.pop("key", f"hold{patron}{item}{title}".replace(" ", "-"))
    return scene.ask(scene.library.place_hold(patron, item, title, occasion(scene, key), **wanted))


def waiting(scene: Scene, patron: str, *, ready: bool) -> list[str]:
    listing = Listing(ListKind.HOLDS_READY if ready else ListKind.HOLDS_WAITING, 0, 9)
    return [one.title for one in scene.ask(scene.library.patron(patron, listing=listing)).holds]


def open_fees(scene: Scene) -> tuple[Fee, ...]:
    return tuple(scene.ask(scene.library.patron("B-2", listing=Listing(ListKind.FEES, 0, 9))).fees)


def pay(scene: Scene, amount: str, key: str, **more: Any) -> Payment:
    said = {"payment_type": "cash", "transaction_id": key, "fee": None, **more}
    currency = said.pop("currency", "EUR")
    asking = scene.library.pay("B-2", Decimal(amount), currency, occasion(scene, key), **said)
    return scene.ask(asking)


def refused(call: Any, *given: Any, **more: Any) -> str:
    with pytest.raises(Refused) as caught:
        call(*given, **more)
    return caught.value.code


def test_a_hold_by_item_or_title(scene: Scene) -> None:
    """Lesson 55: holds of a title are listed and counted."""
    until = date(2026, 4, 1)
    made = hold(scene, "A-1", "103", pickup="North", expires=until)
    assert (made.title, made.branch, made.expires, made.ready, made.position) == (
        "Atlas",
        "North",
        until,
        True,
        1,
    )
    assert made.item is not None
    assert made.item.item_id == "103"
    second = hold(scene, "B-2", None, "atlas")
    assert (second.ready, second.position) == (False, 2)
    assert (waiting(scene, "A-1", ready=True), waiting(scene, "B-2", ready=False)) == (["Atlas"], ["Atlas"])
    counts = scene.ask(scene.library.patron("B-2")).patron.counts
    assert (counts.holds_ready, counts.holds_waiting) == (0, 1)


def test_any_copy_or_this_one(scene: Scene) -> None:
    scene.ask(scene.library.lend("B-2", "101", occasion(scene, "lend"), renewal=False))
    assert hold(scene, "A-1", "101", this_copy=True).ready is False
    scene.ask(scene.library.cancel_hold("A-1", "101", None, occasion(scene, "cancel")))
    assert hold(scene, "A-1", "101", key="any").ready is True


def test_what_is_not_held(scene: Scene) -> None:
    hold(scene, "A-1", "103", key="one")
    hold(scene, "A-1", "103", key="one")
    assert scene.effects() == 1
    assert refused(hold, scene, "A-1", "103", key="two") == "already_reserved"
    assert refused(hold, scene, "B-2", "103", pickup="Nowhere", key="three") == "unknown_branch"
    assert refused(hold, scene, "B-2", None, "No such title") == "copy_not_found"
    assert refused(hold, scene, "C-3", "103") == "member_inactive"


def test_a_hold_changed(scene: Scene) -> None:
    hold(scene, "A-1", "103", pickup="Main")
    until = date(2026, 5, 1)

    def change(item: str | None, title: str | None, key: str, **more: Any) -> Hold:
        wanted = {"pickup": "", "expires": None, **more}
        return scene.ask(scene.library.change_hold("A-1", item, title, occasion(scene, key), **wanted))

    assert change("103", None, "one", pickup="North").branch == "North"
    changed = change(None, "Atlas", "two", expires=until)
    assert (changed.branch, changed.expires) == ("North", until)
    assert refused(change, "103", None, "three", pickup="Nowhere") == "unknown_branch"
    assert refused(change, "101", None, "four", pickup="Main") == "hold_not_found"


def test_a_hold_given_up(scene: Scene) -> None:
    """Lesson 54: cancelling a hold reports the real outcome."""
    hold(scene, "A-1", "103")
    gone = scene.ask(scene.library.cancel_hold("A-1", None, "Atlas", occasion(scene, "cancel")))
    assert (gone.title, gone.patron_id) == ("Atlas", "A-1")
    assert waiting(scene, "A-1", ready=True) == []
    asking = scene.library.cancel_hold("A-1", "103", None, occasion(scene, "again"))
    assert refused(scene.ask, asking) == "hold_not_found"


def test_a_payment_is_booked_once(scene: Scene) -> None:
    """Lesson 38, and the same transaction over another connection."""
    first = pay(scene, "2.50", "T-1")
    assert first.balance == Decimal("4.50")
    scene.come_anew()
    again = scene.library.pay(
        "B-2",
        Decimal("2.50"),
        "EUR",
        occasion(scene, "another-key"),
        payment_type="cash",
        transaction_id="T-1",
        fee=None,
    )
    assert (scene.ask(again).ref, scene.effects()) == (first.ref, 1)
    (left,) = open_fees(scene)
    assert left.outstanding == Decimal("4.50")


def test_a_payment_for_one_fee(scene: Scene) -> None:
    _, card = open_fees(scene)
    assert pay(scene, "5.00", "T-1", fee=card.ref).balance == Decimal("2.00")
    assert refused(pay, scene, "1.00", "T-2", fee=card.ref) == "fee_not_found"
    assert refused(pay, scene, "1.00", "T-3", fee="none of ours") == "fee_not_found"


def test_what_is_not_booked(scene: Scene) -> None:
    assert refused(pay, scene, "7.01", "T-1") == "payment_too_large"
    assert refused(pay, scene, "1.00", "T-2", currency="USD") == "currency_mismatch"
    assert scene.effects() == 0


def test_block_and_enable(scene: Scene) -> None:
    blocked = scene.ask(scene.library.block("A-1", "card lost", occasion(scene, "block")))
    assert Block.INACTIVE in blocked.blocks
    assert scene.ask(scene.library.patron("A-1")).patron.blocks == blocked.blocks
    assert scene.ask(scene.library.enable("A-1", occasion(scene, "enable"))).blocks == frozenset()


def test_what_terminals_note_of_an_item(scene: Scene) -> None:
    noted = scene.ask(scene.library.update_item("103", "spine torn", occasion(scene, "note")))
    assert (noted.item_id, noted.properties) == ("103", "spine torn")
    assert scene.ask(scene.library.item("103")).item.properties == "spine torn"
    asking = scene.library.update_item("999", "x", occasion(scene, "none"))
    assert refused(scene.ask, asking) == "copy_not_found"
