"""How things stand: what a terminal may do here, what time it is, and whether the library can be asked at all."""

from __future__ import annotations

from sip2gw.circulation.desk import Desk, Policy
from sip2gw.circulation.meanings import answers, supported
from sip2gw.library import Rules
from sip2gw.sip2 import local
from sip2gw.sip2.messages import ACSStatus, SCStatus


@answers(SCStatus)
async def status(request: SCStatus, desk: Desk) -> ACSStatus:
    """99: on-line only while the library's API answers, for every answer would be a refusal otherwise."""
    rules = desk.rules
    online = await desk.library.reachable()
    return ACSStatus(
        online_status=online,
        checkin_ok=online and rules.checkins,
        checkout_ok=online and rules.checkouts,
        acs_renewal_policy=rules.renewals,
        timeout_period=tenths(desk.policy),
        retries_allowed=desk.policy.retries,
        date_time_sync=local(desk.now()),
        protocol_version=_version(request),
        institution_id=desk.library.nickname,
        library_name=rules.name or None,
        supported_messages=_allowed(rules),
        terminal_location=desk.location or None,
    )


def welcome(request: SCStatus, policy: Policy) -> ACSStatus:
    """99 before it is known which library the terminal belongs to: the gateway is there, and what it could do."""
    return ACSStatus(
        online_status=True,
        checkin_ok=True,
        checkout_ok=True,
        timeout_period=tenths(policy),
        retries_allowed=policy.retries,
        protocol_version=_version(request),
        supported_messages=supported(),
    )


def tenths(policy: Policy) -> int:
    """The advertised timeout in the protocol's unit, tenths of a second."""
    return round(policy.timeout * 10)


def _allowed(rules: Rules) -> frozenset[str]:
    """What is implemented and allowed in this library."""
    forbidden = {
        "11": not rules.checkouts,
        "09": not rules.checkins,
        "15": not rules.holds,
        "37": not rules.fees,
    }
    forbidden |= {"29": not rules.renewals, "65": not rules.renewals}
    return frozenset(code for code in supported() if not forbidden.get(code))


def _version(request: SCStatus) -> str:
    """The version that will be spoken: 1.00 to those who say 1.xx, 2.00 to everybody else."""
    return "1.00" if request.protocol_version.startswith("1") else "2.00"
