"""The meaning: what each request asks of a library, and how its answer is told. The only room that knows both sides."""

from sip2gw.circulation import (
    blocks,
    fees,
    holds,
    items,
    loans,
    patron_information,
    patrons,
    renewals,
    returns,
    status,
)
from sip2gw.circulation.answers import answer, decline, is_offered, supported
from sip2gw.circulation.desk import Desk, Place, Policy
from sip2gw.circulation.profile import Profile
from sip2gw.circulation.repeats import still_so
from sip2gw.circulation.speech import ENGLISH, Speaker
from sip2gw.circulation.status import welcome

__all__ = [
    "ENGLISH",
    "Desk",
    "Place",
    "Policy",
    "Profile",
    "Speaker",
    "answer",
    "blocks",
    "decline",
    "fees",
    "holds",
    "is_offered",
    "items",
    "loans",
    "patron_information",
    "patrons",
    "renewals",
    "returns",
    "status",
    "still_so",
    "supported",
    "welcome",
]
