"""A reader of SIP2 that is not ours, and strict, takes every answer of the gateway."""

import pytest

from .clients import heard

LOGIN = ("LoginRequest", {"uid_algorithm": "0", "pwd_algorithm": "0", "location_code": "riverside:Main"})
AMINA = {"patron_identifier": "M-1001", "patron_password": "1234"}
NOW = "20260301    101500"
EMMA = {"item_identifier": "10001"}
PAYMENT = {
    "fee_type": "01",
    "payment_type": "00",
    "currency_type": "USD",
    "fee_amount": "4.50",
    "transaction_id": "till-7-0009",
}
LENDING = {"sc_renewal_policy": "Y", "no_block": "N", "nb_due_date": NOW}
"""Its models have no blank date; some terminals send now here, without no-block it means nothing."""


def typed(demo, *steps):
    """What the strict reader made of the answers, as its models' fields, over TLS; login and status first."""
    account = {"login_user_id": "kiosk@riverside.example", "login_password": "kiosk-secret"}
    steps = [
        (LOGIN[0], {**LOGIN[1], **account}),
        ("SCStatusRequest", {"status_code": "0", "max_print_width": "040", "protocol_version": "2.00"}),
        *steps,
    ]
    options = ["--port", str(demo.tls_port), "--tls", str(demo.ca_file), "--library", "riverside"]
    return heard("typed.py", steps, *options)


def test_a_strict_reader_takes_every_answer(fresh):
    """Every field of every answer has the width and the form that another author reads out of the protocol."""
    pytest.importorskip("pysip2")
    language = {"language": "001", **AMINA}
    answers = iter(
        typed(
            fresh,
            ("PatronStatusRequest", language),
            (
                "PatronInformationRequest",
                {**language, "summary": "  Y       ", "start_item": "1", "end_item": "5"},
            ),
            ("ItemInformationRequest", {"item_identifier": "10001"}),
            ("CheckoutRequest", {**LENDING, **AMINA, "item_identifier": "10001"}),
            (
                "RenewRequest",
                {"third_party_allowed": "N", "no_block": "N", "nb_due_date": NOW, **AMINA, **EMMA},
            ),
            ("RenewAllRequest", AMINA),
            ("HoldRequest", {"hold_mode": "+", **AMINA, "item_identifier": "10003"}),
            ("HoldRequest", {"hold_mode": "-", **AMINA, "item_identifier": "10003"}),
            ("CheckinRequest", {"no_block": "N", "return_date": NOW, "current_location": "", **EMMA}),
            ("FeePaidRequest", {**PAYMENT, "patron_identifier": "M-1004"}),
            ("ItemStatusUpdateRequest", {"item_identifier": "10001", "item_properties": "weight 300"}),
            ("EndPatronSessionRequest", AMINA),
            (
                "BlockPatronRequest",
                {"card_retained": "N", "blocked_card_message": "", "patron_identifier": "M-1001"},
            ),
            ("PatronEnableRequest", AMINA),
        )
    )
    login, status, patron, charged, item = (next(answers) for _ in range(5))
    lent, renewed, everything, held, given_up, back = (next(answers) for _ in range(6))
    paid, stored, done, *cards = answers
    assert (login, status["online_status"], status["institution_id"]) == ({"ok": "1"}, "Y", "riverside")
    assert (patron["personal_name"], patron["valid_patron_password"]) == ("Amina Rahman", "Y")
    assert (charged["charged_items_count"], charged["charged_items"]) == ("0001", ["10007"])
    assert (item["circulation_status"], item["title_identifier"]) == ("03", "Emma")
    assert (lent["ok"], lent["desensitize"], renewed["ok"], renewed["renewal_ok"]) == ("1", "Y", "1", "Y")
    assert int(everything["renewed_count"]) == len(everything["renewed_items"])
    assert int(everything["unrenewed_count"]) == len(everything["unrenewed_items"])
    assert (held["ok"], given_up["ok"], back["ok"], back["resensitize"]) == ("1", "1", "1", "Y")
    assert (paid["payment_accepted"], paid["transaction_id"]) == ("Y", "till-7-0009")
    assert (stored["item_properties_ok"], done["end_session"]) == ("0", "Y")
    assert [card["patron_status"].strip() for card in cards] == ["", ""], (
        "not allowed at this terminal: unchanged"
    )
