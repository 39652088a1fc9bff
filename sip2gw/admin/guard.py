"""Check the token of clients on other machines. The right one always passes; too many wrong ones get a 429.

Other clients at the same address, behind a proxy for instance, must not be able to lock the operator out.

The comparison takes constant time. Each answer tells a browser not to store it.
"""

from __future__ import annotations

import hmac
from collections import OrderedDict
from collections.abc import Callable
from time import monotonic

from twisted.logger import Logger, LogLevel
from twisted.web.http import FORBIDDEN, UNAUTHORIZED, Request

from sip2gw.log.sparing import Sparing
from sip2gw.pages.http import address_of, is_here
from sip2gw.secret import Secret

HEADERS = {
    b"cache-control": b"no-store",
    b"content-security-policy": b"default-src 'none'; frame-ancestors 'none'",
    b"x-content-type-options": b"nosniff",
    b"x-frame-options": b"DENY",
    b"referrer-policy": b"no-referrer",
}

FOR_EVERYBODY = (b"/health/live", b"/health/ready")
TOO_MANY_REQUESTS = 429
WRONG = 5
"""Wrong tokens from one address within `PERIOD`."""
PERIOD = 60.0
"""Seconds."""
_ADDRESSES = 1000
"""How many addresses have their wrong tokens counted at the same time."""


class Guard:
    """Require `token`, which may be replaced at any time; None admits the clients on this machine alone."""

    log = Logger()

    def __init__(self, token: Secret | None, seconds: Callable[[], float] = monotonic) -> None:
        self.token = token
        self._seconds = seconds
        self._wrong: OrderedDict[str, tuple[float, int]] = OrderedDict()
        self._sparing = Sparing(seconds)

    def refusal(self, request: Request) -> tuple[int, str] | None:
        """Return status and reason of a refusal; None if the client is admitted."""
        if request.path.rstrip(b"/") in FOR_EVERYBODY:
            return None
        if self.token is None:
            return (
                None if is_here(request) else (FORBIDDEN, "only from this machine, or set admin.token_file")
            )
        address = address_of(request)
        began, count = self._wrong.get(address, (self._seconds(), 0))
        if self._seconds() - began >= PERIOD:
            began, count = self._seconds(), 0
        brought = request.getHeader(b"authorization") or b""  # type: ignore[no-untyped-call]  # Twisted's
        if hmac.compare_digest(brought, b"Bearer " + self.token.reveal().encode("ascii")):
            return None
        if count >= WRONG:
            return TOO_MANY_REQUESTS, "too many wrong tokens"
        if brought:
            self._wrong[address] = began, count + 1
            self._wrong.move_to_end(address)
            if len(self._wrong) > _ADDRESSES:
                self._wrong.popitem(last=False)
            self._sparing.tell(
                self.log, LogLevel.warn, "token",
                "{address} sent a wrong token for the admin pages: give it the token in admin.token_file, "
                "or block that address",
                address=address or "this machine",
            )  # fmt: skip
        return UNAUTHORIZED, "a token is needed"
