"""Whether an answer is a yes: what the exit status of the terminal emulator says."""

from __future__ import annotations

from sip2gw.sip2 import Message, messages

_YES_OR_NO = (
    "ok",
    "online_status",
    "valid_patron",
    "payment_accepted",
    "item_properties_ok",
    "end_session",
)
"""Where each answer says whether it went well."""


def accepted(answer: Message, *, pin_given: bool = True) -> bool:
    """True unless the answer is a refusal: not ok, off line, no such patron, a wrong PIN, or 96."""
    if isinstance(answer, messages.RequestSCResend):
        return False
    if pin_given and getattr(answer, "valid_patron_password", None) is False:
        return False
    return all(getattr(answer, name, True) is not False for name in _YES_OR_NO)
