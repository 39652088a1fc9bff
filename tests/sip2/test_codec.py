"""What is forgiven when a line is read, one tolerance at a time."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest

from sip2gw.sip2 import (
    REQUESTS,
    BadChecksum,
    Crowded,
    Dialect,
    Displaced,
    PatronFlag,
    Request,
    Response,
    Secret,
    SummaryList,
    Trailer,
    UnknownMessage,
    format,
    messages,
    parse,
)
from sip2gw.sip2.error_detection import checksum

DATE = "20260301    101500"
MOMENT = datetime(2026, 3, 1, 10, 15)


def heard(text, dialect=None):
    return parse(text.encode() if isinstance(text, str) else text, dialect or Dialect())[0]


class TestBeginning:
    @pytest.mark.parametrize(
        "stray",
        [b"\n", b"\r\n", b"  ", b"\t", b"\0\0", b"\xff", b"\xff\xfb\x01\xff\xfd\x18", b"\xef\xbb\xbf", b"|"],
    )
    def test_stray_bytes_in_front_of_a_line_are_ignored(self, stray):
        assert heard(stray + b"9900802.00") == heard(b"9900802.00")

    def test_nul_bytes_in_a_line_are_ignored(self):
        assert heard(b"99008\x0002.00\0") == heard(b"9900802.00")

    @pytest.mark.parametrize(
        ("line", "code"),
        [
            (b"", ""), (b"\r", ""), (b"9", ""), (b"|||", ""), (b"hello", ""), (b"GET / HTTP/1.1", ""),
            (b"00xx", "00"), (b"98", None), (b"77AOx|", "77"), ("९९00802.00".encode(), "00"), ("²³".encode(), ""),
        ],
    )  # fmt: skip
    def test_a_line_without_a_known_code_is_not_a_message(self, line, code):
        if code is None:
            assert heard(line).code == "98"
            return
        with pytest.raises(UnknownMessage) as caught:
            parse(line)
        assert caught.value.code == code
        assert str(caught.value) == (
            f"unknown message code {code}" if code else "it does not begin with a message code"
        )

    def test_a_response_from_a_terminal_is_read_as_a_response(self):
        assert isinstance(heard("941"), Response)
        assert isinstance(heard(f"24              000{DATE}AOx|AAy|AEz|"), messages.PatronStatusResponse)
        assert not isinstance(heard("96AZFEF6"), Request)


class TestFixedPart:
    @pytest.mark.parametrize("stray", ["", "|"])
    def test_a_delimiter_after_the_fixed_part_is_ignored(self, stray):
        hold = heard(f"15+{DATE}{stray}AOx|AAy|AB1|")
        assert (hold.hold_mode, hold.transaction_date, hold.institution_id) == ("+", MOMENT, "x")

    def test_a_63_with_31_blanks_is_read(self):
        request = heard("63" + " " * 31 + "AOx|AAy|")
        assert (request.language, request.transaction_date, request.summary) == ("000", None, frozenset())
        assert request.patron_identifier == "y"

    def test_a_summary_that_is_too_short_ends_at_the_delimiter(self):
        request = heard(f"63009{DATE}YYYYYYYYY|AOx|AAy|")
        assert request.summary == frozenset(SummaryList)
        assert request.institution_id == "x"

    @pytest.mark.parametrize("summary", [" " * 10, "N" * 10, "      YYYY", "?" * 10])
    def test_a_summary_without_y_in_its_places_asks_for_nothing(self, summary):
        assert heard(f"63000{DATE}{summary}AOx|AAy|").summary == frozenset()

    @pytest.mark.parametrize(
        ("line", "status", "width", "version"),
        [
            ("9900802.00", "0", 80, "2.00"),
            ("990 802.00", "0", 80, "2.00"),
            ("990   2.00", "0", None, "2.00"),
            ("990xxx2.00", "0", None, "2.00"),
            ("9910401.00", "1", 40, "1.00"),
            ("9900802.0E", "0", 80, "2.0E"),
            ("9900802.13Y", "0", 80, "2.13"),
            ("9900803.00", "0", 80, "3.00"),
            ("9900802.0S", "0", 80, "2.0S"),
            ("99        ", "0", None, "2.00"),
            ("99", "0", None, "2.00"),
            ("9920|", "2", 0, "2.00"),
        ],
    )
    def test_every_known_form_of_99_is_read(self, line, status, width, version):
        request = heard(line)
        assert (request.status_code, request.max_print_width, request.protocol_version) == (
            status,
            width,
            version,
        )

    def test_blank_algorithms_of_a_login_mean_0(self):
        login = heard("93  CNuser|COpass|")
        assert (login.uid_algorithm, login.pwd_algorithm, login.login_user_id) == ("0", "0", Secret("user"))

    @pytest.mark.parametrize(
        ("flag", "meant"), [("Y", True), ("y", True), ("N", False), (" ", False), ("U", False)]
    )
    def test_flags(self, flag, meant):
        assert heard(f"09{flag}{DATE}{DATE}AP|AOx|AB1|AC|").no_block is meant

    @pytest.mark.parametrize(
        ("flag", "meant"), [("Y", True), ("n", False), ("U", None), (" ", None), ("?", None)]
    )
    def test_a_flag_that_may_be_unknown_is_read(self, flag, meant):
        assert heard(f"121N{flag}Y{DATE}AOx|AAy|ABz|AJ|AH|").magnetic_media is meant

    def test_patron_status_is_read_in_either_case(self):
        assert heard("24Y   y         ").patron_status == {
            PatronFlag.CHARGE_PRIVILEGES_DENIED,
            PatronFlag.CARD_REPORTED_LOST,
        }

    @pytest.mark.parametrize(("text", "meant"), [("0012", 12), ("  12", 12), ("    ", None), ("????", None)])
    def test_counts(self, text, meant):
        assert (
            heard(f"64              000{DATE}{text}00000000000000000000AO|AA|AE|").hold_items_count == meant
        )


class TestTimestamps:
    @pytest.mark.parametrize(
        ("text", "moment"),
        [
            ("20260301    101500", MOMENT),
            ("202603010000101500", MOMENT),
            ("20260301????101500", MOMENT),
            ("20260301   Z101500", MOMENT.replace(tzinfo=UTC)),
            ("20260301   z101500", MOMENT.replace(tzinfo=UTC)),
            ("20260301Z   101500", MOMENT.replace(tzinfo=UTC)),
            ("20260301   Q101500", MOMENT.replace(tzinfo=timezone(timedelta(hours=-4)))),
            ("20260301   A101500", MOMENT.replace(tzinfo=timezone(timedelta(hours=1)))),
            ("20260301   M101500", MOMENT.replace(tzinfo=timezone(timedelta(hours=12)))),
            ("20260301   Y101500", MOMENT.replace(tzinfo=timezone(timedelta(hours=-12)))),
            ("20260301   J101500", MOMENT),
            (" " * 18, None),
            ("0" * 18, None),
            ("20260230    101500", None),
            ("20260301    251500", None),
            ("20260301    101560", None),
            ("2026-03-01 101500 ", None),
            ("²0260301    101500", None),
            ("00010101    000000", None),
            ("99991231   Y235959", None),
        ],
    )
    def test_F40_every_form_of_the_zone_is_read(self, text, moment):
        read = heard(f"35{text}AOx|AAy|").transaction_date
        assert read == moment
        assert (read and read.tzinfo) == (moment and moment.tzinfo)


class TestFields:
    def test_a_line_without_the_last_delimiter_is_read(self):
        assert heard(f"17{DATE}AOx|AB123") == heard(f"17{DATE}AOx|AB123|")

    def test_empty_pieces_are_dropped(self):
        assert heard(f"17{DATE}||AOx|| |AB123|||") == heard(f"17{DATE}AOx|AB123|")

    def test_fields_are_read_in_any_order(self):
        assert heard(f"17{DATE}AC|AB123|AOx|") == heard(f"17{DATE}AOx|AB123|AC|")

    def test_field_codes_in_lower_case_are_read(self):
        assert heard(f"17{DATE}aox|ab123|ac|") == heard(f"17{DATE}AOx|AB123|AC|")

    def test_unknown_fields_are_kept_in_order(self):
        request = heard(f"17{DATE}ZZ1|AOx|U15|AB123|AEname|ZZ2|")
        assert request.extensions == (("ZZ", "1"), ("U1", "5"), ("AE", "name"), ("ZZ", "2"))
        assert format(request) == f"17{DATE}AOx|AB123|ZZ1|U15|AEname|ZZ2|\r".encode()

    @pytest.mark.parametrize(
        ("fields", "value", "others"),
        [
            ("AB1|AB2|", "1", (("AB", "2"),)),
            ("AB|AB2|", "2", ()),
            ("AB|AB|AB3|AB4|", "3", (("AB", "4"),)),
            ("AB1|AB|", "1", (("AB", ""),)),
        ],
    )
    def test_a_field_that_comes_twice_keeps_the_first_value(self, fields, value, others):
        request = heard(f"17{DATE}AOx|{fields}")
        assert (request.item_identifier, request.extensions) == (value, others)

    def test_a_second_institution_is_kept_as_an_extension(self):
        request = heard(f"17{DATE}AOours|AB1|AOtheirs|")
        assert request.institution_id == "ours"
        assert ("AO", "theirs") in request.extensions

    def test_every_value_of_a_repeatable_field_is_kept(self):
        response = heard(f"36Y{DATE}AOx|AAy|AFone|AGp|AFtwo|AF|")
        assert response.screen_message == ("one", "two", "")
        assert response.print_line == ("p",)

    def test_a_delimiter_inside_a_value_is_kept(self):
        assert heard(f"17{DATE}AOx|AB1|2|#3|AC|").item_identifier == "1|2|#3"
        assert heard(f"17{DATE}AOx|AB1|২|").item_identifier == "1|২"
        assert heard(f"17{DATE}AOx|AB1|Bee|").item_identifier == "1|Bee"

    def test_a_missing_password_differs_from_an_empty_one(self):
        assert heard(f"23000{DATE}AOx|AAy|").patron_password is None
        assert heard(f"23000{DATE}AOx|AAy|AC|AD|").patron_password == Secret("")
        assert not heard(f"23000{DATE}AOx|AAy|AC|AD|").patron_password

    def test_a_missing_required_field_is_empty(self):
        request = heard(f"11YN{DATE}")
        assert (request.institution_id, request.item_identifier, request.terminal_password) == ("", "", None)

    @pytest.mark.parametrize(
        ("text", "meant"),
        [("00001", 1), ("1", 1), (" 7", 7), ("", None), ("x", None), ("-1", None), ("9" * 40, None)],
    )
    def test_numbers(self, text, meant):
        assert heard(f"63000{DATE}          AOx|AAy|BP{text}|").start_item == meant

    @pytest.mark.parametrize(
        ("text", "meant"),
        [
            ("12.00", "12.00"), (" 12.00", "12.00"), ("12,5", "12.5"), ("12,50", "12.50"), ("1.", "1"), ("10", "10"),
            ("-75.00", "-75.00"), (".5", "0.5"), ("1,234", None), ("1,234.50", None), ("", None), ("feeAmount", None),
            ("1E5", None), ("NaN", None), ("$5.00", None), ("٣", None), ("9" * 16, None),
        ],
    )  # fmt: skip
    def test_amounts(self, text, meant):
        request = heard(f"37{DATE}0100BDTBV{text}|AOx|AAy|")
        assert request.fee_amount == (None if meant is None else Decimal(meant))

    def test_variable_flags_are_read(self):
        assert heard(f"11YN{DATE}{DATE}AOx|AAy|AB1|AC|BOY|BI|").fee_acknowledged is True
        assert heard(f"11YN{DATE}{DATE}AOx|AAy|AB1|AC|BOY|BI|").cancel is False
        assert heard(f"11YN{DATE}{DATE}AOx|AAy|AB1|AC|").cancel is None

    @pytest.mark.parametrize("text", ["YYNNNNNNNNNNNNNN", "yyNNNNNNNNNNNNNN", "YY", "YY" + " " * 140])
    def test_supported_messages_are_read_at_any_length(self, text):
        assert heard(f"98YYYYYN300003{DATE}2.00AOx|BX{text}|").supported_messages == {"23", "11"}


@pytest.mark.parametrize(
    "line",
    [
        "11YN20260301   101500AOhillcrest|AAM-1001|AB10002|AC|",
        "11YN20260301   101500                  AOhillcrest|AAM-1001|AB10002|AC|",
        "09N20260301    1015002026AOriverside|AB10001|AC|",
        "11Y20260301    101500AOriverside|AAM-1001|AB10002|AC|",
        "37202603010100BV2.50|AOriverside|AAM-1|",
        "37                  010BDTAOriverside|BV2.50|AAM-1|",
        "11????20260301    101500                  AOriverside|AAM-1|AB1|AC|",
        "29?N20260301    101500                  AOriverside|AAM-1|AB1|",
    ],
)
def test_a_write_with_a_field_in_its_fixed_part_is_refused(line):
    with pytest.raises(Displaced) as displaced:
        parse(line.encode())
    assert isinstance(displaced.value.request, REQUESTS[line[:2]])
    assert "riverside" not in str(displaced.value)


@pytest.mark.parametrize(
    "line", ["17AOriverside|AB1|", "63AOriverside|AAM-1|", "11" + " " * 38 + "AOx|AAy|ABz|AC|"]
)
def test_a_read_and_a_blank_fixed_part_are_accepted(line):
    assert isinstance(parse(line.encode())[0], REQUESTS[line[:2]])


class TestCrowds:
    """A request with more fields than are read is refused, even if all of them are good."""

    LINE = f"63000{DATE}          AOriverside|AAM-1|".encode() + b"ZZ1|" * 62

    def test_F34_a_request_with_as_many_fields_as_allowed_is_read(self):
        request, _ = parse(self.LINE, most=64)
        assert len(request.extensions) == 62

    def test_F34_a_request_with_one_field_too_many_is_refused(self):
        with pytest.raises(Crowded) as crowded:
            parse(self.LINE + b"AD1234|AY3", most=64)
        request = crowded.value.request
        assert (type(request), request.institution_id, request.patron_identifier) == (
            messages.PatronInformation,
            "riverside",
            "M-1",
        )
        assert request.patron_password is None, "nothing beyond is read"

    def test_F34_the_trailer_of_a_request_with_too_many_fields_is_read(self):
        line = self.LINE + b"AD1234|AY3AZ"
        with pytest.raises(Crowded) as crowded:
            parse(line + checksum(line), most=64)
        assert crowded.value.trailer == Trailer("3", True)
        with pytest.raises(BadChecksum):
            parse(line + b"0000", most=64)

    def test_F34_pieces_that_are_not_fields_do_not_count_as_fields(self):
        request, _ = parse(self.LINE + b"|" * 900 + b"x|" * 900, most=64)
        assert request.extensions[-1] == ("ZZ", "1" + "|x" * 900)

    def test_F34_a_97_with_too_many_fields_is_still_a_97(self):
        assert parse(b"97" + b"ZZ1|" * 99, most=64)[0] == messages.RequestACSResend(
            extensions=(("ZZ", "1"),) * 64
        )
