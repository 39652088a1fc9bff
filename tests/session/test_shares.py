"""Each library has its share of a bounded store, and each terminal has its own within that."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from sip2gw.session import KeptAnswers, Newest
from sip2gw.session.shares import Key, Shares

KEYS = st.builds(Key, st.sampled_from("abc"), st.sampled_from(["", "t1", "t2"]), st.integers(0, 9))
STEPS = st.lists(st.tuples(st.booleans(), KEYS), max_size=80)


@given(STEPS, st.integers(1, 12), st.integers(1, 4))
def test_R6_a_store_keeps_to_its_bounds_and_holds_what_was_put_last(steps, most, per_terminal):
    shares: Shares[int] = Shares(most, per_terminal)
    model: dict[Key, int] = {}
    for number, (put, key) in enumerate(steps):
        if put:
            shares.put(key, number)
            model.pop(key, None)
            model[key] = number
        else:
            shares.drop(key)
            model.pop(key, None)
        kept = {key: value for key, value in model.items() if shares.get(key) == value}
        assert len(kept) == len(shares) <= most
        for terminal in ("t1", "t2"):
            for library in "abc":
                assert sum(key[:2] == (library, terminal) for key in kept) <= per_terminal


@given(st.lists(st.integers(0, 99), unique=True, min_size=1, max_size=5), st.integers(0, 200))
def test_R6_whoever_stays_within_an_equal_share_loses_nothing(modest, greedy):
    shares: Shares[int] = Shares(10)
    for number in modest:
        shares.put(Key("modest", "", number), number)
    for number in range(greedy):
        shares.put(Key("greedy", "", number), number)
    assert all(shares.get(Key("modest", "", number)) == number for number in modest)


def test_R6_a_terminal_that_fills_its_share_loses_its_own_oldest():
    answers = KeptAnswers(lambda: 0.0, most=100, per_terminal=2)
    keys = [answers.key("riverside", "t1", b"%d" % number) for number in range(3)]
    other = answers.key("riverside", "t2", b"0")
    for key in (other, *keys):
        answers.keep(key, b"yes", 300.0, None, has_item=True)
    assert [answers.before(key) for key in (other, *keys)] == [b"yes", None, b"yes", b"yes"]


def test_R6_what_is_out_of_date_is_let_go_of_in_every_library():
    seconds = 0.0
    newest = Newest(lambda: seconds)
    answers = KeptAnswers(lambda: seconds, newest=newest)
    for library in ("riverside", "hillcrest"):
        write = newest.note(library, "item 1")
        answers.keep(answers.key(library, "t1", b"0"), b"yes", 300.0, write, has_item=True)
    seconds = 300.0
    answers.forget_old()
    assert (len(answers), len(newest)) == (0, 0)
