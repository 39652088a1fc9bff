"""The checksum over the bytes sent, the fixed values of the protocol, and what terminals take for a checksum."""

import re

import pytest

from sip2gw.sip2 import BadChecksum, Dialect, Trailer, format, lay_out, messages, parse
from sip2gw.sip2.error_detection import checksum

DECOMPOSED = (
    "1804020120110630    110249AB30007008503046|AJLe Pie\u0300ge de Bogota|CK001|AQOSUL|APOSUL|BGOSUL"
    "|AH2011-10-28 23:59:59|CSPB LP DAL|AY7AZ"
)
"""A title with a separate accent, as Evergreen sends it."""
COMPOSED = DECOMPOSED.replace("e\u0300", "è")


@pytest.mark.parametrize(
    ("body", "digits"),
    [
        (b"9900302.00AY2AZ", b"FCA4"),
        (b"9300CNLoginUserID|COLoginPassword|CPLocationCode|AY5AZ", b"EC7B"),
        (DECOMPOSED.encode(), b"DCF8"),
        (COMPOSED.encode(), b"DD3E"),
        (COMPOSED.encode("latin-1"), b"DDC1"),
        (COMPOSED.encode("cp850"), b"DE1F"),
        (b"96AZ", b"FEF6"),
        (b"97AZ", b"FEF5"),
        (b"941AY0AZ", b"FDFD"),
        (b"941AY1AZ", b"FDFC"),
        (b"", b"0000"),
        (b"\xff" * 257 + b"\x01" * 16, b"FFF1"),
    ],
)
def test_the_checksums_of_worked_examples_are_right(body, digits):
    assert checksum(body) == digits


def test_different_messages_may_have_equal_checksums():
    assert checksum(b"940AY1AZ") == checksum(b"941AY0AZ")


class TestSent:
    def test_short_messages_have_their_fixed_checksums(self):
        assert format(messages.RequestSCResend(), Trailer(None, True)) == b"96AZFEF6\r"
        assert format(messages.RequestACSResend(), Trailer(None, True)) == b"97AZFEF5\r"
        assert format(messages.LoginResponse(ok=True), Trailer("0", True)) == b"941AY0AZFDFD\r"

    def test_96_and_97_never_carry_a_sequence_number(self):
        assert format(messages.RequestSCResend(), Trailer("4", True)) == b"96AZFEF6\r"
        assert format(messages.RequestACSResend(), Trailer("4", True)) == b"97AZFEF5\r"

    def test_an_answer_is_protected_as_its_request_was(self):
        response = messages.LoginResponse(ok=True)
        assert format(response) == b"941\r"
        assert format(response, Trailer("7", False)) == b"941\r"
        assert format(response, Trailer(None, True)) == b"941AZFEC7\r"

    @pytest.mark.parametrize(
        ("charset", "digits"), [("utf-8", "DD3E"), ("latin-1", "DDC1"), ("cp850", "DE1F")]
    )
    def test_the_checksum_sent_is_over_the_bytes_sent(self, charset, digits):
        dialect = Dialect(charset=charset)
        response, trailer = parse(f"{COMPOSED}{digits}".encode(charset), dialect)
        assert response.title_identifier == "Le Piège de Bogota"
        line = format(response, trailer, dialect).removesuffix(b"\r")
        assert line[-4:] == checksum(line[:-4])
        assert parse(line, dialect) == (response, trailer)

    def test_the_checksum_sent_has_four_upper_case_digits(self):
        # Up to a whole turn of the sum, in steps of one heavy character, and a little beyond.
        response = messages.PatronStatusResponse(personal_name="~" * 255)
        digits = [
            format(response.but(screen_message=("~" * length,)), Trailer("1", True))[-5:-1]
            for length in range(1, 256)
        ]
        assert all(re.fullmatch(rb"[0-9A-F]{4}", four) for four in digits)
        assert {four[:1] for four in digits} >= {b"0", b"F"}


class TestAccepted:
    """Which sums are good: of the bytes, of the code points, of question marks for what is not ASCII."""

    @pytest.mark.parametrize(
        ("text", "charset", "digits"),
        [
            (DECOMPOSED, "utf-8", "DCF8"),
            (COMPOSED, "utf-8", "DD3E"),
            (COMPOSED, "latin-1", "DDC1"),
            (COMPOSED, "cp850", "DE1F"),
            (COMPOSED, "utf-8", "DDC1"),
            (COMPOSED, "cp850", "DDC1"),
            (DECOMPOSED, "utf-8", "DB44"),
            (COMPOSED, "utf-8", "DE6A"),
            (COMPOSED, "latin-1", "DE6A"),
        ],
    )
    def test_each_way_to_sum_text_beyond_ascii_is_accepted(self, text, charset, digits):
        assert lay_out(f"{text}{digits}".encode(charset), Dialect(charset=charset)).checksum_ok is True

    @pytest.mark.parametrize("digits", ["DCF9", "0000", "FFFF"])
    def test_every_other_checksum_is_rejected(self, digits):
        assert lay_out(f"{DECOMPOSED}{digits}".encode()).checksum_ok is False
        with pytest.raises(BadChecksum):
            parse(f"{DECOMPOSED}{digits}".encode())

    def test_undecodable_bytes_are_summed_as_bytes(self):
        line = b"9300CNjos\xe9|COpw|AY1AZ"
        message, trailer = parse(line + checksum(line))
        assert message.login_user_id.reveal() == "josé"
        assert trailer == Trailer("1", True)
        with pytest.raises(BadChecksum):
            parse(line + b"0000")

    def test_a_wrong_checksum_of_a_guide_is_rejected(self):
        with pytest.raises(BadChecksum):
            parse(b"9300CNLoginUserID|COLoginPassword|CPLocationCode|AY5AZEC78")
