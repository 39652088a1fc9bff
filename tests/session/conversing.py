"""Sessions in each state, lines of a terminal, and what is said to it."""

from datetime import UTC, datetime

from sip2gw.library import Refused
from sip2gw.session import (
    Ask,
    Confirm,
    Say,
    Session,
    SignIn,
)
from sip2gw.sip2 import messages, parse

from .tenants import tenant

DATE = "20260301    101500"
LOGIN = b"9300CNkiosk|COsecret|AOriverside|"
PROVISIONAL = b"9300CNkiosk|COsecret|"
STATUS = b"9900802.00"
PATRON = f"23000{DATE}AOriverside|AAM-1|AC|AD|".encode()
PATRON_ALONE = f"23000{DATE}AOriverside|AAM-1|ACkiosk:secret|AD|".encode()
CHECKOUT = f"11YN{DATE}{DATE}AOriverside|AAM-1|AB1|AC|".encode()
FOREIGN = f"23000{DATE}AOelsewhere|AAM-1|AC|AD|".encode()
HOMELESS = f"23000{DATE}AO|AAM-1|AC|AD|".encode()
NOT_FOUND = Refused("library_not_found")
WRONG = Refused("invalid_credentials")


class Clock:
    """Seconds that pass when told, and a little at each look, as those of real clocks do."""

    def __init__(self):
        self.seconds = 0.0

    def __call__(self):
        self.seconds += 1e-6
        return self.seconds


def connected(**settings):
    return Session(now=lambda: datetime(2026, 3, 1, 10, 15, tzinfo=UTC), **settings)


def logged_in():
    session = connected()
    assert said(session.receive(PROVISIONAL)) == "941"
    return session


def expecting(*forms):
    """All libraries are named in these forms."""
    return lambda *said: said[-1] in forms


def serving(login=LOGIN, **settings):
    session = connected(**settings)
    assert isinstance(session.receive(login), SignIn)
    assert said(session.admitted(tenant())) == "941"
    return session


def said(step):
    """The line of a Say, without its terminator."""
    assert isinstance(step, Say)
    assert step.line.endswith(b"\r")
    return step.line[:-1].decode()


def check_refusal(step, request):
    response, _ = parse(said(step).encode())
    assert type(response) is type(parse(request)[0]).response
    return response


ANYWHERE = [connected, logged_in, serving]
NOWHERE_YET = [connected, logged_in]


def lend(session):
    assert isinstance(session.receive(CHECKOUT), Ask)
    return session.reply(messages.CheckoutResponse(ok=True, title_identifier="Emma"))


def repeated(session, line=CHECKOUT, *, so=True, early=False):
    """What is said to the same line again, if the library says that it is still so."""
    step = session.receive(line, early=early)
    assert isinstance(step, Confirm)
    return session.confirmed(so)
