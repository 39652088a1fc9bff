"""The language of SIP 2.00: bytes to messages and back. It imports no other room of the product but `secret`."""

from sip2gw.secret import Secret
from sip2gw.sip2 import messages
from sip2gw.sip2.codec import build, format, parse
from sip2gw.sip2.dialects import DEFAULT, Dialect, spoken_version
from sip2gw.sip2.error_detection import PLAIN, Trailer
from sip2gw.sip2.errors import BadChecksum, Crowded, Displaced, Garbled, Unfit, UnknownMessage
from sip2gw.sip2.framing import Framer, TooLong
from sip2gw.sip2.kinds import DENIED, PatronFlag, SummaryList
from sip2gw.sip2.layout import Layout, lay_out
from sip2gw.sip2.message import REQUESTS, RESPONSES, Message, Request, Response, local, refusal

__all__ = [
    "DEFAULT",
    "DENIED",
    "PLAIN",
    "REQUESTS",
    "RESPONSES",
    "BadChecksum",
    "Crowded",
    "Dialect",
    "Displaced",
    "Framer",
    "Garbled",
    "Layout",
    "Message",
    "PatronFlag",
    "Request",
    "Response",
    "Secret",
    "SummaryList",
    "TooLong",
    "Trailer",
    "Unfit",
    "UnknownMessage",
    "build",
    "format",
    "lay_out",
    "local",
    "messages",
    "parse",
    "refusal",
    "spoken_version",
]
