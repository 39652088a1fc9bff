"""What happens on connections of terminals, published once for the log, the record and the installer's page. No I/O.

An event is frozen. No event holds a card number, a name or a password; a patron and an item are tags. A whole address
is never in a `repr`.
"""

from sip2gw.events.accounts import masked_account
from sip2gw.events.codes import conn_codes, ref_codes
from sip2gw.events.events import (
    APICall,
    Closed,
    Event,
    Exchange,
    LoggedIn,
    LoginRefused,
    Noticed,
    Opened,
    Outcome,
    Secured,
    Undecodable,
)
from sip2gw.events.lines import LinesSeen
from sip2gw.events.publisher import Events, Onlooker, Origin, Subscriber

__all__ = [
    "APICall",
    "Closed",
    "Event",
    "Events",
    "Exchange",
    "LinesSeen",
    "LoggedIn",
    "LoginRefused",
    "Noticed",
    "Onlooker",
    "Opened",
    "Origin",
    "Outcome",
    "Secured",
    "Subscriber",
    "Undecodable",
    "conn_codes",
    "masked_account",
    "ref_codes",
]
