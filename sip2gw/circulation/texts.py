"""What a patron reads when something is refused: plain words, what to do next, and never more than they may know."""

from __future__ import annotations

from sip2gw.library import InDoubt, LibraryError, Refused

SEE_STAFF = "Please ask a member of staff."
NOT_AVAILABLE = "The library's system can't be reached. Please try again, or ask a member of staff."
IN_DOUBT = "It is not certain whether this was recorded. Please see a member of staff before you go on."
NOT_OFFERED = "This is not offered here. Please ask a member of staff."
NOT_LOGGED_IN = "This terminal is not logged in. Please ask a member of staff."
OTHER_LIBRARY = "This terminal belongs to another library. Please ask a member of staff."
FAULT = "Something went wrong here. Please try again, or ask a member of staff."
RENEWED = "Renewed."
WAS_NOT_ON_LOAN = "This item was not on loan."

REASONS = {
    "member_not_found": "This card is not known here. Please check the number, or ask a member of staff.",
    "member_inactive": "This membership is not active. Please ask a member of staff.",
    "member_suspended": "Borrowing is suspended because of unpaid fees. Please pay at the desk.",
    "member_type_not_allowed": "This membership can't borrow at self-service. Please go to the desk.",
    "self_service_disabled": "Self-service borrowing is switched off. Please go to the desk.",
    "checkin_not_allowed": "Returns are not taken here. Please go to the desk.",
    "overdue_checkin_not_allowed": "Overdue items are not taken back here. Please go to the desk.",
    "copy_not_found": "This item is not known here. Please ask a member of staff.",
    "item_ambiguous": "More than one item has this number. Please take it to the desk.",
    "isbn_checkin_ambiguous": "More than one copy is on loan. Please scan the library's own label.",
    "copy_inactive": "This item is not for loan at present. Please ask a member of staff.",
    "circulation_disabled": "This item may only be used in the library.",
    "copy_not_available": "This item is on loan to somebody else. Please take it to the desk.",
    "reserved_for_other": "This item is reserved for another reader. Please take it to the desk.",
    "quota_exceeded": "The limit of items on loan is reached. Please return something first.",
    "already_on_loan": "This item is already on loan to you.",
    "already_booked_by_member": "This item is already on loan to you.",
    "not_renewable": "This loan can't be renewed again. Please return the item, or ask a member of staff.",
    "dates_not_available": "This item is promised to another reader for these days. Please take it to the desk.",
    "not_on_loan": WAS_NOT_ON_LOAN,
}
"""By the code of the refusal (Librarika contract, errors)."""

DECLINED = {"not_logged_in": NOT_LOGGED_IN, "other_library": OTHER_LIBRARY}
"""By the code with which a session declines."""


def why(error: LibraryError) -> str:
    """The line for the screen when the library said no, was not asked, or left its answer open."""
    match error:
        case Refused(code=code, facts=facts):
            text = REASONS.get(code, NOT_OFFERED)
            if "limit" in facts and code == "quota_exceeded":
                text = (
                    f"The limit of {facts['limit']} items on loan is reached. Please return something first."
                )
            if "available_from" in facts:
                text = f"{text} It is expected back on {facts['available_from']}."
            return text
        case InDoubt():
            return IN_DOUBT
        case _:
            return NOT_AVAILABLE


def reserved(patron_id: str, branch: str) -> str:
    """What is said of a returned item that somebody waits for. The number of the card is masked but for its end."""
    mask = "*" * max(len(patron_id) - 2, 2) + patron_id[-2:]
    where = f", to be collected at {branch}" if branch else ""
    return f"Reserved for {mask}{where}. Please hand this item to a member of staff."
