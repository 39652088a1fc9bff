"""The ladder, from events in any order: it is bounded, never fails, and shows a page only what is its own."""

from hypothesis import given
from hypothesis import strategies as st

from sip2gw.connect.attempt import SILENT
from sip2gw.connect.ladder import ATTEMPTS, LOOKS, SHOWN, Asked, Ladder
from sip2gw.connect.shown import MARKS, verdict
from sip2gw.events import Closed, Exchange, LoggedIn, LoginRefused, Noticed, Opened, Origin, Secured
from sip2gw.pages.rendering import environment

PEER = "203.0.113.7"
HERE = Asked("riverside", frozenset({PEER}))
TEXT = st.text(st.characters(codec="utf-8"), max_size=12)
KINDS = st.sampled_from(
    ["account", "library", "location", "no_end", "charset", "server_name", "seat", "other"]
)
CONN = st.sampled_from(["aaaaa", "bbbbb"])
EVENTS = st.one_of(
    st.builds(Opened, at=st.just(1.0), conn=CONN, where=st.sampled_from(["TLS port 6009", "plain port 6001"]),
              peer=st.just(PEER), network=st.just("203.0.113.0/24")),
    st.builds(Secured, at=st.just(1.0), conn=CONN, version=TEXT, server_name=TEXT, failure=TEXT),
    st.builds(LoggedIn, at=st.just(1.0), conn=CONN, library=st.sampled_from(["riverside", "hillcrest"]), terminal=TEXT),
    st.builds(LoginRefused, at=st.just(1.0), conn=CONN, library=TEXT, code=TEXT, rung=TEXT),
    st.builds(Noticed, at=st.just(1.0), conn=CONN, kind=KINDS, text=TEXT, fix=TEXT),
    st.builds(Exchange, at=st.just(1.0), conn=CONN, seq=st.just(1), message=st.sampled_from(["99", "23", "11", "17"]),
              outcome=st.sampled_from(["answered", "refused", "in_doubt"]), code=TEXT),
    st.builds(Closed, at=st.just(1.0), conn=CONN, why=TEXT),
)  # fmt: skip


def opened(ladder: Ladder, conn: str, *events) -> None:
    ladder.take(Opened(1.0, conn, "plain port 6001", PEER, "203.0.113.0/24"))
    for event in events:
        ladder.take(event)


def rung(ladder: Ladder, name: str, asked: Asked = HERE) -> dict[str, str]:
    return next(one for one in ladder.shown(asked)[0]["rungs"] if one["name"] == name)


@given(st.lists(EVENTS, max_size=20))
def test_events_in_any_order_give_a_page_of_one_s_own_attempts(events):
    steps = Ladder()
    for event in events:
        steps.take(event)
    found = steps.shown(HERE)
    assert all(one["library"] in ("", "riverside") for one in found)
    values = {"attempts": found, "verdict": verdict(found, 2.0), "marks": MARKS}
    assert "verdict" in environment("sip2gw.connect").get_template("ladder.html").render(values)
    assert [one for one in steps.shown(Asked("riverside")) if one["library"] != "riverside"] == []


def test_a_line_without_a_card_has_its_own_fix():
    steps = Ladder()
    refused = Exchange(2.0, "aaaaa", 2, "riverside", message="11", outcome="refused", code="no_card_named")
    opened(steps, "aaaaa", LoggedIn(1.0, "aaaaa", "riverside", ""), refused)
    assert rung(steps, "loan")["fix"] == "scan a card, and look for a CR or LF inside a value of the line"


def test_a_flood_of_connections_keeps_only_the_latest():
    steps = Ladder()
    for number in range(ATTEMPTS + 50):
        opened(steps, f"{number:05x}")
    assert len(steps) == ATTEMPTS
    found = steps.shown(HERE)
    assert [one["conn"] for one in found] == [f"{ATTEMPTS + 49 - back:05x}" for back in range(SHOWN)]


def test_a_terminal_silent_after_its_login_may_wait_for_cr_lf():
    steps = Ladder()
    opened(steps, "aaaaa", LoggedIn(1.0, "aaaaa", "riverside", "Hall"), Closed(9.0, "aaaaa"))
    assert rung(steps, "status")["fix"] == 'it may wait for CR LF: set terminator = "crlf" in its profile'


def test_a_later_loan_takes_back_the_refusal_of_the_first():
    steps = Ladder()
    login = LoggedIn(1.0, "aaaaa", "riverside", "Hall")
    refused = Exchange(2.0, "aaaaa", 2, "riverside", message="11", outcome="refused", code="on_loan")
    opened(steps, "aaaaa", login, refused)
    assert (rung(steps, "loan")["state"], rung(steps, "loan")["text"]) == ("look", "refused: on loan")
    steps.take(Exchange(3.0, "aaaaa", 3, "riverside", message="11"))
    assert rung(steps, "loan")["state"] == "good"


def test_bytes_without_an_end_are_what_stopped_a_terminal_that_left():
    steps = Ladder()
    text, fix = "66 bytes were waiting without CR or LF", "set the terminal's terminator to CR"
    opened(steps, "aaaaa", Noticed(1.0, "aaaaa", "no_end", text, fix), Closed(2.0, "aaaaa"))
    found = rung(steps, "lines")
    assert (found["state"], found["text"], found["fix"]) == ("bad", text, fix)


def test_an_odd_location_stays_in_sight_after_the_login():
    steps = Ladder()
    login = LoggedIn(1.0, "aaaaa", "riverside", "Nrth")
    noticed = Noticed(1.0, "aaaaa", "location", "location Nrth is none of Main, North", "did you mean North?")
    opened(steps, "aaaaa", login, noticed, Exchange(2.0, "aaaaa", 2, "riverside", message="99"))
    assert (rung(steps, "location")["state"], rung(steps, "location")["fix"]) == (
        "look",
        "did you mean North?",
    )


def test_a_card_that_is_nearly_right_is_said_at_the_step_that_failed():
    steps = Ladder()
    login = LoggedIn(1.0, "aaaaa", "riverside", "Hall")
    refused = Exchange(2.0, "aaaaa", 2, "riverside", message="09", outcome="refused", code="copy_not_found")
    near = Noticed(2.0, "aaaaa", "label", "the label is found without the prefix A", "leave out A")
    opened(steps, "aaaaa", login, refused, Closed(3.0, "aaaaa"), near)
    found = rung(steps, "back")
    assert found["text"] == "refused: copy not found; the label is found without the prefix A"
    assert found["fix"] == "leave out A"


def test_a_page_counts_as_open_for_a_while_after_each_question():
    now = 100.0
    steps = Ladder(lambda: now)
    here, there = (Origin("aaaaa", library, "Hall", "") for library in ("riverside", "hillcrest"))
    assert not steps.looks_on(here)
    steps.shown(HERE)
    assert steps.looks_on(here)
    assert not steps.looks_on(there)
    now += LOOKS
    assert not steps.looks_on(here)


def test_a_silent_terminal_is_noticed_while_it_is_still_connected():
    now = 1.0
    steps = Ladder(lambda: now)
    opened(steps, "aaaaa", LoggedIn(1.0, "aaaaa", "riverside", "Hall"))
    assert rung(steps, "status")["state"] == "open"
    now += SILENT
    assert rung(steps, "status")["state"] == "look"


def test_a_status_without_the_library_says_what_98_says():
    steps = Ladder()
    login = LoggedIn(1.0, "aaaaa", "riverside", "Hall")
    text = "98 says offline and offers returns; not loans"
    opened(
        steps, "aaaaa", login, Exchange(2.0, "aaaaa", 2, "riverside", message="99", code="offline", why=text)
    )
    found = rung(steps, "status")
    assert (found["state"], found["text"]) == ("look", text)
