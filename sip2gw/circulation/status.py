"""How things stand: what a terminal may do here, what time it is, and whether the library can be asked at all."""

from __future__ import annotations

from datetime import datetime

from sip2gw.circulation.answers import FOR_EVERYBODY, allowed, answers, supported
from sip2gw.circulation.desk import Desk, Policy
from sip2gw.sip2 import local, spoken_version
from sip2gw.sip2.messages import ACSStatus, SCStatus


@answers(SCStatus)
async def status(request: SCStatus, desk: Desk) -> ACSStatus:
    """99: on-line only while the library's API answers, for every answer would be a refusal otherwise.

    What may be done off-line does not depend on it: that is when it is needed.
    """
    rules, profile = desk.rules, desk.place.profile
    may = allowed(rules, profile)
    online = await desk.library.reachable()
    return ACSStatus(
        online_status=online,
        checkin_ok=online and "09" in may,
        checkout_ok=online and "11" in may,
        acs_renewal_policy=rules.renewals and profile.renew_by_checkout and "11" in may,
        status_update_ok=bool(may & {"01", "25"}),
        offline_ok=profile.offline and bool(may & {"09", "11"}),
        timeout_period=tenths(desk.place.policy),
        retries_allowed=desk.place.policy.retries,
        date_time_sync=local(desk.now()),
        protocol_version=_version(request),
        institution_id=profile.institution_id or desk.library.nickname,
        library_name=rules.name or None,
        supported_messages=may,
        terminal_location=desk.place.location or None,
    )


def welcome(request: SCStatus, policy: Policy, now: datetime, *, refused: bool = False) -> ACSStatus:
    """99 before it is known which library the terminal belongs to: the gateway is there, and what it could do.

    That is nothing but another login, if the last one was `refused`. `now` is aware; it is told in the zone it has.
    """
    return ACSStatus(
        online_status=not refused,
        checkin_ok=not refused,
        checkout_ok=not refused,
        timeout_period=tenths(policy),
        retries_allowed=policy.retries,
        date_time_sync=local(now),
        protocol_version=_version(request),
        supported_messages=FOR_EVERYBODY if refused else supported(),
    )


def tenths(policy: Policy) -> int:
    """The advertised timeout in the protocol's unit, tenths of a second."""
    return round(policy.timeout * 10)


def _version(request: SCStatus) -> str:
    """The version that will be spoken: 1.00 to those who say 1.xx, 2.00 to everybody else."""
    return spoken_version(request.protocol_version)
