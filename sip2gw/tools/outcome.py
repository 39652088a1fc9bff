"""Whether an answer is a yes: what the exit status of the terminal emulator says."""

from __future__ import annotations

from sip2gw.sip2 import DENIED, Message, PatronFlag, messages

_YES_OR_NO = (
    "ok",
    "online_status",
    "valid_patron",
    "payment_accepted",
    "item_properties_ok",
    "end_session",
)
"""Where each answer says whether it went well."""


def accepted(answer: Message, *, asked: str = "", pin_given: bool = True) -> bool:
    """True unless the answer is a refusal: not ok, off line, no such patron or item, a wrong PIN, or 96.

    `asked` is the code of the request: a yes to 01 is a patron who may borrow nothing, a yes to 25 one who may.
    """
    match answer:
        case messages.RequestSCResend():
            return False
        case messages.ItemInformationResponse(title_identifier=""):
            return False
        case (
            messages.PatronStatusResponse(valid_patron=None)
            | messages.PatronInformationResponse(valid_patron=None)
        ):
            # Where the library could not be asked, nothing is said of the patron, and nothing is allowed.
            return not answer.patron_status >= DENIED
        case messages.PatronStatusResponse() | messages.PatronEnableResponse() if asked in ("01", "25"):
            denied = PatronFlag.CHARGE_PRIVILEGES_DENIED in answer.patron_status
            if denied is not (asked == "01"):
                return False
    if pin_given and getattr(answer, "valid_patron_password", None) is False:
        return False
    return all(getattr(answer, name, True) is not False for name in _YES_OR_NO)
