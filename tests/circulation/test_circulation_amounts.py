"""K16: an amount has as many decimals as its currency."""

from __future__ import annotations

from decimal import Decimal

import pytest
from babel.numbers import get_currency_precision, list_currencies
from desks import DeskCase
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.circulation.fees import written
from sip2gw.sip2 import parse
from sip2gw.sip2.kinds import MONEY

D = "20260301    115900"


@pytest.mark.parametrize(
    ("amount", "currency", "text"),
    [
        ("150", "JPY", "150"),
        ("150.00", "JPY", "150"),
        ("0", "JPY", "0"),
        ("2.5", "USD", "2.50"),
        ("3", "EUR", "3.00"),
        ("1.5", "KWD", "1.500"),
        ("0", "BHD", "0.000"),
        ("1.505", "USD", "1.505"),
        ("0.5", "JPY", "0.5"),
        ("7", "", "7.00"),
    ],
)
def test_K16_an_amount_has_the_decimals_of_its_currency(amount: str, currency: str, text: str) -> None:
    assert MONEY.format(written(Decimal(amount), currency)) == text


@given(st.sampled_from(sorted(list_currencies())), st.integers(0, 10**9))
def test_K16_every_currency_of_CLDR_has_its_own_decimals(currency: str, units: int) -> None:
    precision = get_currency_precision(currency)
    text = MONEY.format(written(Decimal(units).scaleb(-precision), currency))
    assert len(text.partition(".")[2]) == precision
    assert Decimal(text) == Decimal(units).scaleb(-precision)


class Yen(DeskCase):
    data = {  # noqa: RUF012 (read only)
        "libraries": [
            {
                "nickname": "riverside",
                "currency": "JPY",
                "preferences": {"fee_limit": "1000"},
                "users": [{"username": "kiosk@riverside.example", "password": "kiosk-secret"}],
                "members": [{"member_no": "M-1", "name": "A reader"}],
                "media": [{"title": "Emma", "borrowing_fee": "70", "copies": [{"accession_no": "1"}]}],
                "transactions": [{"member_no": "M-1", "type": "lost", "amount": "150"}],
            }
        ]
    }

    def say(self, line: str) -> str:
        request, _ = parse(line.encode())
        return self.line(self.ask(request))

    def test_K16_yen_have_no_decimals_in_any_answer(self) -> None:
        self.assertIn("|BHJPY|BV150|", self.say(f"23001{D}AOriverside|AAM-1|AC|"))
        told = self.say(f"63001{D}   Y      AOriverside|AAM-1|")
        for field in ("|BV150|", "|CC1000|", "|AV150 JPY "):
            self.assertIn(field, told)
        self.assertIn("|BHJPY|BV70|", self.say(f"11NN{D}{' ' * 18}AOriverside|AAM-1|AB1|AC|"))
        self.assertIn("|BV70|", self.say(f"11NN{D}{' ' * 18}AOriverside|AAM-1|AB1|AC|BOY|"))
