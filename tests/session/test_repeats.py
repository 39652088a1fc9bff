"""What a session remembers: the same write again, and what a line has in common with its repeats."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.library.terminals import DATED, UNDATED
from sip2gw.secret import Digests
from sip2gw.session import (
    Ask,
    Confirm,
    Decline,
    Ignore,
    Say,
)
from sip2gw.session.repeats import without_trailer
from sip2gw.sip2 import messages
from sip2gw.sip2.error_detection import checksum

from .conversing import (
    CHECKOUT,
    DATE,
    LOGIN,
    PATRON,
    STATUS,
    Clock,
    connected,
    lend,
    repeated,
    said,
    serving,
)
from .tenants import tenant

PIECES = st.sampled_from([b"AY", b"AZ", b"AZ12", b"A", b"1", b"F", b" ", b"\n", b"|", b"\xe9", b"AB1|"])


def test_R3_what_is_not_so_any_more_is_asked_anew():
    session = serving()
    lend(session)
    assert isinstance(repeated(session, so=False), Ask)
    answer = session.reply(messages.CheckoutResponse(ok=True, title_identifier="Persuasion"))
    assert repeated(session) == answer
    assert session.receive(b"97") == answer


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


def test_memory_fades():
    clock = Clock()
    session = serving(clock=clock)
    lend(session)
    clock.seconds = DATED + 1
    assert isinstance(session.receive(CHECKOUT), Ask)


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


@pytest.mark.parametrize("end", [b"", b"AY1", b"AY1AZE1F0", b"AZE1F0", b"AY1AZ", b"AY1AZE1F0  ", b"AY", b" "])
def test_the_trailer_of_a_line_is_left_out(end):
    assert without_trailer(b"11YNAOriverside|AB1|" + end) == b"11YNAOriverside|AB1|"


def numbered(number: str) -> bytes:
    line = CHECKOUT + b"AY" + number.encode() + b"AZ"
    return line + checksum(line)


def test_K11_a_line_has_the_same_digest_under_each_sequence_number():
    session = serving()
    digests = set()
    for number in ("0", "9", "10", "11", "123"):
        step = session.receive(numbered(number))
        assert isinstance(step, Ask)
        digests.add(step.line)
        session.reply(messages.CheckoutResponse(), remember=False)
    assert len(digests) == 1


def test_a_label_that_looks_like_a_sequence_number_is_part_of_the_digest():
    session = serving()
    digests = set()
    for label in ("AY12", "AY13"):
        digests.add(session.receive(CHECKOUT.replace(b"AB1|AC|", b"AC|AB" + label.encode())).line)
        session.reply(messages.CheckoutResponse(), remember=False)
    assert len(digests) == 2


@given(st.lists(PIECES, max_size=12).map(b"".join))
def test_the_search_from_the_end_finds_what_a_whole_search_finds(line):
    whole = re.sub(rb"(?:AY.?)?(?:AZ[0-9A-Fa-f]{0,4})?\s*\Z", b"", line)
    assert without_trailer(line) == whole
