"""The time to read a line grows with its length, and no faster: any stranger may send one.

A search that begins again at each byte needs an hour for these lines.
"""

from contextlib import suppress

import pytest

from sip2gw.gateway import near_misses
from sip2gw.library import Credentials
from sip2gw.secret import Secret
from sip2gw.session.logins import read
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


@pytest.mark.untraced
@pytest.mark.parametrize("inner", [".", "a", "a.", "-", ":", "/", " "])
@pytest.mark.parametrize("end", ["", "@", "/:", " ", ":x"])
def test_R2_a_long_account_is_read_in_one_go(inner, end):
    said = "x@" + inner * (LENGTH // len(inner)) + end
    for fields in (f"CNriverside|CO{said}|CP{said}|", f"CN{said}|CO{said}|AO{said}|", f"CN{said}|CO|CP|"):
        login, _ = parse(f"9300{fields}".encode())
        read(login)
    for name, password in ((said, "x"), ("x", said)):
        near_misses.wrong_account(Credentials(name, Secret(password)), None)
    near_misses.other_name(said, "riverside", "Riverside")
