"""The request in hand: the line, what it says, and what a write is on."""

from __future__ import annotations

from attrs import frozen

from sip2gw.session.logins import Login
from sip2gw.sip2 import Request, Trailer, messages


@frozen(repr=False)
class InHand:
    """The request that is being answered, and the login that it led to. `early` is as in `Session.receive`."""

    line: bytes
    request: Request
    trailer: Trailer
    login: Login | None = None
    early: bool = False

    @property
    def is_write(self) -> bool:
        """Whether it may change something at the library."""
        return not (self.request.read_only or isinstance(self.request, messages.Login))

    @property
    def item(self) -> str:
        """The item that it names; empty if it names none."""
        return getattr(self.request, "item_identifier", None) or ""

    @property
    def account(self) -> str:
        """The patron on whose account it writes; empty if it writes on none."""
        if isinstance(self.request, messages.EndPatronSession):
            return ""
        return getattr(self.request, "patron_identifier", None) or ""

    @property
    def is_dated(self) -> bool:
        """Whether it says when it happened."""
        return getattr(self.request, "transaction_date", None) is not None
