"""The transition table of the conversation, walked row by row."""

import inspect

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sip2gw.session
from sip2gw.session import (
    PATIENCE,
    Ask,
    Closed,
    Decline,
    Ignore,
    Say,
    Serving,
    SignIn,
)
from sip2gw.sip2 import RESPONSES, lay_out, messages

from .conversing import (
    ANYWHERE,
    CHECKOUT,
    DATE,
    FOREIGN,
    HOMELESS,
    LOGIN,
    NOT_FOUND,
    NOWHERE_YET,
    PATRON,
    PATRON_ALONE,
    PROVISIONAL,
    STATUS,
    WRONG,
    check_refusal,
    connected,
    logged_in,
    said,
    serving,
)
from .tenants import tenant


def closed():
    session = connected()
    session.close()
    return session


def test_the_table_in_the_docstring_has_a_row_for_each_walk():
    rows = [
        line
        for line in inspect.getdoc(sip2gw.session).splitlines()
        if line.strip()[:1].isalpha() and "  " in line.strip()
    ]
    table = [
        row
        for row in rows
        if row.strip().split("  ")[0] in ("any", "Connected", "LoggedIn", "Serving", "Closed")
    ]
    assert len(table) == 26
    assert sum(row.strip().startswith("refused ") for row in rows) == 2


@pytest.mark.parametrize("start", ANYWHERE)
@pytest.mark.parametrize("line", [b"xx", b"4200", b"94", b"941", b"\xff\xfe", b"hello"])
def test_no_message_is_ignored(start, line):
    session = start()
    before = session.state
    assert isinstance(session.receive(line), Ignore)
    assert session.state == before


@pytest.mark.parametrize("start", ANYWHERE)
def test_a_bad_checksum_asks_again_and_the_third_hangs_up(start):
    session = start()
    for round_ in range(1, PATIENCE + 1):
        step = session.receive(b"9900802.00AY0AZ0000")
        assert said(step) == "96AZFEF6"
        assert step.hang_up is (round_ == PATIENCE)
    assert session.state == Closed()


def test_a_good_line_between_bad_ones_gives_patience_back():
    session = connected()
    for _ in range(PATIENCE * 2):
        assert not session.receive(b"9900802.00AY0AZ0000").hang_up
        assert isinstance(session.receive(STATUS), Ask)
        session.reply(messages.ACSStatus())


def test_so_does_one_that_is_refused_for_its_form():
    session = connected()
    for _ in range(PATIENCE * 2):
        assert not session.receive(b"9900802.00AY0AZ0000").hang_up
        assert isinstance(session.receive(b"11AOelsewhere|AAM-1|AB1|AC|"), Decline)
        session.refuse("why")


@pytest.mark.parametrize("start", ANYWHERE)
def test_resend_gives_the_bytes_last_sent(start):
    session = start()
    session.receive(b"9900802.00AY0AZ0000")
    assert said(session.receive(b"97AZFEF5")) == "96AZFEF6"
    session.receive(STATUS + b"AY4AZ" + b"FC9D")
    answer = session.reply(messages.ACSStatus(institution_id="x"))
    for resend in (b"97", b"97AZFEF5", b"97AZ0000", b"97AY0AZFE2B"):
        assert session.receive(resend) == answer


def test_resend_before_anything_was_sent():
    assert said(connected().receive(b"97AZFEF5")) == "96AZFEF6"
    assert said(connected().receive(b"97")) == "96"


@pytest.mark.parametrize("start", NOWHERE_YET)
def test_status_is_asked_of_no_library_before_one_is_known(start):
    step = start().receive(STATUS)
    assert isinstance(step, Ask)
    assert step.tenant is None


@pytest.mark.parametrize(
    ("start", "line"),
    [(connected, PATRON), (connected, HOMELESS), (logged_in, HOMELESS), (connected, CHECKOUT)],
)
def test_nothing_is_served_before_the_library_is_known(start, line):
    session = start()
    assert session.receive(line) == Decline("not_logged_in")
    check_refusal(session.refuse("why"), line)


def test_closed_says_nothing():
    assert isinstance(closed().receive(STATUS), Ignore)


def test_an_answer_is_protected_as_its_request_was():
    session = serving()
    session.receive(b"9900802.00AY7AZFC9A")
    assert lay_out(session.reply(messages.ACSStatus()).line[:-1]).sequence == "7"
    session.receive(STATUS)
    assert lay_out(session.reply(messages.ACSStatus()).line[:-1]).checksum is None


def test_the_reader_is_remembered_until_the_patron_session_ends():
    session = serving()
    session.receive(PATRON)
    session.reply(messages.PatronStatusResponse(valid_patron=True))
    assert session.receive(CHECKOUT).reader == "M-1"
    session.reply(messages.CheckoutResponse())
    over = f"35{DATE}AOriverside|AAM-1|".encode()
    session.receive(over)
    session.reply(messages.EndSessionResponse())
    assert session.receive(PATRON).reader is None
    session.reply(messages.PatronStatusResponse(valid_patron=True))
    assert said(session.receive(over)).startswith("36"), (
        "the clock stands still, and it is answered from memory"
    )
    assert session.receive(PATRON).reader is None
    session.reply(messages.PatronStatusResponse(valid_patron=False))
    assert session.receive(PATRON).reader is None


def test_version_1_leaves_out_what_2_brought():
    session = serving()
    session.receive(b"9900801.00")
    assert b"BX" not in session.reply(messages.ACSStatus()).line
    session.receive(PATRON)
    assert b"BL" not in session.reply(messages.PatronStatusResponse(valid_patron=True)).line
    session.receive(f"35{DATE}AOriverside|AAM-1|".encode())
    session.reply(messages.EndSessionResponse())
    session.receive(PATRON)
    assert b"BLY" in session.reply(messages.PatronStatusResponse(valid_patron=True)).line


@pytest.mark.parametrize("start", ANYWHERE)
def test_a_write_out_of_its_places_is_refused(start):
    session = start()
    line = b"11YN2026AOelsewhere|AAM-1|AB1|AC|"
    assert session.receive(line) == Decline("unreadable")
    check_refusal(session.refuse("why"), b"11YN" + b" " * 36 + b"AO|AA|AB|AC|")


@pytest.mark.parametrize("start", ANYWHERE)
@pytest.mark.parametrize("line", [PATRON, CHECKOUT, LOGIN, STATUS])
def test_F34_a_crowd_of_fields_is_refused(start, line):
    session = start()
    assert session.receive(line + b"ZZ1|" * 65) == Decline("unreadable", "fields")
    check_refusal(session.refuse("why"), line)


def test_states_and_steps_show_no_reader_and_no_account():
    session = serving()
    session.receive(PATRON)
    session.reply(messages.PatronStatusResponse(valid_patron=True))
    assert "M-1" not in repr(session.state) + repr(session.receive(CHECKOUT))
    assert "account=" not in repr(session.state)
    assert "kiosk" not in repr(connected().receive(LOGIN)) + repr(logged_in().state)


LINES = st.lists(
    st.sampled_from(
        [LOGIN, PROVISIONAL, STATUS, PATRON, PATRON_ALONE, CHECKOUT, FOREIGN, HOMELESS, b"97", b"x"]
    )
    | st.binary(max_size=80)
    | st.builds(
        lambda code, rest: code.encode() + rest,
        st.sampled_from(["09", "37", "65", "17"]),
        st.binary(max_size=60),
    ),
    max_size=12,
)


@given(LINES, st.data())
def test_whatever_comes_each_request_gets_one_answer_of_its_type(lines, data):
    session = connected()
    bound = None
    for line in lines:
        step = session.receive(line)
        while not isinstance(step, Say | Ignore):
            match step:
                case SignIn(library):
                    if data.draw(st.booleans()):
                        step = session.admitted(tenant(library.strip().lower()))
                    else:
                        step = session.turned_away(data.draw(st.sampled_from([NOT_FOUND, WRONG])), "no")
                case Ask(request):
                    step = session.reply(type(request).response())
                case Decline():
                    step = session.refuse("no")
        if isinstance(step, Say):
            assert step.line.count(b"\r") == 1
            assert step.line[:2].decode() in RESPONSES
            if step.hang_up:
                assert session.state == Closed()
        if isinstance(session.state, Serving):
            bound = bound or session.state.tenant.nickname
            assert session.state.tenant.nickname == bound
