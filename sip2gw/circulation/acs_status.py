"""The ACS status (99, 98): the time, what is allowed here (BX), and whether the library's API answers."""

from __future__ import annotations

from datetime import datetime

from sip2gw.circulation.answers import ALWAYS_ALLOWED, ANSWERS, SESSION_CODES, answers
from sip2gw.circulation.desk import Desk, Policy
from sip2gw.circulation.profile import Profile, WhenDown
from sip2gw.library import Rules
from sip2gw.sip2 import local, spoken_version
from sip2gw.sip2.messages import ACSStatus, SCStatus

_NAMES = {"29": "renewals", "15": "holds", "37": "payments"}
"""What a terminal asks 98 for beside returns and loans, by the code of the request."""


@answers(SCStatus)
async def acs_status(request: SCStatus, desk: Desk) -> ACSStatus:
    """Answer 99: online only while requests are answered: while the library's API answers, or returns are taken for it.

    What is allowed offline does not depend on the API, because a terminal needs that when the API does not answer.
    """
    place = desk.place
    rules, profile = place.rules, place.profile
    may = allowed(rules, profile)
    online = await desk.library.reachable()
    later = profile.checkin_when_down is WhenDown.JOURNAL and desk.library.accepts_later()
    checkin = "09" in may and (online or later)
    return ACSStatus(
        online_status=online or checkin,
        checkin_ok=checkin,
        checkout_ok=online and "11" in may,
        acs_renewal_policy=rules.renewals and profile.renew_by_checkout and "11" in may,
        status_update_ok="01" in may or "25" in may,
        offline_ok=profile.offline and ("09" in may or "11" in may),
        timeout_period=tenths(place.policy),
        retries_allowed=place.policy.retries,
        date_time_sync=local(desk.now()),
        protocol_version=spoken_version(request.protocol_version),
        institution_id=profile.institution_id or desk.library.nickname,
        library_name=rules.name or None,
        supported_messages=may,
        terminal_location=place.location or None,
    )


def offered(status: ACSStatus) -> str:
    """Return what an answer offers to the terminal, in words."""
    may = status.supported_messages or frozenset()
    here = {
        "returns": status.checkin_ok,
        "loans": status.checkout_ok,
        **{name: status.online_status and code in may for code, name in _NAMES.items()},
    }
    named = ", ".join(name for name, offers in here.items() if offers) or "nothing"
    missing = ", ".join(name for name, offers in here.items() if not offers)
    state = "online" if status.online_status else "offline"
    return f"98 says {state} and offers {named}{f'; not {missing}' if missing else ''}"


def welcome(request: SCStatus, policy: Policy, now: datetime, *, refused: bool = False) -> ACSStatus:
    """Return 98 for a terminal whose library is not known yet: all that the gateway supports.

    After a login that was `refused` it is only another login. `now` is aware, and is sent in its own zone.
    """
    return ACSStatus(
        online_status=not refused,
        checkin_ok=not refused,
        checkout_ok=not refused,
        timeout_period=tenths(policy),
        retries_allowed=policy.retries,
        date_time_sync=local(now),
        protocol_version=spoken_version(request.protocol_version),
        supported_messages=ALWAYS_ALLOWED if refused else supported(),
    )


def supported() -> frozenset[str]:
    """Return the codes of all requests that have an answer."""
    return frozenset(request.code for request in ANSWERS) | SESSION_CODES


def allowed(rules: Rules, profile: Profile) -> frozenset[str]:
    """Return the codes of the requests (BX) that have an answer and that the library and the profile allow."""
    patron_updates = rules.patron_updates and profile.patron_updates
    allows = {
        "11": rules.checkouts,
        "09": rules.checkins,
        "15": rules.holds,
        "37": rules.fees,
        "29": rules.renewals,
        "65": rules.renewals,
        "01": patron_updates,
        "25": patron_updates,
        "19": rules.item_updates and profile.item_updates,
    }
    forbidden = {code for code, allow in allows.items() if not allow}
    usable = supported() if profile.messages is None else supported() & (profile.messages | ALWAYS_ALLOWED)
    return usable - forbidden


def tenths(policy: Policy) -> int:
    """Return the timeout in the protocol's unit, tenths of a second."""
    return round(policy.timeout * 10)
