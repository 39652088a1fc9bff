"""A line that is no good message is one of these, and nothing else leaves the parser.

No exception text carries bytes of the line: it may hold a password.
"""

from __future__ import annotations


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
