"""What a line has in common with its repeats."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.session.repeats import without_trailer

PIECES = st.sampled_from([b"AY", b"AZ", b"AZ12", b"A", b"1", b"F", b" ", b"\n", b"|", b"\xe9", b"AB1|"])


@pytest.mark.parametrize("end", [b"", b"AY1", b"AY1AZE1F0", b"AZE1F0", b"AY1AZ", b"AY1AZE1F0  ", b"AY", b" "])
def test_the_trailer_of_a_line_is_left_out(end):
    assert without_trailer(b"11YNAOriverside|AB1|" + end) == b"11YNAOriverside|AB1|"


@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_the_search_from_the_end_finds_what_a_whole_search_finds(line):
    whole = re.sub(rb"(?:AY.?)?(?:AZ[0-9A-Fa-f]{0,4})?\s*\Z", b"", line)
    assert without_trailer(line) == whole
