"""Lines: the same bytes give the same lines in any pieces, and no line is longer than allowed."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sip2gw.sip2 import Framer, TooLong

LONGEST = 40
ENDS = [b"\r", b"\n", b"\r\n", b"\n\r", b"\r\0", b"\r\n\0"]
LINES = st.binary(min_size=1, max_size=LONGEST).filter(lambda line: not set(line) & set(b"\r\n\0"))
CUTS = st.lists(st.integers(0, 400), max_size=10)


def pieces(data: bytes, places: list[int]) -> list[bytes]:
    cuts = [0, *sorted(min(place, len(data)) for place in places), len(data)]
    return [data[a:b] for a, b in pairwise(cuts)]


def lines_of(framer: Framer, *pieces: bytes) -> list[bytes]:
    """Return the lines of these pieces."""
    found: list[bytes] = []
    take(framer, pieces, found)
    return found


def take(framer: Framer, pieces: Iterable[bytes], found: list[bytes]) -> None:
    for piece in pieces:
        framer.feed(piece)
        while (line := framer.next(LONGEST)) is not None:
            found.append(line)


@given(st.lists(st.tuples(LINES, st.sampled_from(ENDS)), max_size=8), CUTS)
@example([(b"99", b"\r\0"), (b"97", b"\r\n")], [3, 6])
def test_F7_any_end_of_line_in_any_pieces_gives_each_line_once(said, places):
    data = b"".join(line + end for line, end in said)
    framer = Framer()
    assert lines_of(framer, *pieces(data, places)) == [line for line, _ in said]
    assert not framer.begun
    assert len(framer) == 0


@given(st.binary(max_size=300), CUTS)
def test_any_bytes_give_the_same_lines_in_any_pieces(data, places):
    def all_of(*pieces):
        try:
            return lines_of(Framer(), *pieces)
        except TooLong:
            return TooLong

    assert all_of(*pieces(data, places)) == all_of(data)


@given(st.integers(0, 5), st.integers(LONGEST + 1, 3 * LONGEST), CUTS)
def test_F6_no_part_of_a_line_that_is_too_long_is_a_message(before, length, places):
    found: list[bytes] = []
    data = b"99\r" * before + b"x" * length + b"\r97\r"
    with pytest.raises(TooLong):
        take(Framer(), pieces(data, places), found)
    assert found == [b"99"] * before


def test_the_longest_line_is_allowed():
    assert lines_of(Framer(), b"x" * LONGEST, b"\r") == [b"x" * LONGEST]


def test_the_bytes_and_ends_that_wait_are_counted():
    framer = Framer()
    framer.feed(b"\r\n\0")
    assert (framer.begun, framer.whole, framer.ends()) == (False, False, 2)
    framer.feed(b"99")
    assert (framer.begun, framer.whole) == (True, False)
    framer.feed(b"\r97\r")
    assert (framer.whole, framer.ends(), len(framer)) == (True, 4, 9)
    assert framer.next(LONGEST) == b"99"
    assert (framer.whole, framer.ends(), len(framer)) == (True, 1, 3)


def test_F5_bytes_without_an_end_of_line_are_searched_once():
    framer = Framer()
    framer.feed(b"x" * 2**22)  # in quadratic time it would take days
    assert (framer.begun, framer.whole, framer.ends()) == (True, False, 0)
    framer.feed(b"\r")
    assert framer.whole
