"""The codes of the contract's refusals (`docs/librarika-api.yaml`, schema `Code`).

Another code comes from a proxy or a framework. It does not prove that a write was not done.
"""

from __future__ import annotations

UNKNOWN_OPERATION = frozenset({"method_not_allowed", "not_found", "unsupported_media_type"})
"""Codes of an API that does not know the operation: the URL is wrong, or it is another version of the API."""

CODES = frozenset(
    {
        "account_inactive",
        "already_booked_by_member",
        "already_reserved",
        "cannot_revert",
        "checkin_not_allowed",
        "circulation_disabled",
        "copy_inactive",
        "copy_not_available",
        "copy_not_found",
        "currency_mismatch",
        "dates_not_available",
        "fee_not_found",
        "fee_required",
        "fees_disabled",
        "idempotency_key_reused",
        "internal_error",
        "invalid_credentials",
        "isbn_checkin_ambiguous",
        "item_ambiguous",
        "library_not_found",
        "member_inactive",
        "member_not_found",
        "member_suspended",
        "member_type_not_allowed",
        "method_not_allowed",
        "no_password_set",
        "not_allowed",
        "not_found",
        "not_on_loan",
        "not_renewable",
        "not_tried",
        "on_loan_to_other",
        "overdue_checkin_not_allowed",
        "password_missing",
        "password_wrong",
        "payload_too_large",
        "payment_differs",
        "payment_too_large",
        "permission_missing",
        "quota_exceeded",
        "rate_limited",
        "requests_disabled",
        "reservation_not_found",
        "reserved_for_other",
        "self_service_disabled",
        "sip2_disabled",
        "sip2_not_activated",
        "sso_only",
        "unauthorized",
        "unknown_branch",
        "unsupported_media_type",
        "validation_failed",
    }
)
