"""Who stands at the terminal: it decides whose copy comes back, and in which language a refusal is told."""

from __future__ import annotations

import pytest

from sip2gw.circulation import Speaker

from .desk import DATE, LOGIN, Bench

TITLE = "9780385474542"
"""Of which the library has two copies."""
RETURN = f"09N{DATE}{DATE}AP|AOriverside|AB{TITLE}|AC|"
FIRST, SECOND = "M-1001", "M-1002"
NAMING = {
    "01": f"01N{DATE}AOriverside|ALlost|AA{{}}|AC|",
    "11": f"11YN{DATE}{DATE}AOriverside|AA{{}}|AB10204|AC|",
    "15": f"15+{DATE}AOriverside|AA{{}}|AB10205|AC|",
    "23": f"23000{DATE}AOriverside|AA{{}}|AC|AD|",
    "25": f"25{DATE}AOriverside|AA{{}}|AC|",
    "29": f"29YN{DATE}{DATE}AOriverside|AA{{}}|AB{TITLE}|AC|",
    "37": f"37{DATE}0100USDBV1.00|AOriverside|AA{{}}|",
    "63": f"63000{DATE}          AOriverside|AA{{}}|AC|",
    "65": f"65{DATE}AOriverside|AA{{}}|AC|",
}


@pytest.fixture
def bench():
    """Each of two patrons has a copy of the title."""
    bench = Bench()
    assert bench.say(LOGIN) == "941"
    for patron in (FIRST, SECOND):
        assert bench.say(f"11YN{DATE}{DATE}AOriverside|AA{patron}|AB{TITLE}|AC|").startswith("121")
        assert bench.say(f"35{DATE}AOriverside|AA{patron}|").startswith("36Y")
    yield bench
    bench.sandbox.close()


def returned_for(bench: Bench) -> str:
    """Whose loan a return of the title ends; empty if it ends none."""
    before = len(bench.sandbox.ledger("riverside"))
    bench.say(RETURN)
    new = [effect for effect in bench.sandbox.ledger("riverside")[before:] if effect["kind"] == "return"]
    return str(new[0]["member_no"]) if new else ""


@pytest.mark.parametrize("code", NAMING)
def test_K3_a_title_comes_back_for_the_patron_named_last(bench, code):
    bench.say(NAMING["23"].format(SECOND))
    bench.say(NAMING[code].format(FIRST))
    assert returned_for(bench) == FIRST


def test_K3_after_a_loan_to_another_patron_the_loan_of_that_one_ends(bench):
    bench.say(NAMING["23"].format(SECOND))
    bench.say(NAMING["11"].format(FIRST))
    assert returned_for(bench) == FIRST


def test_K3_two_minutes_after_the_last_request_there_is_no_reader(bench):
    bench.say(NAMING["23"].format(SECOND))
    bench.clock.advance(119)
    bench.say("9900802.00")
    bench.clock.advance(1)
    assert returned_for(bench) == ""


def test_K3_each_request_that_names_the_patron_keeps_them_there(bench):
    for _ in range(3):
        bench.say(NAMING["23"].format(SECOND))
        bench.clock.advance(119)
    assert returned_for(bench) == SECOND


@pytest.mark.parametrize("line", [NAMING["23"], NAMING["63"]])
@pytest.mark.parametrize("patron", [FIRST, SECOND])
def test_K3_after_a_wrong_password_there_is_no_reader(bench, line, patron):
    bench.say(NAMING["23"].format(SECOND))
    assert "CQN" in bench.say(line.format(patron).replace("AC|AD|", "AC|") + "ADwrong|")
    assert returned_for(bench) == ""


@pytest.mark.parametrize("code", sorted({"11", "15", "23", "29", "37", "63", "65"}))
def test_K3_after_an_unknown_number_there_is_no_reader(bench, code):
    bench.say(NAMING["23"].format(SECOND))
    bench.say(NAMING[code].format("M-404"))
    assert returned_for(bench) == ""


@pytest.mark.parametrize("patron", [SECOND, FIRST])
def test_K3_the_end_of_the_patron_session_ends_it(bench, patron):
    bench.say(NAMING["23"].format(SECOND))
    bench.say(f"35{DATE}AOriverside|AA{patron}|")
    assert returned_for(bench) == ""


def test_K3_a_request_for_another_library_sets_no_reader(bench):
    bench.say(NAMING["23"].format(SECOND))
    bench.say(NAMING["11"].replace("riverside", "hillcrest").format(FIRST))
    assert returned_for(bench) == ""


@pytest.mark.parametrize("code", ["11", "15", "29", "37", "63"])
def test_K3_an_answer_without_a_patron_is_in_the_last_readers_language(bench, code):
    bench.say(NAMING[code].format("M-1010"))
    unknown = RETURN.replace(TITLE, "31337")
    assert Speaker("de").say("copy_not_found") in bench.say(unknown)
    bench.clock.advance(120)
    assert Speaker("en").say("copy_not_found") in bench.say(unknown.replace("31337", "31338"))
