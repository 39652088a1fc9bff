"""The time to read a line grows with its length, and no faster: any stranger may send one.

A search that begins again at each byte needs an hour for these lines.
"""

from contextlib import suppress

import pytest

from sip2gw.session.repeats import without_trailer
from sip2gw.sip2 import Garbled, parse

LENGTH = 500_000
HEADS = [b"11YN20260301    101500", b"63001", b"93", b"37", b"98"]
BODIES = [
    b"Y", b"0", b" ", b"|", b"AY", b"AZ", b"AY1AZ", b"|AY", b"AO|", b"a|", b"\x03", b"\xe9", "é".encode(), b"2026",
    b"AZ0000 ",
]  # fmt: skip


@pytest.mark.untraced
@pytest.mark.parametrize("body", BODIES)
def test_R2_a_long_line_is_read_in_one_go(body):
    for head in HEADS:
        for line in (head + body * (LENGTH // len(body)), body * (LENGTH // len(body)) + head):
            with suppress(Garbled):
                parse(line, most=64)
            without_trailer(line, "12")
