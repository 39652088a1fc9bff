"""A line that is no good message is one of these, and nothing else leaves the parser.

No exception text carries bytes of the line: it may hold a password.
"""

from __future__ import annotations

from sip2gw.sip2.error_detection import Trailer
from sip2gw.sip2.message import Request


class Garbled(Exception):
    """The bytes are not a good SIP2 message."""


class BadChecksum(Garbled):
    """The checksum does not fit: the line was damaged on its way. The answer is 96 (3M section on error detection)."""


class UnknownMessage(Garbled):
    """No such message code. The protocol says to ignore it, and to send nothing.

    `code` is the two digits as received, or "" if the line does not begin with two digits.
    """

    def __init__(self, code: str) -> None:
        super().__init__(f"message code {code}" if code else "no message code")
        self.code = code


class Unfit(Garbled):
    """A request that can't be taken at its word. Asking again would bring the same bytes, so it is to be refused.

    `request` is what could be read of it. `reason` says in words what is wrong.
    """

    def __init__(self, request: Request, trailer: Trailer, reason: str) -> None:
        super().__init__(f"message {request.code}: {reason}")
        self.request = request
        self.trailer = trailer
        self.reason = reason


class Displaced(Unfit):
    """It would change something, and in its fixed part stands what can't: its fields are out of place."""


class Crowded(Unfit):
    """It has more fields than are read."""
