"""A SIP2 client that is not ours: a visit to the library, and everything else that it can ask."""

import pytest

from .clients import effects, heard

ACCOUNT = ["--username", "kiosk@riverside.example", "--password", "kiosk-secret"]


VISIT = [
    {"ask": "patron_status", "patron": "M-1001", "pin": "1234"},
    {"ask": "checkout", "itemIdentifier": "10001"},
    {"ask": "checkin", "itemIdentifier": "10001"},
]


@pytest.mark.parametrize(
    "setting",
    [
        pytest.param([*ACCOUNT, "--location", "riverside"], id="CP=nickname"),
        pytest.param([*ACCOUNT, "--location", "riverside:North"], id="CP=nickname:branch"),
        pytest.param([*ACCOUNT], id="AO-later"),
        pytest.param([*ACCOUNT, "--location", "riverside", "--without-error-detection"], id="no-AY-AZ"),
        pytest.param(
            ["--username", "riverside", "--password", "kiosk@riverside.example:kiosk-secret"],
            id="CN=nickname",
        ),
    ],
)
@pytest.mark.parametrize("transport", ["tls", "plain"])
def test_a_visit_to_the_library(fresh, transport, setting):
    port = {"tls": ["--host", "localhost", "--tls", "--port", str(fresh.tls_port)]}.get(
        transport, ["--port", str(fresh.plain_port)]
    )
    login, status, patron, lent, taken_back = heard(
        "kiosk.py", VISIT, *port, "--library", "riverside", *setting
    )

    assert login["fixed"]["Ok"] == "1"
    assert status["fixed"]["OnlineStatus"] == "Y"
    assert status["fixed"]["ProtocolVersion"] == "2.00"
    assert len(status["variable"]["BX"][0]) == 16
    assert (patron["variable"]["AE"], patron["variable"]["BL"], patron["variable"]["CQ"]) == (
        ["Amina Rahman"],
        ["Y"],
        ["Y"],
    )
    assert patron["fixed"]["PatronStatus"].strip() == ""
    assert (lent["fixed"]["Ok"], lent["variable"]["AJ"], lent["variable"]["AB"]) == ("1", ["Emma"], ["10001"])
    assert lent["variable"]["AH"][0]
    assert (taken_back["fixed"]["Ok"], taken_back["variable"]["AB"]) == ("1", ["10001"])
    assert effects(fresh) == ["loan", "return"], "each happened once in the library, and nothing else"


def kiosk(demo, *steps, account=("--library", "riverside", *ACCOUNT, "--location", "riverside")):
    """What the kiosk heard after login and status, over TLS."""
    return heard("kiosk.py", steps, "--host", "localhost", "--tls", "--port", str(demo.tls_port), *account)[
        2:
    ]


def test_patron_information_with_each_list(fresh):
    lists = ["none", "hold", "overdue", "charged", "fine", "recall", "unavail"]
    answers = kiosk(
        fresh,
        *({"ask": "patron_information", "patron": "M-1002", "pin": "4321", "infoType": one} for one in lists),
        {"ask": "patron_information", "infoType": "charged", "startItem": "2", "endItem": "5"},
    )
    # The reader has one title, overdue, owes a fine for another, and waits for a third.
    for answer in answers:
        counts = {
            name: answer["fixed"][f"{name}Count"]
            for name in ("OverdueItems", "ChargedItems", "UnavailableHolds")
        }
        assert counts == {"OverdueItems": "0001", "ChargedItems": "0001", "UnavailableHolds": "0001"}
        assert (answer["variable"]["BL"], answer["variable"]["CQ"]) == (["Y"], ["Y"])
    fields = {"overdue": "AT", "charged": "AU", "fine": "AV", "unavail": "CD"}
    shown = dict(zip(lists, answers, strict=False))
    for one, field in fields.items():
        assert len(shown[one]["variable"][field]) == 1
        assert not [other for other in fields.values() if other != field and other in shown[one]["variable"]]
    assert shown["charged"]["variable"]["AU"] == shown["overdue"]["variable"]["AT"] == ["10003"]
    assert "3.00" in shown["fine"]["variable"]["AV"][0]
    assert "AU" not in answers[-1]["variable"], "page two of one"


def test_items_renewals_and_holds(fresh):
    free, lent, out, renewed, all_of_them, reserved, waiting, given_up, back, done = kiosk(
        fresh,
        {"ask": "item_information", "itemIdentifier": "10001", "patron": "M-1001", "pin": "1234"},
        {"ask": "checkout", "itemIdentifier": "10001"},
        {"ask": "item_information", "itemIdentifier": "10001"},
        {"ask": "renew", "itemIdentifier": "10001"},
        {"ask": "renew_all", "dated": True},
        {"ask": "hold", "holdMode": "+", "itemIdentifier": "10003", "pickupLocation": "North"},
        {"ask": "patron_information", "infoType": "unavail"},
        {"ask": "hold", "holdMode": "-", "itemIdentifier": "10003"},
        {"ask": "checkin", "itemIdentifier": "10001"},
        {"ask": "end_patron_session"},
    )
    assert (free["fixed"]["CirculationStatus"], out["fixed"]["CirculationStatus"]) == ("03", "04")
    assert free["variable"]["AJ"] == ["Emma"]
    assert (lent["fixed"]["Ok"], lent["fixed"]["RenewalOk"]) == ("1", "N")
    assert (renewed["fixed"]["Ok"], renewed["fixed"]["RenewalOk"]) == ("1", "Y")
    assert all_of_them["fixed"]["Ok"] == "1"
    counts = [int(all_of_them["fixed"][name]) for name in ("RenewedItems", "UnrenewedItems")]
    assert counts == [len(all_of_them["variable"].get(code, [])) for code in ("BM", "BN")]
    assert sum(counts) == 2, "what was lent just now, and a loan that another reader waits for"
    assert (reserved["fixed"]["Ok"], waiting["fixed"]["UnavailableHoldsCount"]) == ("1", "0001")
    assert given_up["fixed"]["Ok"] == "1"
    assert (back["fixed"]["Ok"], done["fixed"]["EndSession"]) == ("1", "Y")


def test_K5_a_renew_all_without_its_date_is_carried_out(fresh):
    """The client's own 65 has no date: its first field stands in the place of one."""
    (renewed,) = kiosk(fresh, {"ask": "renew_all", "patron": "M-1001", "pin": "1234"})
    assert (renewed["fixed"]["Ok"], renewed["line"][:2]) == ("1", "66")
    counts = [int(renewed["fixed"][name]) for name in ("RenewedItems", "UnrenewedItems")]
    assert counts == [len(renewed["variable"].get(code, [])) for code in ("BM", "BN")]
    assert sum(counts) > 0


def test_a_payment_is_booked_once(fresh):
    pay = {"ask": "fee_paid", "feeType": 1, "paymentType": 0, "currencyType": "USD"}
    paid = {**pay, "feeAmount": "4.50", "transactionId": "till-7-0001"}
    listed, first, second, foreign, too_much, after = kiosk(
        fresh,
        {"ask": "patron_information", "infoType": "fine", "patron": "M-1004", "pin": "2222"},
        paid,
        paid,
        {**paid, "currencyType": "EUR", "transactionId": "till-7-0002"},
        {**paid, "feeAmount": "900.00", "transactionId": "till-7-0003"},
        {"ask": "patron_status"},
    )
    assert (listed["variable"]["BV"], len(listed["variable"]["AV"])) == (["24.50"], 1)
    said = [answer["fixed"]["PaymentAccepted"] for answer in (first, second, foreign, too_much)]
    assert said == ["Y", "Y", "N", "N"]
    assert first["variable"]["BK"] == second["variable"]["BK"]
    assert after["variable"]["BV"] == ["20.00"]
    assert effects(fresh) == ["payment"]


def test_cards_are_blocked_only_where_that_is_allowed(fresh):
    steps = [{"ask": "block_patron", "blockedCardMsg": "left in the slot"}, {"ask": "patron_enable"}]
    refused, _ = kiosk(fresh, {**steps[0], "patron": "M-1001", "pin": "1234"}, steps[1])
    assert refused["fixed"]["PatronStatus"].strip() == ""
    assert refused["variable"]["AF"]
    assert effects(fresh) == []


def test_cards_and_items_where_all_is_allowed(fresh):
    account = ("--library", "openall", "--location", "openall")
    account += ("--username", "kiosk@openall.example", "--password", "open-secret")
    blocked, enabled, stored = kiosk(
        fresh,
        {"ask": "block_patron", "blockedCardMsg": "left in the slot", "patron": "O-2", "pin": "2222"},
        {"ask": "patron_enable"},
        {"ask": "item_status_update", "itemIdentifier": "501", "itemProperties": "weight 310"},
        account=account,
    )
    assert blocked["fixed"]["PatronStatus"].startswith("YY")
    assert (enabled["fixed"]["PatronStatus"].strip(), enabled["variable"]["CQ"]) == ("", ["Y"])
    assert stored["fixed"]["ItemPropertiesOk"] == "1"
    assert effects(fresh, "openall") == ["member_update", "member_update", "copy_update"]
