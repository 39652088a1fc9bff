"""Refusals of the API: each is a `Problem` with one of these codes, on which alone a client acts.

The table is section 4 of the contract (`docs/librarika-api.yaml`, schema `Problem`): code, HTTP status, title.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

CODES: dict[str, tuple[int, str]] = {
    "validation_failed": (422, "The request is not as the contract says"),
    "unauthorized": (401, "A valid access token is needed"),
    "invalid_credentials": (401, "Unknown user or wrong password"),
    "account_inactive": (403, "This account is not active"),
    "permission_missing": (403, "This account lacks the Library Staff permission"),
    "sip2_disabled": (403, "SIP2 is not enabled for this library"),
    "sip2_not_activated": (403, "SIP2 is not activated for this account"),
    "password_wrong": (403, "That is not the member's password"),
    "password_missing": (425, "A password was entered for this, and is not here to be compared"),
    "not_allowed": (403, "The library's policy does not allow this"),
    "not_found": (404, "There is nothing here"),
    "library_not_found": (404, "No such library"),
    "member_not_found": (404, "No such member"),
    "copy_not_found": (404, "No such copy"),
    "reservation_not_found": (404, "No such reservation of this member"),
    "fee_not_found": (404, "No such open fee of this member"),
    "method_not_allowed": (405, "This method is not offered here"),
    "payload_too_large": (413, "The body is too large"),
    "unsupported_media_type": (415, "The body must be application/json"),
    "member_inactive": (409, "The member is not active"),
    "member_suspended": (409, "The member owes too much to borrow"),
    "member_type_not_allowed": (409, "Members of this type do not serve themselves"),
    "self_service_disabled": (409, "Self-service checkouts are switched off"),
    "no_password_set": (409, "The member has no password"),
    "sso_only": (409, "The member signs in through the library's single sign-on"),
    "item_ambiguous": (409, "The identifier or the name means more than one"),
    "isbn_checkin_ambiguous": (409, "More than one copy with this identifier is on loan"),
    "copy_inactive": (409, "The copy is not active"),
    "circulation_disabled": (409, "The copy does not circulate"),
    "copy_not_available": (409, "The copy is on loan"),
    "already_booked_by_member": (409, "The member has it already"),
    "already_reserved": (409, "The member waits for it already"),
    "reserved_for_other": (409, "The copy is reserved for another member"),
    "quota_exceeded": (409, "The member's quota is used up"),
    "fee_required": (409, "This costs a fee that has not been accepted"),
    "dates_not_available": (409, "These dates are not possible"),
    "requests_disabled": (409, "Requests are switched off"),
    "unknown_branch": (409, "The library has no such branch"),
    "not_on_loan": (409, "It is not on loan"),
    "on_loan_to_other": (409, "It is on loan to another member"),
    "not_tried": (409, "It was beyond the limit"),
    "checkin_not_allowed": (409, "Self-service check-ins are switched off"),
    "overdue_checkin_not_allowed": (409, "Self-service check-ins of overdue items are switched off"),
    "not_renewable": (409, "The loan cannot be extended"),
    "cannot_revert": (409, "The last action can no longer be undone"),
    "fees_disabled": (409, "Fees are switched off"),
    "currency_mismatch": (409, "The library uses another currency"),
    "payment_too_large": (409, "The payment is more than what is owed"),
    "payment_differs": (409, "Another amount was paid under this number"),
    "idempotency_key_reused": (422, "This key was used for another request"),
    "rate_limited": (429, "Too many requests"),
    "internal_error": (500, "The server failed"),
}


_UNDECIDED = frozenset({408, 413, 425, 429, 503})
"""Statuses that leave open whether the work was done; the sandbox sends them only before it."""


class Problem(Exception):
    """A refusal. `code` is one of `CODES`; `facts` become members of the problem document.

    `detail` is for people who read logs: it names preferences and dates, never a member or a secret.
    """

    def __init__(
        self,
        code: str,
        detail: str = "",
        *,
        status: int | None = None,
        headers: Mapping[str, str] | None = None,
        **facts: Any,
    ) -> None:
        super().__init__(code)
        known, title = CODES[code]
        self.code = code
        self.status = status or known
        self.title = title
        self.detail = detail or title
        self.headers = dict(headers or {})
        self.facts = facts

    def about(self, known: Mapping[str, Any]) -> Problem:
        """Return this refusal with more facts, where it has none of that name."""
        self.facts = {**known, **self.facts}
        return self

    def body(self) -> bytes:
        """Return the problem as an RFC 9457 document."""
        document = {
            "type": "about:blank",
            "title": self.title,
            "status": self.status,
            "code": self.code,
            "detail": self.detail,
            **({"not_processed": True} if self.status in _UNDECIDED else {}),
            **self.facts,
        }
        return json.dumps(document, ensure_ascii=False).encode()
