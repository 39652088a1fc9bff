"""Profiles and libraries in the configuration: what can be said, and every fault at once with its place and fix."""

import pytest

from sip2gw.circulation.profile import Alert, DueDateForm
from sip2gw.circulation.settings import KNOBS
from sip2gw.circulation.sorting import BinRule
from sip2gw.config import load
from sip2gw.config.knobs import CHECKS
from sip2gw.faults import ConfigFaults
from sip2gw.library import Medium

BEFORE = '[[listen]]\nendpoint = "tcp:6001:interface=127.0.0.1"\n'
RIVERSIDE = '[[libraries]]\nnickname = "riverside"\n'


def test_every_knob_has_a_check():
    assert set(CHECKS) == set(KNOBS)


def test_everything_that_can_be_said(read):
    settings = read("""
        [profiles.flex]
        like = "sorter-cv"
        why = "the sorter in the hall"
        charset = "cp850"
        terminator = "crlf"
        delimiter = "^"
        error_detection = "always"
        max_length = 60
        messages = ["09", "17"]
        offline = false
        hide = ["AJ", "64.AE"]
        show = ["BD"]
        rename = { CS = "KC" }
        due_date = "iso"
        alerts = ["hold"]
        list_limit = 5
        name_template = "{name} ({patron_id})"
        fee_template = "{title} {amount}"
        strip_prefix = "RV"
        identifiers = ["barcode"]
        branch = "Main"
        language = "bn"
        [[libraries]]
        nickname = "Riverside"
        profile = "generic-kiosk"
        language = "es"
        texts = { renewed = "Again yours.", "paid.es" = "Pagado: {amount}." }
        terminals = [
            { location = "Hall", profile = "flex", branch = "North" },
            { account = "pc@riverside.example", profile = "pc-booking" },
        ]
        [[libraries.bins]]
        unknown = true
        bin = "99"
        [[libraries.bins]]
        call_numbers = ["500", "599"]
        medium = "book"
        branch = "Main"
        location = "Fiction"
        hold = false
        transit = false
        alert = false
        bin = "5"
        [[libraries.bins]]
        bin = "1"
        [[libraries]]
        nickname = "hillcrest"
    """).settings
    assert sorted(settings.libraries) == ["hillcrest", "riverside"]
    found = settings.effective("riverside", "x", "hall")
    profile = found.profile
    assert (profile.name, found.origins["name"]) == ("flex", "library riverside, terminal Hall")
    assert (profile.charset, profile.terminator, profile.delimiter, profile.max_length) == (
        "cp850",
        "crlf",
        "^",
        60,
    )
    assert (profile.messages, profile.offline, profile.error_detection) == ({"09", "17"}, False, "always")
    assert (profile.show, "AJ" in profile.hide, "64.AE" in profile.hide) == ({"BD"}, True, True)
    assert (profile.due_date, profile.alerts, profile.rename) == (DueDateForm.ISO, {Alert.HOLD}, {"CS": "KC"})
    assert (profile.branch, found.origins["branch"]) == ("North", "library riverside, terminal Hall")
    assert (profile.identifiers, profile.language) == (("barcode",), "bn")
    assert profile.destination_always, "as the one that it is like"
    riverside = settings.of("riverside")
    assert riverside.bins == (
        BinRule("99", unknown=True),
        BinRule(
            "5", branch="Main", location="Fiction", call_numbers=("500", "599"), medium=Medium.BOOK,
            hold=False, transit=False, alert=False,
        ),
        BinRule("1"),
    )  # fmt: skip
    assert riverside.texts == {"renewed": "Again yours.", "paid.es": "Pagado: {amount}."}
    assert settings.effective("riverside", "PC@riverside.example", "").profile.name == "pc-booking"


def test_without_a_word_the_defaults_hold(read):
    assert read("").settings.effective("anybody", "x", "y").profile.name == "generic-kiosk"


def test_all_messages_again(read):
    text = '[profiles.wide]\nlike = "gate"\nmessages = "all"\n' + RIVERSIDE + 'profile = "wide"'
    assert len(read(text).settings.effective("riverside", "", "").profile.messages) == 16


def test_all_faults_at_once(faults):
    found = faults("""
        [profiles.flex]
        like = "sorter-vc"
        charsett = "cp850"
        max_length = "60"
        [profiles.gate]
        charset = "ascii"
        [profiles.a]
        like = "b"
        [profiles.b]
        like = "a"
        [[libraries]]
        nickname = "not a nickname"
        [[libraries]]
        nickname = "riverside"
        profile = "flx"
        language = "tlh"
        texts = { renewd = "x", paid = "{what}" }
        terminals = [
            { profile = "gate" },
            { location = "Hall", terminator = "none" },
            { location = "hall" },
            { account = "x", profile = "gates", terminatr = "cr" },
        ]
        [[libraries.bins]]
        medium = "scroll"
        bin = "1"
        [[libraries.bins]]
        hold = true
        [[libraries.bins]]
        bin = "1"
        [[libraries.bins]]
        bin = "2"
        [[libraries]]
        nickname = "RIVERSIDE"
        [[libraries]]
        profile = "gate"
    """)
    terminals, bins = "libraries[1].terminals", "libraries[1].bins"
    assert set(found) == {
        "profiles.flex.like", "profiles.flex.charsett", "profiles.flex.max_length", "profiles.gate",
        "profiles.a.like", "profiles.b.like", "libraries[0].nickname", "libraries[1].profile",
        "libraries[1].language", "libraries[1].texts.renewd", "libraries[1].texts.paid",
        f"{terminals}[0]", f"{terminals}[1].terminator", f"{terminals}[2]", f"{terminals}[3].profile",
        f"{terminals}[3].terminatr", f"{bins}[0].medium", f"{bins}[1].bin", f"{bins}[3]", "libraries[2].nickname",
        "libraries[3].nickname",
    }  # fmt: skip
    assert 'did you mean "sorter-cv"?' in found["profiles.flex.like"]
    assert "did you mean charset?" in found["profiles.flex.charsett"]
    assert "did you mean terminator?" in found[f"{terminals}[3].terminatr"]
    assert 'did you mean "flex"?' in found["libraries[1].profile"]
    assert "is never reached" in found[f"{bins}[3]"]
    assert "names the terminals of line 23;" in found[f"{terminals}[2]"]
    assert 'like = "gate"' in found["profiles.gate"]


@pytest.mark.parametrize(
    ("knob", "value"),
    [
        ("charset", '"utf-16"'), ("charset", '"klingon"'), ("charset", '"utf-7"'), ("charset", "850"),
        ("charset", '""'), ("charset", '"base64"'),
        ("terminator", '"\\r"'), ("delimiter", '"||"'), ("delimiter", '"A"'), ("delimiter", '" "'),
        ("delimiter", '"§"'), ("error_detection", "true"), ("max_length", "0"), ("messages", '["9"]'),
        ("messages", '["94"]'), ("messages", '"17"'), ("messages", '["17", "17"]'), ("offline", '"yes"'),
        ("hide", '["personal"]'), ("hide", '["64.b"]'), ("hide", '["63.BD"]'), ("hide", '["AZ"]'),
        ("rename", '{ AQ = "long" }'), ("rename", '["AQ"]'), ("due_date", '"american"'), ("alerts", '["holds"]'),
        ("list_limit", "0"), ("list_limit", "201"),
        ("name_template", '"{nme}"'), ("name_template", '"{name"'), ("fee_template", '"{}"'),
        ("fee_template", '"{title.x}"'), ("strip_prefix", "1"), ("identifiers", "[]"), ("identifiers", '["ean"]'),
        ("branch", "1"), ("language", '"klingon"'), ("receipts", "1"),
    ],
)  # fmt: skip
def test_an_invalid_value_of_a_knob_is_a_fault(faults, knob, value):
    assert list(faults(f"[profiles.odd]\n{knob} = {value}")) == [f"profiles.odd.{knob}"]
    assert list(faults(RIVERSIDE + f'terminals = [{{ location = "x", {knob} = {value} }}]')) == [
        f"libraries[0].terminals[0].{knob}"
    ]


@pytest.mark.parametrize(
    ("knob", "value"),
    [("charset", '"cp936"'), ("charset", '"windows-1252"'), ("hide", '["BD"]'), ("strip_prefix", '""'),
     ("alerts", "[]"), ("rename", "{}"), ("language", '"fr-CA"'), ("language", '""'),
     ("fee_template", '"{{{title}}}"')],
)  # fmt: skip
def test_a_valid_value_of_a_knob_is_accepted(read, knob, value):
    assert read(f"[profiles.odd]\n{knob} = {value}")


def test_a_field_is_hidden_or_shown(faults):
    assert (
        "both name AJ, BD"
        in faults('[profiles.odd]\nhide = ["AJ", "BD"]\nshow = ["BD", "AJ", "BE"]')["profiles.odd.show"]
    )


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("profiles = 1", "profiles"),
        ("[profiles]\nflex = 1", "profiles.flex"),
        ("libraries = 1", "libraries"),
        ("[libraries]\nnickname = 'x'", "libraries"),
        ("libraries = [1]", "libraries[0]"),
        (RIVERSIDE + "terminals = 1", "libraries[0].terminals"),
        (RIVERSIDE + "bins = [1]", "libraries[0].bins"),
        (RIVERSIDE + "texts = 1", "libraries[0].texts"),
        (RIVERSIDE + "texts = { renewed = 1 }", "libraries[0].texts"),
        (RIVERSIDE + 'bins = [{ bin = "1", call_numbers = ["5"] }]', "libraries[0].bins[0].call_numbers"),
    ],
)
def test_a_value_that_is_not_a_table_is_a_fault(tmp_path, text, place):
    path = tmp_path / "sip2gw.toml"
    path.write_text(text + "\n" + BEFORE if text.startswith(("profiles =", "libraries =")) else BEFORE + text)
    with pytest.raises(ConfigFaults) as raised:
        load(path)
    assert [fault.place for fault in raised.value.faults] == [place]


def test_a_bad_name_hides_no_other_fault(faults):
    found = faults(
        """
        [profiles.gate]
        charset = "no-such"
        [[libraries]]
        nickname = "not a nickname"
        profile = "nobodys"
        terminals = [{location = "Hall", profile = "sorter-xx"}]
        texts = {nonsense = "x"}
        bins = [{medium = "stone", bin = "1"}]
        """,
    )
    assert {
        "profiles.gate", "profiles.gate.charset", "libraries[0].nickname", "libraries[0].profile",
        "libraries[0].terminals[0].profile", "libraries[0].texts.nonsense", "libraries[0].bins[0].medium",
    } <= set(found)  # fmt: skip
