"""The transition table of the conversation, walked row by row, and what a session remembers."""

import inspect
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import sip2gw.session
from sip2gw.library import Credentials, Refused, Unavailable
from sip2gw.secret import Digests
from sip2gw.session import (
    MEMORY,
    NOT_AGAIN,
    PATIENCE,
    UNDATED,
    Answers,
    Ask,
    Closed,
    Confirm,
    Connected,
    Decline,
    Ignore,
    Join,
    LoggedIn,
    Newest,
    Say,
    Serving,
    Session,
    SignIn,
)
from sip2gw.sip2 import RESPONSES, lay_out, messages, parse

from .tenants import tenant

DATE = "20260301    101500"
LOGIN = b"9300CNkiosk|COsecret|AOriverside|"
LOGINS_WITH_AC = [b"9300CN|CO|AOriverside|ACkiosk:secret|", b"9300CN|CO|AOriverside|ACkiosk:pa:ss|"]
PROVISIONAL = b"9300CNkiosk|COsecret|"
STATUS = b"9900802.00"
PATRON = f"23000{DATE}AOriverside|AAM-1|AC|AD|".encode()
PATRON_ALONE = f"23000{DATE}AOriverside|AAM-1|ACkiosk:secret|AD|".encode()
CHECKOUT = f"11YN{DATE}{DATE}AOriverside|AAM-1|AB1|AC|".encode()
FOREIGN = f"23000{DATE}AOelsewhere|AAM-1|AC|AD|".encode()
HOMELESS = f"23000{DATE}AO|AAM-1|AC|AD|".encode()
NOT_FOUND = Refused("library_not_found")
WRONG = Refused("invalid_credentials")


class Clock:
    """Seconds that pass when told, and a little at each look, as those of real clocks do."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        self.seconds += 1e-6
        return self.seconds


def connected(**settings):
    return Session(now=lambda: datetime(2026, 3, 1, 10, 15, tzinfo=UTC), **settings)


def logged_in():
    session = connected()
    assert said(session.receive(PROVISIONAL)) == "941"
    return session


def expecting(*forms):
    """All libraries are named in these forms."""
    return lambda *said: said[-1] in forms


def serving(login=LOGIN, **settings):
    session = connected(**settings)
    assert isinstance(session.receive(login), SignIn)
    assert said(session.admitted(tenant())) == "941"
    return session


def closed():
    session = connected()
    session.close()
    return session


def said(step):
    """The line of a Say, without its terminator."""
    assert isinstance(step, Say)
    assert step.line.endswith(b"\r")
    return step.line[:-1].decode()


def check_refusal(step, request):
    response, _ = parse(said(step).encode())
    assert type(response) is type(parse(request)[0]).response
    return response


ANYWHERE = [connected, logged_in, serving]
NOWHERE_YET = [connected, logged_in]


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
def test_a_login_that_names_its_library(start):
    session = start()
    assert session.receive(LOGIN) == SignIn("riverside", Credentials("kiosk", "secret"))
    assert said(session.admitted(tenant())) == "941"
    assert isinstance(session.state, Serving)


@pytest.mark.parametrize("start", NOWHERE_YET)
@pytest.mark.parametrize("error", [NOT_FOUND, WRONG, Unavailable("down")])
def test_a_login_that_is_turned_away_may_try_again(start, error):
    session = start()
    for _ in range(5):
        session.receive(LOGIN)
        step = session.turned_away(error, "why")
        assert said(step) == "940"
        assert not step.hang_up
    session.receive(LOGIN)
    assert said(session.admitted(tenant())) == "941"


@pytest.mark.parametrize("start", NOWHERE_YET)
def test_a_login_without_a_library_is_held(start):
    session = start()
    assert said(session.receive(b"9300CNother|COsecret|CPFront Desk|")) == "941"
    assert isinstance(session.state, LoggedIn)
    assert session.state.login.credentials.username == "other"


def test_a_login_without_a_library_is_refused_if_so_configured():
    session = connected(deferred_login=False)
    assert said(session.receive(PROVISIONAL)) == "940"
    assert session.state == Connected()


def test_a_location_that_looked_like_a_library_is_a_location():
    session = connected(expects=expecting("CP"))
    assert session.receive(b"9300CNkiosk|COsecret|CPWEST|").library == "west"
    assert said(session.turned_away(NOT_FOUND, "why")) == "941"
    assert session.state.login.location == "WEST"
    session.receive(PATRON)
    session.admitted(tenant())
    assert session.state.location == "WEST"


NAMES = st.sampled_from(
    ["main", "Main", "self1", "kiosk", "", "a b", "main.librarika.com", "main/kiosk", "main:Hall"]
)
SECRETS = st.sampled_from(["secret", "pa:ss", "main:x", "kiosk@main.example:x", ":", "a@b:c"])


@given(NAMES, SECRETS, NAMES)
def test_R12_only_what_can_mean_nothing_else_names_a_library(user, password, place):
    step = connected().receive(f"9300CN{user}|CO{password}|CP{place}|".encode())
    sure = any(sign in user for sign in "./") or any(sign in place for sign in ".:")
    if isinstance(step, SignIn):
        assert step.library == "main" or "@main.example:" in password
        assert sure or "@main.example:" in password
    else:
        assert said(step) == "941"


def test_a_location_that_is_a_library_is_no_guess_when_the_password_is_wrong():
    session = connected(expects=expecting("CP"))
    session.receive(b"9300CNkiosk|COsecret|CPriverside|")
    assert said(session.turned_away(WRONG, "why")) == "940"


@pytest.mark.parametrize("start", ANYWHERE)
def test_encrypted_logins_need_an_agreement(start):
    assert said(start().receive(b"9310CNkiosk|COsecret|AOriverside|")) == "940"


@pytest.mark.parametrize("start", NOWHERE_YET)
def test_status_is_asked_of_no_library_before_one_is_known(start):
    step = start().receive(STATUS)
    assert isinstance(step, Ask)
    assert step.tenant is None


def test_a_first_message_may_log_in_by_itself():
    session = connected()
    step = session.receive(PATRON_ALONE)
    assert (step.library, step.credentials.username) == ("riverside", "kiosk")
    assert isinstance(session.admitted(tenant()), Ask)
    assert isinstance(session.state, Serving)


def test_held_credentials_are_checked_when_a_message_names_the_library():
    session = logged_in()
    step = session.receive(PATRON)
    assert (step.library, step.credentials.password.reveal()) == ("riverside", "secret")
    step = session.admitted(tenant())
    assert step.request.patron_identifier == "M-1"
    assert isinstance(session.state, Serving)


@pytest.mark.parametrize(("start", "line"), [(connected, PATRON_ALONE), (logged_in, PATRON)])
@pytest.mark.parametrize("error", [NOT_FOUND, WRONG, Unavailable("down")])
def test_a_message_whose_login_is_turned_away_gets_its_refusal(start, line, error):
    session = start()
    before = session.state
    session.receive(line)
    assert check_refusal(session.turned_away(error, "why"), line).screen_message == ("why",)
    assert session.state == before


@pytest.mark.parametrize(
    ("start", "line"),
    [(connected, PATRON), (connected, HOMELESS), (logged_in, HOMELESS), (connected, CHECKOUT)],
)
def test_nothing_is_served_before_the_library_is_known(start, line):
    session = start()
    assert session.receive(line) == Decline("not_logged_in")
    check_refusal(session.refuse("why"), line)


def test_a_second_login_may_repeat_the_account():
    session = serving()
    assert session.receive(b"9300CNkiosk|COnew|CPsomewhere|").library == "riverside"
    assert said(session.turned_away(WRONG, "why")) == "940"
    session.receive(PROVISIONAL)
    assert said(session.admitted(tenant())) == "941"
    assert session.state.tenant.nickname == "riverside"


@pytest.mark.parametrize(
    "line",
    [
        b"9300CNother|COsecret|",
        b"9300CNkiosk|COsecret|AOelsewhere|",
        b"9300CNelsewhere/kiosk|COsecret|",
        b"9300CNother|COsecret|AOriverside|",
    ],
)
def test_F45_a_second_login_of_another_library_or_account_ends_the_session(line):
    session = serving()
    step = session.receive(line)
    assert said(step) == "940"
    assert step.hang_up
    assert "another" in step.note
    assert session.state == Closed()


def test_F45_a_session_stays_bound_though_its_library_is_not_found_any_more():
    """Not even a login that could mean something else makes it go back to where it could choose a library."""
    session = serving()
    step = session.receive(b"9300CNkiosk|COsecret|CPriverside|")
    assert step == SignIn("riverside", Credentials("kiosk", "secret"))
    assert said(session.turned_away(NOT_FOUND, "")) == "940"
    assert isinstance(session.state, Serving)
    assert isinstance(session.receive(FOREIGN), Decline)


def test_F45_a_second_login_may_say_its_library_as_the_first_did_though_three_things_could_be_meant():
    """CN and CP may each name a library, and name none: the first login was held, and a request's AO said which."""
    login = b"9300CNself1|COa:b|CPWEST|"
    session = Session(expects=expecting("CN", "CP"))
    assert session.receive(login) == SignIn("self1", Credentials("a", "b"), "WEST")
    assert session.turned_away(NOT_FOUND, "") == SignIn("west", Credentials("self1", "a:b"))
    assert said(session.turned_away(NOT_FOUND, "")) == "941"
    assert session.receive(PATRON) == SignIn("riverside", Credentials("self1", "a:b"))
    session.admitted(tenant(account="self1"))
    assert session.receive(login) == SignIn("riverside", Credentials("self1", "a:b"))


@pytest.mark.parametrize("name", ["riverside", "RIVERSIDE", " Riverside ", ""])
def test_a_bound_session_serves_its_library(name):
    line = f"23000{DATE}AO{name}|AAM-1|AC|AD|".encode()
    step = serving().receive(line)
    assert isinstance(step, Ask)
    assert step.tenant.nickname == "riverside"


def thrice_and_out(session, line, code):
    """Each time refused in its own form, and the third time that is the end."""
    for round_ in range(1, PATIENCE + 1):
        assert session.receive(line) == Decline(code)
        step = session.refuse("why")
        check_refusal(step, line)
        assert step.hang_up is (round_ == PATIENCE)
    assert session.state == Closed()


@pytest.mark.parametrize("fields", ["AOelsewhere|", "AO elsewhere|", "AOELSEWHERE|", "AOriverside2|"])
def test_another_library_is_refused_and_the_third_time_hangs_up(fields):
    thrice_and_out(serving(), f"23000{DATE}{fields}AAM-1|AC|AD|".encode(), "other_library")


@pytest.mark.parametrize("start", ANYWHERE)
@pytest.mark.parametrize(
    "fields",
    [
        "AOriverside|AOelsewhere|",
        "AOelsewhere|AOriverside|",
        "AO|AOelsewhere|",
        "AOriverside|AO|",
        "AO|AOriverside|",
        "AOriverside|AOriverside|",
        "A\0Oriverside|AOriverside|",
        "AOriverside|aoelsewhere|",
        "aoriverside|aoriverside|",
    ],
)
def test_F44_two_institution_ids_are_refused_even_if_they_agree(start, fields):
    thrice_and_out(start(), f"23000{DATE}{fields}AAM-1|ACkiosk:secret|AD|".encode(), "two_libraries")


@pytest.mark.parametrize("start", ANYWHERE)
def test_F44_a_login_with_two_institution_ids_is_refused(start):
    session = start()
    for round_ in range(1, PATIENCE + 1):
        step = session.receive(b"9300CNkiosk|COsecret|AOriverside|AOelsewhere|")
        assert said(step) == "940"
        assert step.hang_up is (round_ == PATIENCE)


def test_F44_what_only_looks_like_a_second_institution_id_is_none():
    line = f"23000{DATE}AOriverside|AAAOK-1|ACxAOx|AD|".encode()
    assert isinstance(serving().receive(line), Ask)


@pytest.mark.parametrize("account", ["other:secret", "KIOSK:secret", "kiosk2:", "other:se:cret"])
@pytest.mark.parametrize("login", LOGINS_WITH_AC)
def test_F46_another_account_in_AC_is_refused(account, login):
    line = f"23000{DATE}AOriverside|AAM-1|AC{account}|AD|".encode()
    thrice_and_out(serving(login), line, "other_account")


@pytest.mark.parametrize("password", ["", "kiosk:secret", "kiosk:old-secret", "secret", ":"])
@pytest.mark.parametrize("login", [LOGIN, *LOGINS_WITH_AC])
def test_F46_the_own_account_or_none_in_AC_is_served(password, login):
    line = f"23000{DATE}AOriverside|AAM-1|AC{password}|AD|".encode()
    assert isinstance(serving(login).receive(line), Ask)


def test_closed_says_nothing():
    assert isinstance(closed().receive(STATUS), Ignore)


def test_nothing_is_done_for_a_terminal_that_left_while_it_was_signed_in():
    session = logged_in()
    assert isinstance(session.receive(CHECKOUT), SignIn)
    session.close()
    assert isinstance(session.admitted(tenant()), Ignore)
    assert session.state == Closed()


def lend(session):
    assert isinstance(session.receive(CHECKOUT), Ask)
    return session.reply(messages.CheckoutResponse(ok=True, title_identifier="Emma"))


def repeated(session, line=CHECKOUT, *, so=True, early=False):
    """What is said to the same line again, if the library says that it is still so."""
    step = session.receive(line, early=early)
    assert isinstance(step, Confirm)
    return session.confirmed(so)


def test_R3_what_is_not_so_any_more_is_asked_anew():
    session = serving()
    lend(session)
    assert isinstance(repeated(session, so=False), Ask)
    answer = session.reply(messages.CheckoutResponse(ok=True, title_identifier="Persuasion"))
    assert repeated(session) == answer
    assert session.receive(b"97") == answer


def test_R3_two_who_hear_that_it_is_not_so_any_more_ask_once():
    answers = Answers(Clock())
    lend(again(answers))
    first, second = (again(answers) for _ in range(2))
    assert isinstance(first.receive(CHECKOUT), Confirm)
    assert isinstance(second.receive(CHECKOUT), Confirm)
    assert isinstance(first.confirmed(False), Ask)
    assert isinstance(second.confirmed(False), Join)


def test_R3_nothing_is_done_for_a_terminal_that_left_meanwhile():
    session = serving()
    lend(session)
    assert isinstance(session.receive(CHECKOUT), Confirm)
    session.close()
    assert isinstance(session.confirmed(False), Ignore)


def test_the_same_write_again_is_answered_from_memory():
    session = serving()
    answer = lend(session)
    assert repeated(session) == answer
    assert session.receive(b"97") == answer


def test_memory_survives_a_damaged_line_and_a_read_between():
    session = serving()
    answer = lend(session)
    assert said(session.receive(CHECKOUT + b"AY0AZ0000")) == "96AZFEF6"
    assert repeated(session) == answer
    session.receive(STATUS)
    session.reply(messages.ACSStatus())
    assert repeated(session) == answer


def again(answers, *, library="riverside", terminal="t1"):
    """A session of a terminal, which may be another one's successor."""
    session = connected(answers=answers)
    session.receive(LOGIN)
    assert said(session.admitted(tenant(library), terminal)) == "941"
    return session


def test_F31_a_write_answered_on_another_connection_is_answered_so_again():
    answers = Answers(Clock())
    answer = lend(again(answers))
    assert repeated(again(answers)) == answer


def test_F31_one_that_is_early_is_the_answer_that_went_out_meanwhile():
    answers = Answers(Clock())
    lend(again(answers))
    session = again(answers)
    assert isinstance(repeated(session, early=True), Say)
    assert isinstance(session.receive(CHECKOUT, early=True), Ignore)


def test_F31_a_write_in_hand_on_another_connection_is_joined():
    answers = Answers(Clock())
    first, second, third = (again(answers) for _ in range(3))
    assert isinstance(first.receive(CHECKOUT), Ask)
    first.close()
    over = []
    for session in (second, third):
        step = session.receive(CHECKOUT)
        assert isinstance(step, Join)
        step.first.when_over(lambda: over.append(1))
    answer = first.reply(messages.CheckoutResponse(ok=True))
    assert over == [1, 1]
    assert second.joined() == answer
    third.close()
    assert isinstance(third.joined(), Ignore)


@pytest.mark.parametrize("end", ["let_go", "refuse"])
def test_F31_what_came_to_nothing_is_asked_by_the_next_and_joined_by_the_others(end):
    answers = Answers(Clock())
    first, second, third = (again(answers) for _ in range(3))
    first.receive(CHECKOUT)
    assert all(isinstance(session.receive(CHECKOUT), Join) for session in (second, third))
    first.let_go() if end == "let_go" else first.refuse("no")
    assert isinstance(second.joined(), Ask)
    assert isinstance(third.joined(), Join)


@pytest.mark.parametrize("other", [{"terminal": "t2"}, {"terminal": ""}, {"library": "elsewhere"}])
def test_F31_another_terminal_hears_nothing_of_it(other):
    answers = Answers(Clock())
    line = CHECKOUT.replace(b"AOriverside", b"AO")
    first = again(answers)
    second = again(answers, **other)
    assert isinstance(first.receive(line), Ask)
    assert isinstance(second.receive(line), Ask)
    second.refuse("no")
    first.reply(messages.CheckoutResponse(ok=True))
    assert isinstance(second.receive(line), Ask)


def test_F31_who_goes_on_to_the_next_write_has_heard_the_answer_before():
    answers = Answers(Clock())
    session = again(answers)
    lend(session)
    written(session, checkin("2"))
    assert isinstance(again(answers).receive(CHECKOUT), Ask)


def test_F31_answers_are_bounded_and_are_let_go_in_time():
    clock = Clock()
    answers = Answers(clock, most=2)
    for number in range(3):
        written(again(answers), checkin(str(number)))
    assert len(answers) == 2
    assert isinstance(again(answers).receive(checkin("0")), Ask)
    assert isinstance(repeated(again(answers), checkin("2")), Say)
    clock.seconds += MEMORY
    answers.forget_old()
    assert len(answers) == 0


def test_memory_fades():
    clock = Clock()
    session = serving(clock=clock)
    lend(session)
    clock.seconds = MEMORY + 1
    assert isinstance(session.receive(CHECKOUT), Ask)


def checkin(item="1"):
    return f"09N{DATE}{DATE}APdesk|AOriverside|AB{item}|AC|".encode()


def written(session, line, kind=messages.CheckinResponse):
    """The answer to a write that the library has decided."""
    assert isinstance(session.receive(line), Ask)
    return session.reply(kind(ok=True))


@pytest.mark.parametrize("item", ["1", " 1 "])
def test_F33_after_a_loan_at_another_terminal_the_same_return_is_a_new_one(item):
    answers = Answers(Clock())
    first, second = (serving(answers=answers) for _ in range(2))
    answer = written(first, checkin())
    assert repeated(first, checkin()) == answer, "nobody has written on it since"
    written(second, CHECKOUT.replace(b"AB1|", f"AB{item}|".encode()), messages.CheckoutResponse)
    written(first, checkin())


def test_F33_a_loan_at_the_same_terminal_is_as_new():
    session = serving()
    written(session, checkin())
    written(session, CHECKOUT, messages.CheckoutResponse)
    written(session, checkin())


@pytest.mark.parametrize("other", [tenant("elsewhere"), tenant()])
def test_F33_what_is_written_elsewhere_or_on_other_items_is_no_reason(other):
    answers = Answers(Clock())
    first = serving(answers=answers)
    answer = written(first, checkin())
    second = connected(answers=answers)
    second.receive(LOGIN.replace(b"riverside", other.nickname.encode()))
    second.admitted(other)
    item = b"2" if other.nickname == "riverside" else b"1"
    line = CHECKOUT.replace(b"AB1|", b"AB" + item + b"|").replace(b"riverside", other.nickname.encode())
    written(second, line, messages.CheckoutResponse)
    assert repeated(first, checkin()) == answer


def test_F33_a_loan_that_was_not_decided_is_no_newer_write():
    answers = Answers(Clock())
    first, second = (serving(answers=answers) for _ in range(2))
    answer = written(first, checkin())
    second.receive(CHECKOUT)
    second.reply(messages.CheckoutResponse(), remember=False)
    assert repeated(first, checkin()) == answer


def test_F33_what_a_terminal_did_that_is_gone_counts_as_well():
    answers = Answers(Clock())
    first, second = (serving(answers=answers) for _ in range(2))
    written(first, checkin())
    second.receive(CHECKOUT)
    second.close()
    second.reply(messages.CheckoutResponse(ok=True))
    written(first, checkin())


def test_F33_what_is_known_of_writes_is_limited_in_time_and_number():
    clock = Clock()
    newest = Newest(clock, most=3)
    writes = [newest.note("riverside", str(number)) for number in range(4)]
    assert [write in newest for write in writes] == [False, True, True, True]
    clock.seconds = MEMORY + 1
    assert newest.note("riverside", "9") in newest
    assert len(newest) == 1


def test_F32_permuted_barcodes_have_one_checksum_and_are_two_requests():
    session = serving()
    lines = [f"11YN{DATE}{DATE}AOriverside|AAM-1|AB{item}|AC|AY1AZ" for item in ("1234", "4321")]
    first, second = (line.encode() + b"%04X" % (-sum(line.encode()) & 0xFFFF) for line in lines)
    assert first[-4:] == second[-4:]
    assert isinstance(session.receive(first), Ask)
    session.reply(messages.CheckoutResponse(ok=True))
    assert isinstance(session.receive(second), Ask)


def test_a_read_runs_again():
    session = serving()
    for _ in range(2):
        assert isinstance(session.receive(PATRON), Ask)
        session.reply(messages.PatronStatusResponse())


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


def test_a_refusal_that_asked_nobody_is_not_remembered():
    session = connected()
    assert session.receive(CHECKOUT) == Decline("not_logged_in")
    session.refuse("why")
    session.receive(LOGIN)
    session.admitted(tenant())
    assert isinstance(session.receive(CHECKOUT), Ask)
    session.reply(messages.CheckoutResponse(), remember=False)
    assert isinstance(session.receive(CHECKOUT), Ask), "the library could not be asked then; now it may"


def test_a_write_without_a_date_is_remembered_for_the_retries_only():
    clock = Clock()
    session = serving(clock=clock)
    line = b"09N" + b" " * 36 + b"AP|AOriverside|AB1|AC|"
    session.receive(line)
    session.reply(messages.CheckinResponse(ok=True))
    assert isinstance(repeated(session, line), Say)
    clock.seconds += UNDATED
    assert isinstance(session.receive(line), Ask)


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


@pytest.mark.parametrize(("start", "line"), [(connected, PATRON_ALONE), (logged_in, PATRON)])
def test_refused_credentials_are_not_tried_again_by_themselves(start, line):
    clock = Clock()
    session = connected(clock=clock)
    if start is logged_in:
        session.receive(PROVISIONAL)
    session.receive(line)
    session.turned_away(WRONG, "why")
    for _ in range(3):
        assert session.receive(line) == Decline("not_logged_in")
        session.refuse("why")
    assert isinstance(session.receive(LOGIN), SignIn), "a 93 may always try"
    session.turned_away(WRONG, "why")
    if start is logged_in:
        session.receive(PROVISIONAL)
    clock.seconds = NOT_AGAIN + 1
    assert isinstance(session.receive(line), SignIn)


def test_an_empty_login_leaves_room_for_the_account_in_a_message():
    session = connected()
    assert said(session.receive(b"9300CN|CO|CP|")) == "941"
    assert session.receive(PATRON_ALONE).credentials == Credentials("kiosk", "secret")


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


def test_the_line_of_a_write_is_digested_once_and_of_a_reading_never(monkeypatch):
    digested = []
    of = Digests.of
    monkeypatch.setattr(Digests, "of", lambda self, *said: digested.append(said[-1]) or of(self, *said))
    session = serving()
    digested.clear()
    lend(session)
    assert digested == [CHECKOUT]
    assert isinstance(session.receive(PATRON), Ask)
    session.reply(messages.PatronStatusResponse())
    assert digested == [CHECKOUT]
