"""Charsets with characters of several bytes: none of those bytes ends a field or a line."""

import encodings.aliases

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.sip2 import Dialect, format, lay_out, messages
from sip2gw.sip2.text import to_wire

from .strategies import hostile

CHARSETS = (
    "cp936", "gbk", "gb2312", "gb18030", "big5", "big5hkscs", "cp950", "cp932", "shift_jis", "shift_jis_2004",
    "shift_jisx0213", "euc_jp", "euc_jis_2004", "euc_jisx0213", "cp949", "euc_kr", "johab",
    "iso2022_jp", "iso2022_jp_2", "iso2022_kr", "hz",
)  # fmt: skip
DELIMITERS = "|^~\\@}_[`"
TITLES = (
    "億BLY億AFHello億",
    "功表能許蓋",
    "ソーダ表示構文",
    "か\u309aき\u309aセ\u309a",
    "갂갃가각",
    "æ\u0300ə\u0301",
    "\uff5cBLY\uff5c",
)


def ends(delimiter):
    return (delimiter.encode(), b"\r", b"\n")


def test_K10_every_multibyte_charset_of_python_is_tried():
    assert set(CHARSETS) <= set(encodings.aliases.aliases.values()) | {"gbk", "cp936"}


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("title", TITLES)
def test_K10_a_title_forges_no_field_when_bytes_are_split(charset, title):
    dialect = Dialect(charset=charset)
    line = format(messages.CheckoutResponse(title_identifier=title), dialect=dialect)
    pieces = line.removesuffix(b"\r")[2 + messages.CheckoutResponse.width :].split(b"|")
    assert [piece[:2] for piece in pieces] == [b"AO", b"AA", b"AB", b"AJ", b"AH", b""]
    assert line.count(b"\r") == 1
    assert b"\n" not in line


def test_K10_characters_without_such_a_byte_are_kept():
    assert to_wire("漢字", Dialect(charset="cp936")) == "漢字".encode("cp936")
    assert to_wire("漢億字", Dialect(charset="cp936")) == "漢?字".encode("cp936")
    romanised = Dialect(charset="cp936", romanised=lambda _: "Yi")
    assert to_wire("漢億字", romanised) == "漢Yi字".encode("cp936")
    assert to_wire("億", Dialect()) == "億".encode()


def test_K10_a_sign_that_a_charset_has_in_the_delimiters_place_is_replaced():
    r"""Shift JIS has the yen sign where ASCII has `\\`."""
    assert to_wire("A¥", Dialect(charset="shift_jis", delimiter="\\")) == b"A?"


@pytest.mark.untraced
@given(
    text=hostile() | st.text(st.characters(min_codepoint=0x3000, max_codepoint=0xD7FF), max_size=200),
    charset=st.sampled_from(CHARSETS),
    delimiter=st.sampled_from(DELIMITERS),
    longest=st.integers(20, 255),
)
def test_K10_no_value_holds_a_delimiter_or_an_end_of_line(text, charset, delimiter, longest):
    dialect = Dialect(charset=charset, delimiter=delimiter, max_length=longest)
    value = to_wire(text, dialect)
    assert not [end for end in ends(delimiter) if end in value]
    assert len(value) <= longest
    value.decode(charset)


@pytest.mark.untraced
@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("delimiter", ["|", "^"])
def test_K10_no_character_of_unicode_ends_a_field(charset, delimiter):
    dialect = Dialect(charset=charset, delimiter=delimiter, max_length=10**6)
    text = "".join(map(chr, [*range(0x20, 0x2E80, 7), *range(0x2E80, 0xD800)]))
    value = to_wire(text, dialect)
    assert not [end for end in ends(delimiter) if end in value]
    heard = lay_out(b"16100                 "[:22] + b"AJ" + value + delimiter.encode(), dialect)
    assert heard.code == "16"


@pytest.mark.parametrize(
    ("charset", "text", "longest"),
    [
        ("iso2022_jp", "aaaa\u81d9\u97b3\u03b1", 13),
        ("hz", "\u6a80\u9f13\u9769", 8),
        ("utf_7", "\ud569\u97b3", 8),
    ],
)
def test_K10_a_value_of_which_only_the_end_of_a_switch_is_too_long_is_cut(charset, text, longest):
    dialect = Dialect(charset=charset, max_length=longest)
    assert 0 < len(to_wire(text, dialect)) <= longest
