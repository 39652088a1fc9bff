"""The meaning: which calls of the library a request needs, and how the answer is written.

No other room knows both SIP2 and the library.
"""

from sip2gw.circulation import (
    acs_status,
    blocks,
    fees,
    holds,
    items,
    loans,
    patron_information,
    patrons,
    renewals,
    returns,
)
from sip2gw.circulation.acs_status import offered, supported, welcome
from sip2gw.circulation.answers import answer, decline, is_offered
from sip2gw.circulation.desk import Desk, Place, Policy
from sip2gw.circulation.loans import is_still_shown
from sip2gw.circulation.profile import Profile
from sip2gw.circulation.speech import ENGLISH, Speaker

__all__ = [
    "ENGLISH",
    "Desk",
    "Place",
    "Policy",
    "Profile",
    "Speaker",
    "acs_status",
    "answer",
    "blocks",
    "decline",
    "fees",
    "holds",
    "is_offered",
    "is_still_shown",
    "items",
    "loans",
    "offered",
    "patron_information",
    "patrons",
    "renewals",
    "returns",
    "supported",
    "welcome",
]
