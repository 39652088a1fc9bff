"""What holds for every message, with any content."""

import json
from datetime import datetime
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sip2gw.sip2 import (
    DENIED,
    REQUESTS,
    RESPONSES,
    BadChecksum,
    Dialect,
    Displaced,
    Request,
    Trailer,
    UnknownMessage,
    build,
    format,
    lay_out,
    parse,
    refusal,
)
from sip2gw.sip2.fields import Variable

from .strategies import CHARSETS, CLASSES, clean, hostile, messages, of_class, requests, timestamps, trailers

pytestmark = pytest.mark.untraced

VECTORS = [
    json.loads(line)["raw"].encode()
    for line in (Path(__file__).parent / "sip2-vectors.jsonl").read_text(encoding="utf-8").splitlines()
]
FEWER = settings(max_examples=settings.default.max_examples // 3)
"""For what is tried on each of the 31 messages."""

each_class = pytest.mark.parametrize("cls", CLASSES, ids=lambda cls: cls.__name__)
dialects = st.builds(Dialect, charset=st.sampled_from(CHARSETS), terminator=st.sampled_from([b"\r", b"\r\n"]))


def codes(message):
    """Return the code of each value of a message, in wire order, empty values as well."""
    found = []
    for name, member in message.members.items():
        if isinstance(member.field, Variable):
            value = getattr(message, name)
            count = len(value) if member.field.repeats else int(value is not None or member.required)
            found += [member.field.code] * count
    return found + [code for code, _ in message.extensions]


def is_part_of(part, whole):
    rest = iter(whole)
    return all(one in rest for one in part)


class TestRoundTrip:
    @each_class
    @FEWER
    @given(data=st.data(), charset=st.sampled_from(CHARSETS), trailer=trailers())
    def test_a_message_written_is_read_as_itself(self, cls, data, charset, trailer):
        message, dialect = data.draw(of_class(cls, charset=charset)), Dialect(charset=charset)
        line = format(message, trailer, dialect)
        heard, how = parse(line.removesuffix(b"\r"), dialect)
        assert heard == message
        assert how == (Trailer(None, trailer.checked) if cls.code in ("96", "97") else trailer)

    @given(message=messages(text=clean()), delimiter=st.sampled_from("^~\\"), trailer=trailers())
    def test_a_message_with_another_delimiter_is_read(self, message, delimiter, trailer):
        dialect = Dialect(delimiter=delimiter)
        line = format(message, trailer, dialect)
        assert b"|" not in line
        heard, _ = parse(line.removesuffix(b"\r"), dialect)
        assert format(heard, trailer, dialect) == line
        assert is_part_of([code for code, _ in lay_out(line, dialect).fields], codes(message))


class TestAnyBytes:
    def heard(self, line, dialect):
        try:
            message, trailer = parse(line, dialect)
        except (BadChecksum, Displaced, UnknownMessage):
            return
        # What was understood can be said again, and be refused.
        assert format(message, trailer, dialect).endswith(dialect.terminator)
        if isinstance(message, Request):
            assert isinstance(refusal(message, None, ["no"]), message.response)

    @given(line=st.binary(max_size=120), dialect=dialects)
    def test_F8_F34_random_bytes_raise_no_other_error(self, line, dialect):
        self.heard(line, dialect)

    @given(cls=st.sampled_from(CLASSES), rest=st.binary(max_size=120), dialect=dialects)
    def test_random_bytes_after_a_known_code_raise_no_other_error(self, cls, rest, dialect):
        self.heard(cls.code.encode() + rest, dialect)

    @given(cls=st.sampled_from(CLASSES), rest=st.text("|AYZ019aB \x00\xff^", max_size=60), dialect=dialects)
    def test_noise_that_looks_like_fields_raises_no_other_error(self, cls, rest, dialect):
        self.heard(f"{cls.code}{rest}".encode("latin-1"), dialect)

    @given(data=st.data(), line=st.sampled_from(VECTORS), dialect=dialects)
    def test_F34_damaged_real_lines_raise_no_other_error(self, data, line, dialect):
        start = data.draw(st.integers(0, len(line)))
        end = data.draw(st.integers(start, len(line)))
        self.heard(line[:start] + data.draw(st.binary(max_size=8)) + line[end:], dialect)

    @given(line=st.binary(max_size=60))
    def test_any_layout_can_be_built(self, line):
        try:
            layout = lay_out(line)
        except UnknownMessage:
            return
        assert build(layout).code == layout.code


class TestHostileText:
    """Any text of a catalogue, a name or a message stays inside its own field (F35, F37, F38)."""

    @each_class
    @FEWER
    @given(data=st.data(), dialect=dialects, trailer=trailers())
    def test_F35_F37_F38_a_line_with_hostile_text_is_sound(self, cls, data, dialect, trailer):
        message = data.draw(of_class(cls, text=hostile()))
        line = format(message, trailer, dialect)
        body = line.removesuffix(dialect.terminator)
        assert body != line
        assert not [byte for byte in body if byte < 0x20 or byte == 0x7F]
        text = body.decode(dialect.charset)
        assert not set(text) & set("\u202e\u2066\u200b\ufeff\u2028\x85\x9b")
        layout = lay_out(body, dialect)
        self.is_that_message(message, layout)
        self.is_protected(body, trailer, layout)
        for piece in body[2 + cls.width :].split(b"|"):
            assert len(piece.removesuffix(b"|")) <= 2 + 255

    def is_that_message(self, message, layout):
        heard, said = [code for code, _ in layout.fields], codes(message)
        assert layout.message is type(message)
        assert [len(part) for _, part in layout.fixed] == [end - start for _, start, end in message.places]
        assert is_part_of(heard, said)
        required = {code for code, field in message.variables.items() if message.members[field.name].required}
        assert not required & (set(said) - set(heard))

    def is_protected(self, body, trailer, layout):
        assert (layout.checksum is not None) == trailer.checked
        if trailer.checked:
            digits = body[-4:]
            assert digits == digits.upper()
            assert (sum(body[:-4]) + int(digits, 16)) % 0x10000 == 0
            assert layout.checksum_ok is True

    @given(message=messages(text=hostile()), dialect=dialects, trailer=trailers())
    def test_a_message_read_and_written_again_is_unchanged(self, message, dialect, trailer):
        line = format(message, trailer, dialect)
        heard, _ = parse(line.removesuffix(dialect.terminator), dialect)
        assert format(heard, trailer, dialect) == line

    @given(request=requests(text=hostile()), why=st.lists(hostile(), max_size=3), dialect=dialects)
    def test_F35_a_refusal_with_hostile_text_is_sound(self, request, why, dialect):
        line = format(refusal(request, datetime(2026, 3, 1), why), Trailer("0", True), dialect)
        heard, _ = parse(line.removesuffix(dialect.terminator), dialect)
        assert type(heard) is request.response


class TestRefusal:
    @pytest.mark.parametrize("cls", REQUESTS.values(), ids=lambda cls: cls.__name__)
    @FEWER
    @given(data=st.data(), why=st.lists(clean(min_size=1), max_size=2), now=timestamps())
    def test_a_refusal_is_read_and_says_no(self, cls, data, why, now):
        request = data.draw(of_class(cls))
        heard, _ = parse(format(refusal(request, now, why)).removesuffix(b"\r"))
        assert type(heard) is request.response
        self.says_no(heard)
        for name in ("institution_id", "patron_identifier", "item_identifier"):
            if name in request.members and name in heard.members:
                assert (getattr(heard, name) or "") == (getattr(request, name) or "")
        if "valid_patron_password" in heard.members:
            # Some clients take an absent CQ for a right password: it is there whenever one was sent.
            asked = getattr(request, "patron_password", None) is not None
            assert heard.valid_patron_password is (False if asked else None)
        if "transaction_date" in heard.members:
            assert heard.transaction_date == now
        if "screen_message" in heard.members:
            assert heard.screen_message == tuple(why)

    def says_no(self, response):
        for flag in (
            "ok", "renewal_ok", "desensitize", "resensitize", "alert", "available", "end_session", "payment_accepted",
            "item_properties_ok", "online_status", "checkin_ok", "checkout_ok", "acs_renewal_policy",
            "status_update_ok", "offline_ok",
        ):  # fmt: skip
            assert getattr(response, flag, False) is False
        assert getattr(response, "patron_status", DENIED) >= DENIED
        assert getattr(response, "valid_patron", None) is not True
        assert getattr(response, "valid_patron_password", None) is not True
        assert not getattr(response, "supported_messages", None)

    @pytest.mark.parametrize("kind", RESPONSES.values(), ids=lambda kind: kind.__name__)
    def test_a_response_without_arguments_is_a_refusal(self, kind):
        self.says_no(kind())
        assert not any(value is True for value in attrs.asdict(kind()).values())
