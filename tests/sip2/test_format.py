"""How strictly a line is written: exact widths, required fields always, unused ones never, one terminator."""

from datetime import datetime, timedelta, timezone
from decimal import Decimal

import pytest

from sip2gw.sip2 import Dialect, Trailer, format, lay_out, messages

DATE = "20260301    101500"
MOMENT = datetime(2026, 3, 1, 10, 15)


class TestTimestamps:
    def test_timestamps_are_written_in_local_time_or_in_utc(self):
        request = messages.EndPatronSession(
            transaction_date=MOMENT, institution_id="x", patron_identifier="y"
        )
        assert format(request) == f"35{DATE}AOx|AAy|\r".encode()
        dhaka = MOMENT.replace(tzinfo=timezone(timedelta(hours=6)), microsecond=999999)
        assert format(request.but(transaction_date=dhaka)) == b"3520260301   Z041500AOx|AAy|\r"
        assert format(request.but(transaction_date=None)) == b"35                  AOx|AAy|\r"

    def test_an_unknown_time_for_the_clock_is_zeros(self):
        assert format(messages.ACSStatus())[14:32] == b"0" * 18


class TestFields:
    def test_required_fields_are_written_and_unused_ones_are_not(self):
        assert format(messages.CheckoutResponse()) == b"120NUN" + b" " * 18 + b"AO|AA|AB|AJ|AH|\r"
        assert format(
            messages.CheckoutResponse(currency_type="", media_type=None, screen_message=("",))
        ) == format(messages.CheckoutResponse())

    @pytest.mark.parametrize(
        ("amount", "text"),
        [("12", "12.00"), ("2.5", "2.50"), ("0.125", "0.125"), ("-1E+3", "-1000.00"), ("NaN", None)],
    )
    def test_amounts(self, amount, text):
        line = format(messages.PatronStatusResponse(fee_amount=Decimal(amount)))
        assert (b"BV" in line) == (text is not None)
        if text is not None:
            assert f"|BV{text}|".encode() in line

    def test_counts_and_limits_have_four_digits(self):
        response = messages.PatronInformationResponse(hold_items_count=12345, fine_items_count=None)
        line = format(response.but(hold_items_limit=7))
        assert line[37:61] == b"999900000000    00000000"
        assert b"|BZ0007|" in line

    def test_codes_are_as_wide_as_their_field(self):
        line = format(
            messages.ItemInformationResponse(circulation_status="3", fee_type="123", media_type="1")
        )
        assert line[2:8] == b"3 0112"
        assert b"CK1  |" in line

    def test_a_fixed_part_has_its_width_with_any_text_in_it(self):
        for charset in ("utf-8", "ascii", "latin-1"):
            for language in ("½½½", "é|\r", "ab\u0301c", "\u202e", ""):
                line = format(
                    messages.PatronStatusResponse(language=language), dialect=Dialect(charset=charset)
                )
                assert line.index(b"AO|") == 2 + 14 + 3 + 18
                assert line.isascii()
                assert line.count(b"|") == 3
                assert line.count(b"\r") == 1

    @pytest.mark.parametrize(
        ("response", "kept", "gone"),
        [
            (messages.PatronStatusResponse(valid_patron=True, fee_amount=Decimal(1), currency_type="BDT"),
             {"AO", "AA", "AE"}, {"BL", "BH", "BV"}),
            (messages.CheckoutResponse(media_type="001", transaction_id="7", screen_message=("x",)),
             {"AO", "AA", "AB", "AJ", "AH", "AF"}, {"CK", "BK"}),
            (messages.CheckinResponse(patron_identifier="y", sort_bin="1", title_identifier="t"),
             {"AO", "AB", "AQ", "AJ"}, {"AA", "CL"}),
            (messages.ACSStatus(library_name="x"), {"AO", "AM"}, {"BX"}),
        ],
    )  # fmt: skip
    def test_version_1_00_leaves_out_what_2_00_brought(self, response, kept, gone):
        new, old = (lay_out(format(response, version=version)) for version in ("2.00", "1.00"))
        assert {code for code, _ in new.fields} == kept | gone
        assert {code for code, _ in old.fields} == kept
        assert old.fixed == new.fixed

    def test_version_1_00_leaves_messages_of_2_00_whole(self):
        response = messages.PatronInformationResponse(valid_patron=True)
        assert format(response, version="1.00") == format(response)

    @pytest.mark.parametrize("terminator", [b"\r", b"\r\n", b"\n"])
    def test_a_line_ends_with_the_terminator_of_the_dialect(self, terminator):
        assert format(messages.LoginResponse(), Trailer("0", True), Dialect(terminator=terminator)) == (
            b"940AY0AZFDFE" + terminator
        )
