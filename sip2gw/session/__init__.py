"""The conversation with one terminal: lines in, steps out. It uses the language and the tenants, and no network."""

from sip2gw.session.answers import MEMORY, UNDATED, Answers, First, Newest
from sip2gw.session.conversation import Session
from sip2gw.session.logins import Login
from sip2gw.session.signing_in import NOT_AGAIN
from sip2gw.session.steps import (
    PATIENCE,
    Ask,
    Closed,
    Confirm,
    Connected,
    Decline,
    Ignore,
    Join,
    LoggedIn,
    Say,
    Serving,
    SignIn,
    State,
    Step,
)

__all__ = [
    "MEMORY",
    "NOT_AGAIN",
    "PATIENCE",
    "UNDATED",
    "Answers",
    "Ask",
    "Closed",
    "Confirm",
    "Connected",
    "Decline",
    "First",
    "Ignore",
    "Join",
    "LoggedIn",
    "Login",
    "Newest",
    "Say",
    "Serving",
    "Session",
    "SignIn",
    "State",
    "Step",
]
