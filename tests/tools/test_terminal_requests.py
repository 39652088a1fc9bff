"""Each request of SIP 2.00 as a command, each of its fields as an option, and the fields that they send."""

from __future__ import annotations

import pytest
from click.testing import CliRunner, Result
from prompt_toolkit.completion import CompleteEvent
from prompt_toolkit.document import Document

from sip2gw.sip2 import DENIED, REQUESTS, PatronFlag, Request, lay_out, messages, parse
from sip2gw.tools.cli import main
from sip2gw.tools.commands import COMMANDS
from sip2gw.tools.emulator import accepted
from sip2gw.tools.interactive import completer
from sip2gw.tools.requests import OPTIONS, REQUEST_COMMANDS

from .responder import PASSWORD, Responder, agreed


def run(responder: Responder, *arguments: str, stdin: str = "") -> Result:
    given = ["terminal", "--plain", "--port", str(responder.port), "--library", "riverside", "--timeout", "5"]
    given += ["--account", "kiosk", "--location", "Door"]
    return CliRunner().invoke(main, [*given, *arguments], input=stdin, env={"SIP2GW_PASSWORD": PASSWORD})


CASES = [
    ("patron M-1 --pin 12 --language 008", {"language": "008", "AA": "M-1", "AD": "12"}),
    ("patron-info M-1", {"summary": " " * 10, "BP": None, "BQ": None, "AD": None}),
    ("patron-info M-1 --list hold", {"summary": "Y         "}),
    ("patron-info M-1 --list charged --start 1 --end 5", {"summary": "  Y       ", "BP": "1", "BQ": "5"}),
    ("patron-info M-1 --list unavailable-holds", {"summary": "     Y    "}),
    ("checkout M-1 10", {"sc_renewal_policy": "Y", "no_block": "N", "nb_due_date": " " * 18, "BI": None}),
    ("checkout M-1 10 --no-renew --fee-ok", {"sc_renewal_policy": "N", "BO": "Y"}),
    ("checkout M-1 10 --cancel", {"BI": "Y"}),
    (
        "checkout M-1 10 --no-block --at 2026-02-27T18:05 --due 2026-03-13",
        {"no_block": "Y", "transaction_date": "20260227    180500", "nb_due_date": "20260313    235900"},
    ),
    ("checkin 10", {"AP": "Door", "no_block": "N", "BI": None}),
    ("checkin 10 --place North --cancel --properties x", {"AP": "North", "BI": "Y", "CH": "x"}),
    (
        "checkin 10 --no-block --at 2026-02-27T18:05:09",
        {"no_block": "Y", "transaction_date": "20260227    180509", "return_date": "20260227    180509"},
    ),
    ("checkin 10 --returned 2026-02-20", {"return_date": "20260220    000000"}),
    ("renew M-1 10 --third-party", {"third_party_allowed": "Y", "AB": "10", "AJ": None}),
    ("renew M-1 --title Emma --fee-ok", {"third_party_allowed": "N", "AB": None, "AJ": "Emma", "BO": "Y"}),
    ("renew-all M-1 --fee-ok --pin 12", {"BO": "Y", "AD": "12"}),
    ("hold M-1 10", {"hold_mode": "+", "AB": "10", "BS": None, "BW": None}),
    (
        "hold M-1 --title Emma --pickup North --expires 2026-04-01 --hold-type 2",
        {"hold_mode": "+", "AB": None, "AJ": "Emma", "BS": "North", "BW": "20260401    235900", "BY": "2"},
    ),
    ("hold M-1 10 --cancel", {"hold_mode": "-"}),
    ("hold M-1 10 --change --pickup North", {"hold_mode": "*", "BS": "North"}),
    ("item 10", {"AB": "10"}),
    ("item-update 10 shelf-7", {"AB": "10", "CH": "shelf-7"}),
    (
        "fee-paid M-1 3.5 USD --fee 12 --transaction T-7 --fee-type 04 --payment-type 02",
        {
            "currency_type": "USD",
            "BV": "3.50",
            "CG": "12",
            "BK": "T-7",
            "fee_type": "04",
            "payment_type": "02",
        },
    ),
    ("fee-paid M-1 3 USD", {"fee_type": "01", "payment_type": "00", "BK": None, "CG": None}),
    ("end-session M-1", {"AA": "M-1"}),
    ("block M-1 --card-retained", {"card_retained": "Y", "AL": ""}),
    ("block M-1 'left in the slot'", {"card_retained": "N", "AL": "left in the slot"}),
    ("enable M-1 --pin 12", {"AD": "12"}),
    ("status --print-width 80 --status-code 1", {"max_print_width": "080", "status_code": "1"}),
]


def sent(responder: Responder) -> dict[str, str]:
    layout = lay_out(responder.received[-1])
    return {**dict(layout.fixed), **dict(layout.fields)}


@pytest.mark.parametrize(("line", "expected"), CASES, ids=[line for line, _ in CASES])
def test_each_command_sends_its_arguments_and_options_as_fields(
    responder: Responder, line: str, expected: dict[str, str | None]
) -> None:
    """The commands are typed at the prompt; they are the same after `sip2gw terminal`."""
    result = run(responder, stdin=f"{line}\n")
    said = sent(responder)
    assert {name: said.get(name) for name in expected} == expected
    assert said.get("AO") == (None if line.startswith("status") else "riverside")
    assert lay_out(responder.received[-1]).code == REQUEST_COMMANDS[line.split()[0]].kind.code
    assert result.exit_code in (0, 1), result.output


def test_a_command_after_the_program_name_is_sent_once_for_each_item(responder: Responder) -> None:
    assert run(responder, "hold", "M-1", "10", "--change", "--pickup", "North").exit_code == 0
    assert sent(responder)["hold_mode"] == "*"
    assert run(responder, "item", "10", "11").exit_code == 0
    assert [line[:2] for line in responder.received[-2:]] == [b"17", b"17"], "one request for each"


def test_each_request_has_a_command_and_each_field_an_option() -> None:
    assert {ask.kind for ask in REQUEST_COMMANDS.values()} | {
        messages.Login,
        messages.RequestACSResend,
    } == set(REQUESTS.values())
    assert {ask.name for ask in REQUEST_COMMANDS.values()} | {
        "login",
        "resend",
        "send",
        "raw",
        "play",
    } == set(COMMANDS)
    for ask in REQUEST_COMMANDS.values():
        assert set(ask.options) - {"hold_mode"} <= set(OPTIONS), ask.name


def test_a_wrong_value_is_reported_and_not_sent(responder: Responder) -> None:
    for line, word in (
        ("fee-paid M-1 lots USD", "'lots' is not a valid fee amount"),
        ("checkout M-1 10 --due tomorrow", "'tomorrow' does not match"),
        ("patron-info M-1 --list everything", "'everything' is not one of"),
        ("hold", "Usage: hold [OPTIONS] AA [AB]"),
    ):
        assert word in run(responder, stdin=f"{line}\n").stdout
    assert run(responder, "fee-paid", "M-1", "lots", "USD").exit_code == 2
    assert not [line for line in responder.received if line[:2] not in (b"93",)]


def test_help_at_the_prompt_shows_usage_without_connecting(responder: Responder) -> None:
    result = run(responder, stdin="help\nhelp hold\nhold --help\n")
    assert result.exit_code == 0
    assert result.stdout.count("Usage: hold [OPTIONS] AA [AB]") == 2
    assert all(f"\n{name} " in f"\n{result.stdout}" for name in COMMANDS)
    assert responder.connections == 0


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("ho", {"hold"}),
        ("hold M-1 --ch", {"--change"}),
        ("hold M-1 10 --cancel --c", {"--change"}),
        ("patron_inf", {"patron_information"}),
        ("item_information A", {"AB=", "AC=", "AO="}),
        ("help fee", {"fee-paid"}),
        ("quit now", set()),
    ],
)
def test_the_prompt_completes_commands_options_and_fields(typed: str, offered: set[str]) -> None:
    assert {each.text for each in completer().get_completions(Document(typed), CompleteEvent())} == offered


@pytest.mark.parametrize("kind", [kind for kind in REQUESTS.values() if kind.code not in ("93", "97", "99")])
def test_an_answer_is_a_yes_only_if_its_fields_say_so(kind: type[Request]) -> None:
    request = parse(kind.code.encode())[0]
    assert isinstance(request, Request)
    yes = agreed(request)
    if kind is messages.ItemInformation:
        yes = yes.but(title_identifier="Emma")
    assert accepted(yes, asked=kind.code)
    assert not accepted(kind.response(), asked=kind.code)


def test_a_patron_who_may_still_borrow_is_a_no_to_block() -> None:
    free = messages.PatronStatusResponse(patron_status=frozenset(), valid_patron=True)
    assert not accepted(free, asked="01")
    assert accepted(free, asked="23")
    barred = free.but(patron_status=frozenset({PatronFlag.CHARGE_PRIVILEGES_DENIED}))
    assert accepted(barred, asked="01")
    assert not accepted(messages.PatronEnableResponse(patron_status=DENIED, valid_patron=True), asked="25")
