"""Three errors cross the port, and no others: the library said no, it was not asked, or its answer was lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sip2gw.library.records import Item


class LibraryError(Exception):
    """What may go wrong when a library is asked something."""


class Refused(LibraryError):
    """The library understood and said no; nothing was changed.

    `code` is one of the codes of the Librarika contract, or the gateway's own. `reason` is for the installer who
    reads the log; it carries no patron data and no secret. `facts` are values that a text for the patron may name
    (for instance `{"limit": "5"}`). `item` is the item in question, once it is known which. `document` is all that the
    library said, in its own form: it is for the adapter alone.
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
    """The library was not asked, or was only asked to read; nothing was changed. Asking again later may work.

    `throttled` if the library says that a password was tried too often.
    """

    def __init__(self, reason: str = "", *, throttled: bool = False) -> None:
        super().__init__(reason)
        self.throttled = throttled


class InDoubt(LibraryError):
    """The library was asked to change something and its answer was lost: it may have been done, or not."""


class PasswordMissing(InDoubt):
    """In doubt: the library was asked again without the password, and had not done it until then."""
