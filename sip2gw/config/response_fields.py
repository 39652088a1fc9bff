"""The fields that the gateway's responses can have."""

from __future__ import annotations

from sip2gw.sip2.message import RESPONSES

_FURTHER = {"10": {"CR", "CS", "CT", "CV", "CY", "DA"}, "18": {"CR", "CS"}}
"""Fields that SIP 2.00 does not list for these responses, and that the gateway can send in them."""

SENT = {
    code: frozenset(response.variables) | _FURTHER.get(code, set()) for code, response in RESPONSES.items()
}
"""The variable fields that each response can have."""

EVER_SENT = frozenset[str]().union(*SENT.values())

ONLY_WITH = {
    "AG": "receipts",
    "CL": "sort_bin",
    "CR": "call_number",
    "CS": "call_number",
    "CT": "destination",
    "CV": "alert_type",
    "CY": "hold_patron",
    "DA": "hold_patron",
}
"""By field: the knob without which it is never sent."""
