"""Lines spelled by the book are read and written on a short way: the result is that of the tolerant way."""

import contextlib

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from sip2gw.sip2 import (
    DEFAULT,
    BadChecksum,
    Dialect,
    Trailer,
    Unfit,
    UnknownMessage,
    codec,
    fixed_part,
    format,
    lay_out,
    layout,
    parse,
)
from sip2gw.sip2 import messages as known
from sip2gw.sip2.error_detection import byte_sum, checksum
from sip2gw.sip2.fields import Fixed

from .strategies import CHARSETS, hostile, messages, trailers
from .test_multibyte import CHARSETS as MULTIBYTE
from .test_properties import VECTORS

pytestmark = pytest.mark.untraced

SHORT_WAYS = (
    (layout, "_usual_trailer"),
    (layout, "_usual_fields"),
    (fixed_part, "_usual_part"),
    (codec, "_write_at_once"),
)
PIECES = st.sampled_from(
    [
        b"",
        b"|",
        b"^",
        b"\0",
        b" ",
        b"Y",
        b"AO",
        b"ABx|",
        b"ao",
        b"ZZ9|",
        b"AFx|",
        b"AZ",
        b"AY1AZ",
        b"\xe9",
        b"~",
    ]
)
dialects = st.builds(
    Dialect,
    charset=st.sampled_from(CHARSETS + MULTIBYTE),
    delimiter=st.sampled_from("|^~\\"),
    max_length=st.sampled_from([20, 255]),
)


@contextlib.contextmanager
def tolerant_way_alone():
    """Switch off the short ways."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in SHORT_WAYS:
            patch.setattr(module, name, lambda *_: None)
        yield


def read(line, dialect, most):
    """Return what is read of a line, or how it is refused."""
    try:
        layout = lay_out(line, dialect, most=most)
        return [getattr(layout, name) for name in layout.__slots__ if name != "__weakref__"], parsed(
            line, dialect, most
        )
    except UnknownMessage as error:
        return error.code


def parsed(line, dialect, most):
    try:
        return parse(line, dialect, most=most)
    except Unfit as unfit:
        return type(unfit), unfit.request, unfit.trailer, unfit.reason
    except BadChecksum:
        return BadChecksum


@st.composite
def mutated(draw):
    """Draw a real line, mostly with a good trailer, with up to three places changed."""
    line = draw(st.sampled_from(VECTORS))
    for _ in range(draw(st.integers(0, 3))):
        start = draw(st.integers(0, len(line)))
        line = line[:start] + draw(PIECES) + line[start + draw(st.integers(0, 4)) :]
    if draw(st.booleans()):
        line = line.partition(b"AY")[0] + b"AY5AZ"
        line += checksum(line)
    return line


@given(line=mutated(), dialect=dialects, most=st.sampled_from([None, 4, 64]))
@example(line=b"9900302.00AY2AZFCA4", dialect=DEFAULT, most=64)
@example(line=b"9900302.00AY2AZFCA5", dialect=DEFAULT, most=64)
def test_a_mutated_line_is_read_alike_both_ways(line, dialect, most):
    short = read(line, dialect, most)
    with tolerant_way_alone():
        assert read(line, dialect, most) == short


@given(
    message=st.one_of(messages(), messages(text=hostile())),
    dialect=dialects,
    trailer=trailers(),
    version=st.sampled_from(["1.00", "2.00"]),
)
@example(message=known.LoginResponse(), dialect=DEFAULT, trailer=Trailer("1", True), version="2.00")
def test_a_message_is_written_alike_both_ways(message, dialect, trailer, version):
    short = format(message, trailer, dialect, version=version)
    with tolerant_way_alone():
        assert format(message, trailer, dialect, version=version) == short


@pytest.mark.parametrize(("module", "name"), SHORT_WAYS)
def test_a_usual_exchange_takes_the_short_way(module, name, monkeypatch):
    short, taken = getattr(module, name), []
    monkeypatch.setattr(module, name, lambda *given: taken.append(short(*given)) or taken[-1])
    line = b"17" + b"20260301    101500" + b"AOriverside|AB10002|AC|AY4AZ"
    message, trailer = parse(line + checksum(line))
    format(message, trailer)
    assert taken != []
    assert None not in taken


@given(st.binary(max_size=1000) | st.integers(0, 4000).map(lambda length: b"\xff" * length))
def test_the_sum_of_bytes_is_right_at_any_length(data):
    assert byte_sum(data) == sum(data)


@given(message=st.one_of(messages(), messages(text=hostile())))
def test_a_fixed_value_has_the_width_of_its_field_or_is_empty(message):
    for name, member in message.members.items():
        if isinstance(member.field, Fixed):
            text = member.field.kind.format(getattr(message, name))
            assert len(text) in (0, member.field.width)
