"""Every other request at the demo gateway: what it does in the library, and what the terminal hears of it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from sip2gw.sip2 import DENIED, PatronFlag, SummaryList, messages

from .terminal import NOW, checkin, checkout, hold, information, login, of, patron, request, status


def item(number):
    """17."""
    return request(messages.ItemInformation, item_identifier=number)


def test_a_reader_looks_after_what_she_has(kiosk, demo):
    """Each request once, however the terminal spells its lines."""
    before = kiosk.ask(information("M-1001", SummaryList.CHARGED_ITEMS, "1234"))
    assert (before.personal_name, before.valid_patron, before.valid_patron_password) == (
        "Amina Rahman",
        True,
        True,
    )
    assert (before.charged_items_count, before.charged_items) == (1, ("10007",))
    assert kiosk.ask(item("10001")).circulation_status == "03"
    assert kiosk.ask(checkout("M-1001", "10001")).ok
    on_loan = kiosk.ask(item("10001"))
    assert (on_loan.circulation_status, on_loan.title_identifier) == ("04", "Emma")
    renewed = kiosk.ask(of(messages.Renew, "M-1001", item_identifier="10001"))
    assert (renewed.ok, renewed.renewal_ok, renewed.desensitize, renewed.title_identifier) == (
        True,
        True,
        True,
        "Emma",
    )
    everything = kiosk.ask(of(messages.RenewAll, "M-1001"))
    assert (everything.ok, everything.renewed_count, everything.unrenewed_count) == (True, 1, 1)
    assert everything.renewed_items == ("10001",)
    assert everything.unrenewed_items[0].startswith("10007")
    placed = kiosk.ask(hold("+", "M-1001", item_identifier="10003"))
    assert (placed.ok, placed.available, placed.title_identifier) == (
        True,
        False,
        "One Hundred Years of Solitude",
    )
    assert kiosk.ask(hold("-", "M-1001", item_identifier="10003")).ok
    paid = kiosk.ask(
        of(messages.FeePaid, "M-1002", currency_type="USD", fee_amount=Decimal(1), transaction_id="till-1-1")
    )
    assert (paid.payment_accepted, paid.transaction_id) == (True, "till-1-1")
    stored = kiosk.ask(request(messages.ItemStatusUpdate, item_identifier="10001", item_properties="x"))
    assert not stored.item_properties_ok
    assert kiosk.ask(checkin("10001")).ok
    assert kiosk.ask(of(messages.EndPatronSession, "M-1001")).end_session
    done = [effect["kind"] for effect in demo.ledger("riverside")]
    assert done == ["loan", "renewal", "renewal", "reservation", "cancellation", "payment", "return"]


@pytest.mark.parametrize(
    ("wanted", "field", "entries"),
    [
        (SummaryList.OVERDUE_ITEMS, "overdue_items", ("10003",)),
        (SummaryList.CHARGED_ITEMS, "charged_items", ("10003",)),
        (SummaryList.RECALL_ITEMS, "recall_items", ()),
    ],
)
def test_one_list_at_a_time(plain_kiosk, wanted, field, entries):
    """Counts are of everything, whatever list or page is asked for; and 24 tells the same of the reader as 64."""
    answer = plain_kiosk.ask(information("M-1002", wanted, "4321"))
    assert getattr(answer, field) == entries
    lists = (
        "hold_items",
        "overdue_items",
        "charged_items",
        "fine_items",
        "recall_items",
        "unavailable_hold_items",
    )
    assert not [name for name in lists if name != field and getattr(answer, name)]
    assert (answer.overdue_items_count, answer.charged_items_count, answer.unavailable_holds_count) == (
        1,
        1,
        1,
    )
    brief = plain_kiosk.ask(patron("M-1002", "4321"))
    for name in ("patron_status", "personal_name", "fee_amount", "currency_type", "valid_patron_password"):
        assert getattr(brief, name) == getattr(answer, name), name
    private = (answer.home_address, answer.e_mail_address, answer.home_phone_number)
    assert private == (None, None, None), "unless a profile shows it"


def test_pages(plain_kiosk):
    for number in ("10001", "10004", "10008"):
        assert plain_kiosk.ask(checkout("M-1002", number)).ok

    def page(first, last):
        wanted = information("M-1002", SummaryList.CHARGED_ITEMS, start_item=first, end_item=last)
        answer = plain_kiosk.ask(wanted)
        assert answer.charged_items_count == 4, "of everything, whatever the page"
        return answer.charged_items

    everything = page(None, None)
    assert set(everything) == {"10003", "10001", "10004", "10008"}
    assert page(1, 2) + page(3, 4) == everything
    assert page(2, 3) == everything[1:3]
    assert page(4, 9) == everything[3:]
    assert page(5, 9) == page(3, 2) == ()


def test_a_wrong_password_learns_nothing(plain_kiosk):
    answer = plain_kiosk.ask(information("M-1002", SummaryList.CHARGED_ITEMS, "0000"))
    assert (answer.valid_patron, answer.valid_patron_password, answer.personal_name) == (True, False, "")
    assert (answer.charged_items, answer.charged_items_count, answer.fee_amount) == ((), 0, None)
    stranger = plain_kiosk.ask(information("nobody", SummaryList.CHARGED_ITEMS, "0000"))
    assert (stranger.valid_patron, stranger.patron_status, stranger.charged_items) == (False, DENIED, ())


def test_items(plain_kiosk):
    reserved = plain_kiosk.ask(item("10007"))
    assert (reserved.circulation_status, reserved.hold_queue_length) == ("04", 1)
    assert (reserved.due_date[:2], reserved.permanent_location) == ("20", "Main")
    assert not [text for text in (reserved.owner, *reserved.screen_message) if text and "M-100" in text]
    for number in ("99999", "10100", ""):
        unknown = plain_kiosk.ask(item(number))
        assert (unknown.circulation_status, unknown.item_identifier) == ("01", number)
        assert unknown.screen_message


def test_ends_of_sessions_are_a_courtesy(plain_kiosk):
    for number in ("M-1001", "nobody", ""):
        assert plain_kiosk.ask(of(messages.EndPatronSession, number)).end_session


def test_all_is_allowed_where_library_and_profile_allow_it(staff):
    up = staff.ask(status())
    assert len(up.supported_messages) == 16
    assert (up.online_status, up.checkin_ok, up.checkout_ok, up.acs_renewal_policy) == (True,) * 4
    assert (up.status_update_ok, up.offline_ok) == (True, True)


def test_in_another_library_nothing_of_it_is_told(plain_kiosk, demo):
    before = demo.requests("hillcrest")
    answer = plain_kiosk.ask(
        request(messages.PatronInformation, library="hillcrest", patron_identifier="7", summary=frozenset())
    )
    assert (answer.valid_patron, answer.personal_name, answer.patron_status) == (None, "", DENIED)
    assert demo.requests("hillcrest") == before


def test_what_a_wrong_clock_can_not_do(plain_kiosk):
    """A terminal whose clock is ahead lends today, and what it reports is not taken for the future."""
    tomorrow = NOW + timedelta(days=3650)
    lent = plain_kiosk.ask(
        of(messages.Checkout, "M-1001", item_identifier="10001", transaction_date=tomorrow)
    )
    back = plain_kiosk.ask(
        request(messages.Checkin, item_identifier="10001", transaction_date=tomorrow, return_date=tomorrow)
    )
    assert (lent.ok, back.ok) == (True, True)
    assert int(lent.due_date[:4]) < tomorrow.year


def test_flags_of_a_reader_agree_everywhere(plain_kiosk):
    brief, long = plain_kiosk.ask(patron("M-1004")), plain_kiosk.ask(information("M-1004"))
    assert brief.patron_status == long.patron_status
    assert PatronFlag.EXCESSIVE_OUTSTANDING_FINES in brief.patron_status


@pytest.mark.parametrize("profile", ["sorter-cl", "sorter-cv", "rfid-pad"])
def test_a_sorter_asks_the_library_twice_for_each_item_at_most(demo, profile):
    """A 17 and the 09 after it together, too: hundreds of items an hour go over the belt."""
    demo.reset()
    with demo.terminal() as kiosk, demo.terminal() as sorter:
        assert kiosk.log_in().ok
        account = login("kiosk@riverside.example", "kiosk-secret", profile, extensions=(("AO", "riverside"),))
        assert sorter.ask(account).ok
        assert sorter.ask(status()).terminal_location == profile
        for number, asks_first in (("10001", True), ("10004", False)):
            assert kiosk.ask(checkout("M-1001", number)).ok
            before = sum(demo.requests("riverside").values())
            if asks_first:
                assert sorter.ask(item(number)).circulation_status == "04"
            back = sorter.ask(checkin(number))
            assert (back.ok, back.resensitize) == (True, True)
            assert sum(demo.requests("riverside").values()) - before <= 2
