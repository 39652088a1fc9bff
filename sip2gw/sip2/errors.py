"""What is wrong with a line. The parser raises these errors and no others.

No exception text carries bytes of the line, because it may hold a password.
"""

from __future__ import annotations

from sip2gw.sip2.error_detection import Trailer
from sip2gw.sip2.message import Request


class Garbled(Exception):
    """The line is not a valid SIP2 message."""


class BadChecksum(Garbled):
    """The checksum is wrong: the line was damaged on its way. The answer is 96 (3M section on error detection)."""


class UnknownMessage(Garbled):
    """The message code is unknown. The protocol says to ignore the line, and to send nothing.

    `code` is the two digits as received, or "" if the line does not begin with two digits.
    """

    def __init__(self, code: str) -> None:
        super().__init__(f"unknown message code {code}" if code else "it does not begin with a message code")
        self.code = code


class Unfit(Garbled):
    """The request can't be acted on. To ask for it again would bring the same bytes, so it must be refused.

    `request` is the part that could be read, `trailer` how it was protected. `reason` says in words what is wrong.
    """

    def __init__(self, request: Request, trailer: Trailer, reason: str) -> None:
        super().__init__(f"message {request.code}: {reason}")
        self.request = request
        self.trailer = trailer
        self.reason = reason


class Displaced(Unfit):
    """The request would change something, and its fields are out of place."""


class Crowded(Unfit):
    """The request has more fields than are read."""
