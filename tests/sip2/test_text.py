"""What becomes of a title on its way to a terminal's screen, charset by charset."""

import unicodedata

import pytest

from sip2gw.sip2 import Dialect, Secret, format, lay_out, messages

UTF8, LATIN_1, CP850, ASCII = (Dialect(charset=charset) for charset in ("utf-8", "latin-1", "cp850", "ascii"))
KSSA = "\u0995\u09cd\u09b7"
"""ক্ষ: two consonants that a virama makes one."""


def on_screen(text, dialect=UTF8):
    """`text` as a terminal finds it in AF, decoded."""
    line = format(messages.HoldResponse(screen_message=(text,)), dialect=dialect)
    return dict(lay_out(line.removesuffix(b"\r"), dialect).fields).get("AF")


class TestSafe:
    @pytest.mark.parametrize(
        ("text", "shown"),
        [
            ("plain", "plain"),
            ("a|b", "a b"),
            ("one\r\ntwo\tthree\0", "one  two three "),
            ("\x7f\x85\u2028\u2029!", "    !"),
            ("\x1b[31mred\x1b[0m", "red"),
            ("\x1b[2J\x1b[1;1Hgone", "gone"),
            ("\x9b31mred", "red"),
            ("\x1b]0;title\x07text", "text"),
            ("\x1b]0;title\x1b\\text", "text"),
            ("\x1b]never ended", "never ended"),
            ("\x1bcreset", " creset"),
            ("\x1b", " "),
            ("\x1b\x1b[31m[31m", " [31m"),
            ("\u202eevil\u202c", "evil"),
            ("\u2066a\u2069\u200e\u200f\u061c", "a"),
            ("zero\u200bwidth\ufeff\u00ad", "zerowidth"),
            ("tag\U000e0041", "tag"),
            ("half\ud800 \udfff", "half "),
            ("no\u00a0break\u3000space", "no\u00a0break\u3000space"),
            ("é বাংলা 漢字 🙂", "é বাংলা 漢字 🙂"),
            ("\u202e\u200b", None),
        ],
    )
    def test_F37_unsafe_characters_are_removed(self, text, shown):
        assert on_screen(text) == shown

    @pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
    def test_joiners_spell_bengali_next_to_a_virama_only(self, joiner):
        kept = f"র্{joiner}য"
        assert unicodedata.combining(kept[1]) == 9
        assert on_screen(kept) == kept
        assert on_screen(f"র{joiner}\u09cdয") == f"র{joiner}\u09cdয"
        assert on_screen(f"ab{joiner}cd") == "abcd"

    def test_the_delimiter_of_the_dialect_becomes_a_blank(self):
        assert on_screen("a^b|c", Dialect(delimiter="^")) == "a b|c"

    def test_F36_a_password_is_made_safe_as_well(self):
        login = messages.Login(login_user_id=Secret("a|COforged"), login_password=Secret("x\ry"))
        assert format(login) == b"9300CNa COforged|COx y|\r"


class TestCharsets:
    @pytest.mark.parametrize(
        ("text", "dialect", "shown"),
        [
            ("Émile Zola", LATIN_1, "Émile Zola"),
            ("Émile Zola", CP850, "Émile Zola"),
            ("Émile Zola", ASCII, "Emile Zola"),
            ("E\u0301mile", UTF8, "E\u0301mile"),
            ("E\u0301mile", LATIN_1, "Émile"),
            ("E\u0301mile", ASCII, "Emile"),
            ("x\u0302", LATIN_1, "x"),
            ("Dvořák", LATIN_1, "Dvorák"),
            ("Dvořák", CP850, "Dvorák"),
            ("straße, Ærø, Œuvre", ASCII, "strasse, AEro, OEuvre"),
            ("straße, Ærø", CP850, "straße, Ærø"),
            ("Œuvre", LATIN_1, "OEuvre"),
            ("It\u2019s \u201cso\u201d \u2013 no\u2026", ASCII, 'It\'s "so" - no...'),
            ("It\u2019s \u201cso\u201d \u2013 no\u2026", LATIN_1, 'It\'s "so" - no...'),
            ("৳ 50", LATIN_1, "? 50"),
            ("৳ 50", ASCII, "? 50"),
            ("€ 5", LATIN_1, "EUR 5"),
            ("½", ASCII, "1/2"),
            ("½", LATIN_1, "½"),
            ("ﬁn", ASCII, "fin"),
            ("বই", CP850, "??"),
            ("বই", ASCII, "??"),
            ("漢字 🙂", LATIN_1, "?? ?"),
            ("a\u00a0b", ASCII, "a b"),
            ("\uff5cBLY\uff5c", ASCII, " BLY "),
            ("\uff5cBLY\uff5c", CP850, " BLY "),
            ("\uff5cBLY\uff5c", UTF8, "\uff5cBLY\uff5c"),
        ],
    )
    def test_F38_characters_outside_the_charset_are_spelled_out(self, text, dialect, shown):
        assert on_screen(text, dialect) == shown

    def test_a_fullwidth_delimiter_becomes_a_blank(self):
        assert on_screen("\uff3eAAforged", Dialect(charset="ascii", delimiter="^")) == " AAforged"

    @pytest.mark.parametrize(
        ("line", "dialect", "name"),
        [
            (b"9300CNj\xc3\xb3|CO|", UTF8, "jó"),
            (b"9300CNj\xf3|CO|", UTF8, "jó"),
            (b"9300CNj\xf3|CO|", LATIN_1, "jó"),
            (b"9300CNj\xa2|CO|", CP850, "jó"),
            (b"9300CNj\xf3|CO|", ASCII, "jó"),
        ],
    )
    def test_bytes_that_cannot_be_decoded_are_latin_1(self, line, dialect, name):
        assert dict(lay_out(line, dialect).fields)["CN"] == name


class TestLength:
    @pytest.mark.parametrize("length", [254, 255])
    def test_a_value_that_fits_is_whole(self, length):
        assert on_screen("x" * length) == "x" * length
        assert on_screen("é" * (length // 2)) == "é" * (length // 2)

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("x" * 256, "x" * 255),
            ("é" * 128, "é" * 127),
            ("x" + "é" * 128, "x" + "é" * 127),
            ("x" + "漢" * 85, "x" + "漢" * 84),
            ("xx" + "🙂" * 64, "xx" + "🙂" * 63),
        ],
    )
    def test_F35_a_long_value_is_cut_between_characters(self, text, kept):
        assert on_screen(text) == kept
        assert len(kept.encode()) <= 255

    @pytest.mark.parametrize(
        ("text", "kept"),
        [
            ("x" * 254 + "e\u0301", "x" * 254),
            ("x" * 253 + "e\u0301\u0302", "x" * 253),
            ("x" * 249 + "কা", "x" * 249 + "কা"),
            ("x" * 250 + "কা", "x" * 250),
            ("x" * 246 + KSSA, "x" * 246 + KSSA),
            ("x" * 247 + KSSA, "x" * 247),
            ("x" * 251 + KSSA, "x" * 251),
            ("x" * 243 + "র্\u200dয", "x" * 243 + "র্\u200dয"),
            ("x" * 244 + "র্\u200dয", "x" * 244),
            ("x" * 248 + "ক্ খগ", "x" * 248 + "ক্ "),
        ],
    )
    def test_a_long_value_is_cut_between_visible_characters(self, text, kept):
        assert on_screen(text) == kept

    def test_a_value_that_is_all_marks_is_still_cut(self):
        shown = on_screen("e" + "\u0301" * 300)
        assert shown == "e" + "\u0301" * 127

    @pytest.mark.parametrize("dialect", [LATIN_1, CP850, ASCII])
    def test_F38_the_length_is_counted_in_bytes_sent(self, dialect):
        assert on_screen("\u2026" * 100, dialect) == "." * 255
        assert on_screen("é" * 255, LATIN_1) == "é" * 255

    def test_a_dialect_with_shorter_values_cuts_earlier(self):
        assert on_screen("x" * 100, Dialect(max_length=40)) == "x" * 40
