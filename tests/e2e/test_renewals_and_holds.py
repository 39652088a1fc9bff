"""What a reader has stays out longer, and what another reader has is kept for them."""

from sip2gw.sip2 import SummaryList, messages

from .terminal import checkout, hold, information, of


def test_renewals_that_are_refused(plain_kiosk, demo):
    def renewal(number, **what):
        return plain_kiosk.ask(of(messages.Renew, number, **what))

    for refused in (
        renewal("M-1001", item_identifier="10007"),
        renewal("M-1001", item_identifier="10003"),
        renewal("M-1001", item_identifier="10001"),
        renewal("M-1001", title_identifier="No Such Title"),
        renewal("M-1001"),
    ):
        assert (refused.ok, refused.desensitize, refused.due_date) == (False, False, "")
        assert refused.screen_message
    assert demo.ledger("riverside") == []


def test_a_title_is_renewed_and_reserved_by_its_name(plain_kiosk):
    assert plain_kiosk.ask(checkout("M-1001", "10001")).ok
    renewed = plain_kiosk.ask(of(messages.Renew, "M-1001", title_identifier="Emma"))
    assert (renewed.ok, renewed.item_identifier) == (True, "10001")
    placed = plain_kiosk.ask(hold("+", "M-1002", title_identifier="One Hundred Years of Solitude"))
    assert not placed.ok, "it is on loan to that very reader"
    placed = plain_kiosk.ask(hold("+", "M-1005", title_identifier="One Hundred Years of Solitude"))
    assert (placed.ok, placed.queue_position) == (True, 1)


def test_a_hold_is_placed_changed_and_given_up(plain_kiosk, demo):
    wanted = {"item_identifier": "10003"}
    first = plain_kiosk.ask(hold("+", "M-1001", **wanted, pickup_location="North"))
    assert (first.ok, first.available, first.queue_position, first.pickup_location) == (
        True,
        False,
        1,
        "North",
    )
    twice = plain_kiosk.ask(hold("+", "M-1001", **wanted))
    assert (twice.ok, bool(twice.screen_message)) == (False, True)
    assert plain_kiosk.ask(hold("+", "M-1005", **wanted)).queue_position == 2
    waiting = plain_kiosk.ask(information("M-1001", SummaryList.UNAVAILABLE_HOLDS))
    assert (waiting.unavailable_holds_count, len(waiting.unavailable_hold_items)) == (1, 1)
    changed = plain_kiosk.ask(hold("*", "M-1001", **wanted, pickup_location="Main"))
    assert (changed.ok, changed.pickup_location) == (True, "Main")
    assert not plain_kiosk.ask(hold("*", "M-1001", **wanted, pickup_location="Atlantis")).ok
    given_up = plain_kiosk.ask(hold("-", "M-1001", **wanted))
    assert (given_up.ok, given_up.queue_position, given_up.available) == (True, None, False)
    assert not plain_kiosk.ask(hold("-", "M-1001", **wanted)).ok
    assert plain_kiosk.ask(information("M-1001")).unavailable_holds_count == 0
    assert not plain_kiosk.ask(hold("?", "M-1001", **wanted)).ok
    assert not plain_kiosk.ask(hold("+", "M-1001")).ok, "neither item nor title"
    kinds = [effect["kind"] for effect in demo.ledger("riverside")]
    assert kinds.count("cancellation") == 1
