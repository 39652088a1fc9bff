"""The three errors that cross the port: the library said no, it was not called, or its answer was lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sip2gw.library.items import Item


ACCOUNT_REFUSED = frozenset(
    {
        "account_inactive",
        "invalid_credentials",
        "library_not_found",
        "permission_missing",
        "rate_limited",
        "sip2_disabled",
        "sip2_not_activated",
        "unauthorized",
    }
)
"""Refusals of the account and not of the write."""

PROVES_NOTHING = ACCOUNT_REFUSED | {
    "idempotency_key_reused",
    "internal_error",
    "payload_too_large",
    "validation_failed",
}
"""Refusals that come before the library looks for the first answer under a key. An earlier call may have been done."""


class LibraryError(Exception):
    """An error of a call to a library."""


class Refused(LibraryError):
    """The library said no, and nothing has changed.

    `code` is one of the codes of the Librarika contract, or the gateway's own. `reason` is for the installer who reads
    the log; it has no patron data and no secret. `facts` are values for the patron's text, such as `{"limit": "5"}`.
    `item` is the item of the request, if it is known. `document` is the library's whole answer, for the adapter only.
    """

    def __init__(
        self,
        code: str,
        reason: str = "",
        facts: Mapping[str, str] | None = None,
        item: Item | None = None,
        document: Mapping[str, Any] | None = None,
    ) -> None:
        super().__init__(f"{code}: {reason}" if reason else code)
        self.code = code
        self.reason = reason
        self.facts: Mapping[str, str] = facts or {}
        self.item = item
        self.document: Mapping[str, Any] = document or {}


class Unavailable(LibraryError):
    """The library was not called, or only read; nothing has changed, and the same request may succeed later.

    `throttled` means that the library has too many tries of a password.
    """

    def __init__(self, reason: str = "", *, throttled: bool = False) -> None:
        super().__init__(reason)
        self.throttled = throttled


class InDoubt(LibraryError):
    """The library was called to change something, and its answer was lost. It may have made the change."""


class PasswordMissing(InDoubt):
    """In doubt: the library was called again without the password, and had not made the change until then."""
