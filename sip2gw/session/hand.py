"""The request in progress: its line, its content, and the item or account that it writes on."""

from __future__ import annotations

from attrs import define

from sip2gw.session.logins import Login
from sip2gw.session.shares import Key
from sip2gw.sip2 import Request, Trailer, messages


@define(eq=False, repr=False)
class InHand:
    """The request that is being answered, and its login. `early` is as in `Session.receive`.

    `key` stands for the line of a write, once the session is bound to a library and a terminal.
    """

    line: bytes
    request: Request
    trailer: Trailer
    login: Login | None = None
    early: bool = False
    key: Key | None = None

    @property
    def is_write(self) -> bool:
        """Whether it may change something at the library."""
        return not (self.request.read_only or isinstance(self.request, messages.Login))

    @property
    def item(self) -> str:
        """The item in the request; empty if there is none."""
        return getattr(self.request, "item_identifier", None) or ""

    @property
    def account(self) -> str:
        """The patron on whose account it writes; empty if there is none."""
        if isinstance(self.request, messages.EndPatronSession):
            return ""
        return getattr(self.request, "patron_identifier", None) or ""

    @property
    def is_dated(self) -> bool:
        """Whether it has the time of its event."""
        return getattr(self.request, "transaction_date", None) is not None
