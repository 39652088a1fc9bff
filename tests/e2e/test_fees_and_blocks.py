"""A payment is booked once, whatever happens on the way; a card is blocked only where library and profile allow it."""

from decimal import Decimal

import pytest

from sip2gw.sip2 import DENIED, PatronFlag, Secret, SummaryList, messages

from .terminal import checkout, of, patron, request, status


def payment(amount, number="M-1004", **fields):
    """37, of so many dollars."""
    kept = {"currency_type": "USD", "fee_amount": Decimal(amount), **fields}
    return of(messages.FeePaid, number, **kept)


def paid(demo):
    """What was booked in the library."""
    return [Decimal(effect["amount"]) for effect in demo.ledger("riverside") if effect["kind"] == "payment"]


def test_the_same_payment_over_two_connections_is_booked_once(demo):
    demo.reset()
    first = payment("4.50", transaction_id="till-7-1")
    answers = []
    for _ in range(2):
        with demo.terminal() as terminal:
            assert terminal.log_in().ok
            answers.append(terminal.ask(first))
            answers.append(terminal.ask(first.but(transaction_date=None)))
    assert [answer.payment_accepted for answer in answers] == [True] * 4
    assert {answer.transaction_id for answer in answers} == {"till-7-1"}
    assert [abs(amount) for amount in paid(demo)] == [Decimal("4.50")]
    with demo.terminal() as terminal:
        assert terminal.log_in().ok
        assert terminal.ask(patron("M-1004")).fee_amount == Decimal("20.00")


@pytest.mark.parametrize("what", ["error_after_commit", "reset_after_commit", "reset_before"])
def test_a_payment_whose_answer_was_lost_is_booked_once(plain_kiosk, demo, what):
    demo.misbehave(library="riverside", endpoint="*", method="POST", what=what, times=1)
    said = [plain_kiosk.ask(payment("4.50", transaction_id="till-7-1")).payment_accepted for _ in range(2)]
    assert said[-1] is True, "the terminal says it again until it hears a yes"
    assert [abs(amount) for amount in paid(demo)] == [Decimal("4.50")]


def test_payments_that_are_not_taken(plain_kiosk, demo):
    for refused in (
        payment("900.00"),
        payment("1.00", currency_type="EUR"),
        payment("0"),
        payment("-1.00"),
        payment("1.00", number="nobody"),
        payment("1.00", fee_identifier="no such fee"),
    ):
        answer = plain_kiosk.ask(refused)
        assert answer.payment_accepted is False
        assert answer.screen_message
    assert paid(demo) == []


def test_who_has_paid_may_borrow_again(plain_kiosk):
    assert not plain_kiosk.ask(checkout("M-1004", "10001")).ok
    owed = of(messages.PatronInformation, "M-1004", summary=frozenset({SummaryList.FINE_ITEMS}))
    assert plain_kiosk.ask(owed).fine_items_count == 1
    answer = plain_kiosk.ask(payment("24.50", transaction_id="till-7-2"))
    assert answer.payment_accepted
    assert "24.50" in answer.screen_message[0]
    nothing = plain_kiosk.ask(owed)
    assert (nothing.fine_items_count, nothing.fine_items, nothing.patron_status) == (0, (), frozenset())
    assert plain_kiosk.ask(checkout("M-1004", "10001")).ok


def test_a_card_is_blocked_and_enabled_where_that_is_allowed(staff, demo):
    number = "O-2"
    assert staff.ask(status()).status_update_ok
    blocked = staff.ask(
        request(
            messages.BlockPatron, library="openall", patron_identifier=number, blocked_card_msg="in the slot"
        )
    )
    assert type(blocked) is messages.PatronStatusResponse
    assert PatronFlag.CHARGE_PRIVILEGES_DENIED in blocked.patron_status
    assert staff.ask(patron(number, library="openall")).patron_status == blocked.patron_status
    enable = request(messages.PatronEnable, library="openall", patron_identifier=number)
    wrong = staff.ask(enable.but(patron_password=Secret("wrong")))
    assert PatronFlag.CHARGE_PRIVILEGES_DENIED in wrong.patron_status, "not with a wrong password"
    enabled = staff.ask(enable.but(transaction_date=None))
    assert (type(enabled), enabled.valid_patron) == (messages.PatronEnableResponse, True)
    assert PatronFlag.CHARGE_PRIVILEGES_DENIED not in enabled.patron_status
    assert [effect["kind"] for effect in demo.ledger("openall")] == ["member_update", "member_update"]


def test_elsewhere_the_unchanged_state_is_told(kiosk, demo):
    assert not kiosk.ask(status()).status_update_ok
    for kind in (messages.BlockPatron, messages.PatronEnable):
        for number, flags in (("M-1001", frozenset()), ("nobody", DENIED)):
            answer = kiosk.ask(of(kind, number))
            assert (answer.patron_status, type(answer)) == (flags, kind.response)
            assert answer.screen_message
    assert demo.ledger("riverside") == []


def test_properties_of_an_item_are_stored_where_that_is_allowed(plain_kiosk, staff, demo):
    refused = plain_kiosk.ask(
        request(messages.ItemStatusUpdate, item_identifier="10001", item_properties="weight 310")
    )
    assert (refused.item_properties_ok, bool(refused.screen_message)) == (False, True)
    assert demo.ledger("riverside") == []
    stored = staff.ask(
        request(
            messages.ItemStatusUpdate, library="openall", item_identifier="501", item_properties="weight 310"
        )
    )
    assert (stored.item_properties_ok, stored.item_properties) == (True, "weight 310")
    again = staff.ask(request(messages.ItemInformation, library="openall", item_identifier="501"))
    assert again.item_properties == "weight 310"
    assert [effect["kind"] for effect in demo.ledger("openall")] == ["copy_update"]
