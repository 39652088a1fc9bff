"""Hidden and renamed fields: every answer is changed as the profile says."""

from __future__ import annotations

from decimal import Decimal

import pytest
from desks import DeskCase
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.circulation import Profile
from sip2gw.circulation.hidden_fields import FieldPlans, for_terminal, is_hidden
from sip2gw.library import Refused
from sip2gw.sip2 import RESPONSES, format, messages, parse

INFORMATION = messages.PatronInformationResponse(
    institution_id="riverside",
    patron_identifier="M-1001",
    personal_name="Amina Rahman",
    home_address="Elm Street 5",
    e_mail_address="amina@riverside.example",
    home_phone_number="555-0101",
    fee_amount=Decimal("3.00"),
    charged_items=("10001", "10002"),
    print_line=("A receipt",),
    extensions=(("PB", "19900101"), ("PC", "Regular")),
)
RETURNED = messages.CheckinResponse(
    ok=True, item_identifier="10001", patron_identifier="M-1001", title_identifier="Emma"
)


def line(response, **knobs):
    return format(for_terminal(response, FieldPlans(Profile(**knobs)))).decode()


def test_personal_data_is_hidden_by_default():
    said = line(INFORMATION)
    for secret in ("Elm Street", "amina@", "555-0101", "19900101"):
        assert secret not in said
    assert "PCRegular|" in said
    assert "|AEAmina Rahman|" in said
    assert "M-1001" not in line(RETURNED), "AA in 10"


def test_a_field_in_show_is_sent():
    said = line(INFORMATION, show=frozenset({"BD", "64.PB"}))
    assert "|BDElm Street 5|" in said
    assert "|PB19900101|" in said
    assert "BE" not in said
    assert "|AAM-1001|" in line(RETURNED, show=frozenset({"10.AA"}))


def test_a_hidden_required_field_is_sent_empty():
    said = line(INFORMATION, hide=frozenset({"AE", "AA", "AV", "BV"}))
    assert "|AA|AE|" in said
    assert "BV" not in said


def test_an_entry_for_one_message_counts_more():
    profile = Profile(hide=frozenset({"AJ"}), show=frozenset({"10.AJ"}))
    assert not is_hidden(profile, "10", "AJ")
    assert is_hidden(profile, "18", "AJ")


def test_a_renamed_field_keeps_its_form():
    said = line(INFORMATION, rename={"BV": "FA", "AU": "XU", "PC": "ZY", "AE": "DJ"})
    assert "|FA3.00|" in said
    assert "|XU10001|XU10002|" in said
    assert "|ZYRegular|" in said
    assert "|AE|" in said, "required, and so empty"
    assert "|DJAmina Rahman|" in said
    assert "BV" not in said
    assert "AU" not in said


def test_a_profile_without_receipts_gets_no_AG():
    assert "|AGA receipt|" in line(INFORMATION)
    assert "receipt" not in line(INFORMATION, receipts=False)
    assert "receipt" not in line(INFORMATION, receipts=False, rename={"AG": "XG"})


def test_a_response_without_changes_is_not_copied():
    response = messages.CheckoutResponse(ok=True)
    assert for_terminal(response, FieldPlans(Profile())) is response


def test_a_field_hidden_and_renamed_is_not_sent():
    assert "Amina" not in line(INFORMATION, hide=frozenset({"AE"}), rename={"AE": "DJ"})


CODES = st.sampled_from(
    ["AA", "AB", "AE", "AF", "AG", "AH", "AJ", "AO", "AQ", "BL", "BV", "BX", "CK", "CL", "CQ", "XX"]
)


@pytest.mark.parametrize("code", sorted(RESPONSES))
@given(hide=st.frozensets(CODES), rename=st.dictionaries(CODES, CODES), receipts=st.booleans())
@pytest.mark.untraced
def test_every_response_can_be_read_again_after_any_change(code, hide, rename, receipts):
    response = RESPONSES[code]()
    plans = FieldPlans(Profile(hide=hide, rename=rename, receipts=receipts))
    said = format(for_terminal(response, plans))
    read, _ = parse(said.rstrip(b"\r"))
    assert type(read) is type(response)


class Gate(DeskCase):
    """A gate may look up items, and no more."""

    def ask_line(self, line: str, **knobs):
        return self.ask(
            parse(line.encode())[0], profile=Profile(messages=frozenset({"17"}), offline=False, **knobs)
        )

    def test_a_gate_is_refused_other_requests_without_a_call(self) -> None:
        before = self.kinds()
        for line in (
            "11YN" + " " * 36 + "AOriverside|AAM-1001|AB10001|AC|",
            "09N" + " " * 36 + "APx|AOriverside|AB10003|AC|",
            "23000" + " " * 18 + "AOriverside|AAM-1001|AC|AD1234|",
            "01N" + " " * 18 + "AOriverside|ALlost|AAM-1001|AC|",
            "37" + " " * 18 + "0100USDAOriverside|AAM-1001|BV1.00|",
        ):
            response = self.ask_line(line)
            self.assertEqual(response.screen_message, (self.speaker.say("not_offered"),))
            for yes in ("ok", "desensitize", "resensitize", "payment_accepted", "valid_patron"):
                self.assertFalse(getattr(response, yes, False))
        self.assertEqual(self.kinds(), before)

    def test_a_gate_gets_item_information(self) -> None:
        answer = self.ask_line("17" + " " * 18 + "AOriverside|AB10001|")
        self.assertEqual((answer.circulation_status, answer.title_identifier), ("03", "Emma"))

    def test_a_refusal_has_no_hidden_fields(self) -> None:
        answer = self.ask_line("17" + " " * 18 + "AOriverside|AB404|", rename={"AF": "XF"})
        self.assertEqual(answer.screen_message, ())
        self.assertEqual(answer.extensions, (("XF", self.speaker.why(Refused("copy_not_found"))),))

    def test_BX_for_a_gate_has_only_its_requests(self) -> None:
        up = self.ask_line("9900802.00")
        self.assertEqual(up.supported_messages, {"93", "97", "99", "17"})
        flags = up.checkin_ok, up.checkout_ok, up.acs_renewal_policy, up.status_update_ok, up.offline_ok
        self.assertEqual((up.online_status, *flags), (True, *(False,) * 5))
