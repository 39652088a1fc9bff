"""What a machine could not finish is undone, what it did off-line has happened, and what costs is asked for first."""

from datetime import datetime, timedelta

import pytest

from sip2gw.sip2 import SummaryList, messages

from .terminal import checkin, checkout, of, patron, request, status


def lately(days):
    """So many days ago, at this time of the day, as the terminal's clock says it."""
    return (datetime.now() - timedelta(days=days)).replace(microsecond=0)


def kinds(demo):
    """What was done in the library."""
    return [effect["kind"] for effect in demo.ledger("riverside")]


def charged(terminal, number):
    """What a reader has."""
    wanted = of(messages.PatronInformation, number, summary=frozenset({SummaryList.CHARGED_ITEMS}))
    return terminal.ask(wanted).charged_items


def test_a_loan_that_the_machine_could_not_finish_is_undone(kiosk):
    assert kiosk.ask(checkout("M-1001", "10001")).ok
    undone = kiosk.ask(checkin("10001").but(cancel=True))
    assert (undone.ok, undone.resensitize, undone.alert) == (True, True, False)
    assert charged(kiosk, "M-1001") == ("10007",)
    nothing = kiosk.ask(checkin("10001").but(cancel=True))
    assert (nothing.ok, nothing.resensitize) == (False, False)


def test_a_return_that_the_machine_could_not_finish_is_undone(kiosk):
    """The loan is as it was, with its old due date, although another reader waits for the item: policy has no say."""
    held = kiosk.ask(request(messages.ItemInformation, item_identifier="10007"))
    assert kiosk.ask(checkin("10007")).ok
    undone = kiosk.ask(checkout("M-1001", "10007").but(cancel=True))
    assert (undone.ok, undone.due_date, undone.title_identifier) == (True, held.due_date, "Middlemarch")
    assert charged(kiosk, "M-1001") == ("10007",)
    nothing = kiosk.ask(checkout("M-1001", "10001").but(cancel=True))
    assert (nothing.ok, nothing.desensitize) == (False, False)


def test_loans_made_off_line_count_with_the_dates_of_the_terminal(kiosk, demo):
    assert kiosk.ask(status()).offline_ok
    due = lately(-10)
    lent = kiosk.ask(
        of(
            messages.Checkout,
            "M-1004",
            item_identifier="10001",
            no_block=True,
            transaction_date=lately(2),
            nb_due_date=due,
        )
    )
    assert lent.ok, "M-1004 owes too much, and has the book at home all the same"
    assert lent.due_date.startswith(f"{due:%Y%m%d}")
    back = kiosk.ask(
        request(
            messages.Checkin,
            item_identifier="10001",
            no_block=True,
            transaction_date=lately(1),
            return_date=lately(1),
        )
    )
    assert (back.ok, back.resensitize) == (True, True)
    assert kinds(demo) == ["loan", "return"]


def test_what_was_lent_off_line_to_another_is_taken_back_first(plain_kiosk, demo):
    lent = plain_kiosk.ask(
        of(messages.Checkout, "M-1001", item_identifier="10003", no_block=True, transaction_date=lately(1))
    )
    assert lent.ok, "it was with somebody else, by the books; the facts are otherwise"
    assert "10003" in charged(plain_kiosk, "M-1001")
    assert charged(plain_kiosk, "M-1002") == ()
    assert "loan" in kinds(demo)


def test_what_does_not_exist_can_not_have_been_lent(plain_kiosk, demo):
    for number, item in (("nobody", "10001"), ("M-1001", "99999")):
        refused = plain_kiosk.ask(
            of(messages.Checkout, number, item_identifier=item, no_block=True, transaction_date=lately(1))
        )
        assert (refused.ok, refused.desensitize) == (False, False)
    assert kinds(demo) == []


def test_an_overdue_return_is_fined_by_the_day_that_it_came_back(plain_kiosk):
    """The slot was off-line for three days; the reader is not to pay for them."""
    owed = plain_kiosk.ask(patron("M-1002")).fee_amount
    fines = []
    for days in (3, 0):
        plain_kiosk_return = request(
            messages.Checkin, item_identifier="10003", transaction_date=lately(0), return_date=lately(days)
        )
        assert plain_kiosk.ask(plain_kiosk_return).ok
        fines.append(plain_kiosk.ask(patron("M-1002")).fee_amount - owed)
        undone = plain_kiosk.ask(checkout("M-1002", "10003").but(cancel=True))
        assert undone.ok
        assert plain_kiosk.ask(patron("M-1002")).fee_amount == owed, "the fine is gone with the return"
    assert 0 < fines[0] < fines[1]


def test_what_costs_is_lent_after_a_yes(kiosk, demo):
    """BO is the reader's yes to the price that the refusal before it named."""
    asked = kiosk.ask(checkout("M-1001", "10305"))
    assert (asked.ok, asked.desensitize, asked.currency_type) == (False, False, "USD")
    assert asked.fee_amount > 0
    assert asked.fee_type
    assert kinds(demo) == []
    lent = kiosk.ask(checkout("M-1001", "10305").but(fee_acknowledged=True))
    assert (lent.ok, lent.desensitize, lent.fee_amount) == (True, True, asked.fee_amount)
    assert kiosk.ask(patron("M-1001")).fee_amount == asked.fee_amount


@pytest.mark.parametrize("kind", [messages.Checkout, messages.Renew])
def test_old_dates_without_no_block_do_not_move_a_loan(plain_kiosk, kind):
    plain_kiosk.ask(checkout("M-1001", "10001"))
    back = kind is messages.Checkout and plain_kiosk.ask(checkin("10001"))
    assert back is False or back.ok
    answer = plain_kiosk.ask(
        of(kind, "M-1001", item_identifier="10001", transaction_date=lately(60), nb_due_date=lately(50))
    )
    assert answer.ok
    assert answer.due_date[:8] > f"{lately(0):%Y%m%d}"
