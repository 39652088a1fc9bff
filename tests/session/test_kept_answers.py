"""What a session knows of the answers to all terminals: to repeats on another connection, and after newer writes."""

import pytest

from sip2gw.library.terminals import DATED
from sip2gw.session import (
    Ask,
    Confirm,
    Ignore,
    KeptAnswers,
    Newest,
    Say,
    Wait,
)
from sip2gw.sip2 import messages

from .conversing import (
    CHECKOUT,
    DATE,
    LOGIN,
    Clock,
    connected,
    lend,
    repeated,
    said,
    serving,
)
from .tenants import tenant


def again(answers, *, library="riverside", terminal="t1"):
    """A session of a terminal, which may be another one's successor."""
    session = connected(answers=answers)
    session.receive(LOGIN)
    assert said(session.admitted(tenant(library), terminal)) == "941"
    return session


def checkin(item="1"):
    return f"09N{DATE}{DATE}APdesk|AOriverside|AB{item}|AC|".encode()


def written(session, line, kind=messages.CheckinResponse):
    """The answer to a write that the library has decided."""
    assert isinstance(session.receive(line), Ask)
    return session.reply(kind(ok=True))


def test_R3_two_who_hear_that_it_is_not_so_any_more_ask_once():
    answers = KeptAnswers(Clock())
    lend(again(answers))
    first, second = (again(answers) for _ in range(2))
    assert isinstance(first.receive(CHECKOUT), Confirm)
    assert isinstance(second.receive(CHECKOUT), Confirm)
    assert isinstance(first.confirmed(False), Ask)
    assert isinstance(second.confirmed(False), Wait)


def test_F31_a_write_answered_on_another_connection_is_answered_so_again():
    answers = KeptAnswers(Clock())
    answer = lend(again(answers))
    assert repeated(again(answers)) == answer


def test_F31_one_that_is_early_is_the_answer_that_went_out_meanwhile():
    answers = KeptAnswers(Clock())
    lend(again(answers))
    session = again(answers)
    assert isinstance(repeated(session, early=True), Say)
    assert isinstance(session.receive(CHECKOUT, early=True), Ignore)


def test_F31_a_write_in_hand_on_another_connection_is_joined():
    answers = KeptAnswers(Clock())
    first, second, third = (again(answers) for _ in range(3))
    assert isinstance(first.receive(CHECKOUT), Ask)
    first.close()
    over = []
    for session in (second, third):
        step = session.receive(CHECKOUT)
        assert isinstance(step, Wait)
        step.first.when_over(lambda: over.append(1), lambda: True)
    answer = first.reply(messages.CheckoutResponse(ok=True))
    assert over == [1, 1]
    assert second.waited() == answer
    third.close()
    assert isinstance(third.waited(), Ignore)


@pytest.mark.parametrize("end", ["let_go", "refuse"])
def test_F31_what_came_to_nothing_is_asked_by_the_next_and_joined_by_the_others(end):
    answers = KeptAnswers(Clock())
    first, second, third = (again(answers) for _ in range(3))
    first.receive(CHECKOUT)
    assert all(isinstance(session.receive(CHECKOUT), Wait) for session in (second, third))
    first.let_go() if end == "let_go" else first.refuse("no")
    assert isinstance(second.waited(), Ask)
    assert isinstance(third.waited(), Wait)


@pytest.mark.parametrize("other", [{"terminal": "t2"}, {"terminal": ""}, {"library": "elsewhere"}])
def test_F31_another_terminal_hears_nothing_of_it(other):
    answers = KeptAnswers(Clock())
    line = CHECKOUT.replace(b"AOriverside", b"AO")
    first = again(answers)
    second = again(answers, **other)
    assert isinstance(first.receive(line), Ask)
    assert isinstance(second.receive(line), Ask)
    second.refuse("no")
    first.reply(messages.CheckoutResponse(ok=True))
    assert isinstance(second.receive(line), Ask)


def test_F31_who_goes_on_to_the_next_write_has_heard_the_answer_before():
    answers = KeptAnswers(Clock())
    session = again(answers)
    lend(session)
    written(session, checkin("2"))
    assert isinstance(again(answers).receive(CHECKOUT), Ask)


def test_F31_answers_are_bounded_and_are_let_go_in_time():
    clock = Clock()
    answers = KeptAnswers(clock, most=2)
    for number in range(3):
        written(again(answers), checkin(str(number)))
    assert len(answers) == 2
    assert isinstance(again(answers).receive(checkin("0")), Ask)
    assert isinstance(repeated(again(answers), checkin("2")), Say)
    clock.seconds += DATED
    answers.forget_old()
    assert len(answers) == 0


@pytest.mark.parametrize("item", ["1", " 1 "])
def test_F33_after_a_loan_at_another_terminal_the_same_return_is_a_new_one(item):
    answers = KeptAnswers(Clock())
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
    answers = KeptAnswers(Clock())
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
    answers = KeptAnswers(Clock())
    first, second = (serving(answers=answers) for _ in range(2))
    answer = written(first, checkin())
    second.receive(CHECKOUT)
    second.reply(messages.CheckoutResponse(), remember=False)
    assert repeated(first, checkin()) == answer


def test_F33_what_a_terminal_did_that_is_gone_counts_as_well():
    answers = KeptAnswers(Clock())
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
    clock.seconds = DATED + 1
    assert newest.note("riverside", "9") in newest
    assert len(newest) == 1
