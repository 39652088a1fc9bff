"""The trailer in every form that terminals have been seen to send, and what only looks like one."""

import pytest

from sip2gw.sip2 import BadChecksum, Dialect, Trailer, format, lay_out, messages, parse
from sip2gw.sip2.error_detection import checksum

CHECKIN = b"09N20260301    10150020260301    101500APWest|AOBR1|AB1234567|AC|"

OLD = CHECKIN.replace(b"AO", b"AY1AZ0000|AO")
"""What was a trailer once is now a field in the middle."""


def summed(body):
    """`body`, which ends in AZ, with its checksum."""
    return body + checksum(body)


@pytest.mark.parametrize(
    ("line", "sequence"),
    [
        pytest.param(b"9900302.00AY2AZFCA4", "2", id="right after the fixed part"),
        pytest.param(b"9900302.00AY2AZfca4", "2", id="lower case"),
        pytest.param(b"9900302.00AY2AZfCa4", "2", id="mixed case"),
        pytest.param(b"9900302.00AY2AZFCA4   ", "2", id="blanks behind"),
        pytest.param(b"9900302.00AY2AZFCA4|", "2", id="delimiter behind"),
        pytest.param(b"9900302.00AY2AZFCA4|||", "2", id="delimiters behind"),
        pytest.param(b"9900302.00AY2AZFCA4\0", "2", id="NUL behind"),
        pytest.param(b"9900002.00|AY0AZFC2D", "0", id="delimiter after the fixed part"),
        pytest.param(summed(b"99 802.00AY0AZ"), "0", id="fixed part too short"),
        pytest.param(summed(b"9900302.00AZ"), None, id="AZ without AY"),
        pytest.param(summed(CHECKIN + b"AZ"), None, id="AZ without AY after fields"),
        pytest.param(summed(CHECKIN[:-1] + b"AZ"), None, id="AZ without AY nor the last delimiter"),
        pytest.param(summed(CHECKIN[:-1] + b"AY3AZ"), "3", id="no delimiter before it"),
        pytest.param(summed(CHECKIN[:-1] + b"AY3AZ") + b"|", "3", id="no delimiter before it but one behind"),
        pytest.param(b"93  CNSIPCHK51|COSELFC123|CP|AYF765AY0AZF518", "0", id="an old one left inside"),
        pytest.param(b"97AZFEF5", None, id="97"),
        pytest.param(b"97AY0AZFE2B", "0", id="97 with AY"),
        pytest.param(summed(CHECKIN + b"AY89AZ"), "89", id="AY of two digits"),
        pytest.param(summed(CHECKIN + b"AY4AY7AZ"), "7", id="AY twice"),
    ],
)
def test_every_known_form_of_the_trailer_is_read(line, sequence):
    layout = lay_out(line)
    assert (layout.sequence, layout.checksum_ok) == (sequence, True)
    assert layout.checksum == line.decode("latin-1").rstrip("| \0")[-4:]
    assert parse(line)[1] == Trailer(sequence, True)


@pytest.mark.parametrize("number", ["0", "9", "10", "42", "99", "100", "123456789"])
@pytest.mark.parametrize("end", [b"", b"|"])
def test_K11_a_sequence_number_is_echoed_with_all_its_digits(number, end):
    line = summed(CHECKIN + b"AY" + number.encode() + b"AZ") + end
    message, trailer = parse(line)
    assert trailer == Trailer(number, True)
    assert message.item_identifier == "1234567"
    answer = format(messages.CheckinResponse(), trailer)
    assert f"AY{number}AZ".encode() in answer
    assert parse(answer.removesuffix(b"\r"))[1] == trailer


def small_sum(width):
    """Make a line whose checksum has no more than `width` digits."""
    for length in range(1, 6000):
        body = b"9300CN" + b"~" * length + b"|COx|AY1AZ"
        if int(checksum(body), 16) < 16**width:
            return body
    raise AssertionError("no such line")


@pytest.mark.parametrize("width", [2, 3])
@pytest.mark.parametrize("form", ["{:X}", "{:x}", "{:4X}", "{:04X}"])
def test_a_checksum_with_fewer_digits_or_blanks_is_read(width, form):
    body = small_sum(width)
    line = body + form.format(int(checksum(body), 16)).encode()
    assert parse(line)[1] == Trailer("1", True)
    with pytest.raises(BadChecksum):
        parse(body + form.format(int(checksum(body), 16) ^ 1).encode())


@pytest.mark.parametrize(
    "damaged",
    [
        b"9900303.00AY2AZFCA4",
        b"9900302.00AY3AZFCA4",
        b"9900302.00AY2AZFCA5",
        b"9900302.00AY2AZFCA",
        b"9900302.00AY2AZFC\xc14",
        b"9900302.00AY2AZFCZ4",
        b"9900302.00AY2AZFCA5\0",
        b"\n9900302.00AY2AZFCA5",
        b"9900302.00AZFCA4",
        b"9900302.00AZFC\0A5",
        b"94AY0AZFDFD",
        CHECKIN + b"AY1AZ0000|",
        CHECKIN + b"AZ0000",
        CHECKIN[:-1] + b"AY1AZ0000",
        CHECKIN[:-1] + b"AZ0000",
    ],
)
def test_a_damaged_line_is_rejected(damaged):
    with pytest.raises(BadChecksum):
        parse(damaged)


@pytest.mark.parametrize(
    "line", [b"97", b"97AZFEF5", b"97AZ0000", b"97AY0AZ1234", b"97AZFE", b" 97AZXXXX", b"97|"]
)
def test_a_97_with_any_checksum_is_a_97(line):
    assert isinstance(parse(line)[0], messages.RequestACSResend)


@pytest.mark.parametrize(
    ("line", "code", "value"),
    [
        (CHECKIN + b"CHAZ12|", "CH", "AZ12"),
        (CHECKIN + b"CHweight AY1AZFFFF|", "CH", "weight AY1AZFFFF"),
        (CHECKIN + b"CHAY1AZFFFF|", "CH", "AY1AZFFFF"),
        (CHECKIN + b"CHMAZDA|", "CH", "MAZDA"),
        (CHECKIN + b"CHMAZDA", "CH", "MAZDA"),
        (CHECKIN + b"CHAZ", "CH", "AZ"),
    ],
)
def test_a_value_that_looks_like_a_trailer_is_a_value(line, code, value):
    layout = lay_out(line)
    assert layout.fields[-1] == (code, value)
    assert layout.checksum is None
    # Beside a trailer of its own the value is certain.
    protected = lay_out(summed(line.removesuffix(b"|") + b"|AY5AZ"))
    assert protected.fields[-1] == (code, value)
    assert (protected.sequence, protected.checksum_ok) == ("5", True)


@pytest.mark.parametrize(
    "line", [CHECKIN, CHECKIN[:-1], CHECKIN + b"AY3", CHECKIN + b"AY3AZ", CHECKIN + b"|||", OLD]
)
def test_a_line_without_a_checksum_is_not_checked(line):
    message, trailer = parse(line)
    assert message.item_identifier == "1234567"
    assert trailer == Trailer()


def test_the_delimiter_of_the_dialect_ends_a_trailer_too():
    dialect = Dialect(delimiter="^")
    line = format(messages.EndSessionResponse(screen_message=("PAY4",)), Trailer(None, True), dialect)
    assert lay_out(line.removesuffix(b"\r"), dialect).fields[-1] == ("AF", "PAY4")
    assert parse(line.removesuffix(b"\r") + b"^", dialect)[1] == Trailer(None, True)


def test_stray_bytes_in_front_may_have_been_summed():
    assert parse(b" \x01" + b"9900302.00AY2AZFCA4")[1] == Trailer("2", True)
    assert parse(summed(b" \x019900302.00AY2AZ"))[1] == Trailer("2", True)
