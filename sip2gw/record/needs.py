"""What needs a person: each with since when, how many, one sentence, what to do, and where to look."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any
from urllib.parse import quote

from attrs import frozen

from sip2gw.record.attempts import FailedAttempts
from sip2gw.record.facts import Facts
from sip2gw.record.libraries import HOUR, Libraries
from sip2gw.record.load import QUIET, LimitHits

LATELY = 900.0
"""Seconds for which something counts."""
FOR_PEOPLE = "DEAD", "MISMATCH"
OLD = 600.0
"""Seconds after which an open row of the journal needs a person."""
SHARED = frozenset({"journal"})
"""Kinds of which all machines know the same."""
_ONCE = frozenset({"journal", "offline", "warning"})
"""Kinds that are counted once: all processes see the same journal, API and certificates."""
_MOST = 50
"""Of one kind."""
_SLOWING = frozenset({"pace", "requests_waiting", "write_queue"})
"""Limits that only slow a terminal down."""
_API = frozenset({"call_deadline", "headers_deadline", "answer_head", "answer_body"})
"""Limits on the answers of a library's API."""


@frozen
class Need:
    """One thing. `subject` is a library, a terminal, a limit or a network; kind and subject together are one need.

    `since` is in seconds since 1970; 0 if it is not known. `severity` is `bad` or `warn`.
    """

    kind: str
    subject: str
    text: str
    fix: str = ""
    since: float = 0.0
    count: int = 1
    severity: str = "warn"
    link: str = ""


def needs(
    libraries: Libraries, attempts: FailedAttempts, limit_hits: LimitHits, facts: Facts, now: float
) -> Iterator[Need]:
    """Yield all, of each kind the first few."""
    for kind in (
        _offline(facts),
        _full(attempts, now),
        _only_refused(libraries, now),
        _flapping(libraries, now),
        _plain_sip2(attempts, now),
        _in_doubt(libraries, now),
        _journal(facts),
        warned(facts.warnings),
        _limits(limit_hits, now),
    ):
        for number, need in enumerate(kind):
            if number < _MOST:
                yield need


def join_needs(told: Iterable[Iterable[Mapping[str, Any]]]) -> list[dict[str, Any]]:
    """Return what needs a person by several processes or machines, as one list, the worst first.

    Some may have `machines`, with the names of those that know of it.
    """
    joined: dict[tuple[str, str], dict[str, Any]] = {}
    for need in (need for part in told for need in part):
        place = need["kind"], need["subject"]
        same = joined.get(place)
        if same is None:
            joined[place] = dict(need)
            continue
        together = max if need["kind"] in _ONCE else int.__add__
        same["count"] = together(same["count"], need["count"])
        same["since"] = min(filter(None, (same["since"], need["since"])), default=0.0)
        if "machines" in need:
            same["machines"] = [*same["machines"], *need["machines"]]
    return sorted(joined.values(), key=lambda one: (one["severity"] != "bad", one["since"] or float("inf")))


def _of(library: str) -> str:
    return f"/board/libraries/{quote(library, safe='')}"


def _offline(facts: Facts) -> Iterator[Need]:
    for api in facts.apis:
        if not api.online or api.breaker == "open":
            why = f": {api.failure}" if api.failure else ""
            yield Need(
                "offline",
                api.library,
                f"The API of {api.library} can't be reached{why}.",
                f"See `sip2gw check {api.library}`.",
                since=api.since,
                severity="bad",
                link=_of(api.library),
            )


def _full(attempts: FailedAttempts, now: float) -> Iterator[Need]:
    for group in attempts.groups(now):
        if group.reason == "terminal_limit_reached" and now - group.last < LATELY and not group.got_in:
            yield Need(
                "full",
                group.library,
                f"All licences of {group.library} are in use, and a terminal can't log in.",
                "Switch a terminal off, or buy another licence.",
                since=group.first,
                count=group.count,
                severity="bad",
                link=_of(group.library),
            )


def _only_refused(libraries: Libraries, now: float) -> Iterator[Need]:
    for one in libraries.all.values():
        if one.only_refused(now):
            yield Need(
                "refused",
                one.nickname,
                f"Logins at {one.nickname} are refused, and none was good since.",
                "See who did not get in, and why.",
                since=one.refused_since,
                count=one.refused,
                severity="bad",
                link=f"/board/door?library={quote(one.nickname, safe='')}",
            )


def _flapping(libraries: Libraries, now: float) -> Iterator[Need]:
    for library, terminal, since in libraries.flapping(now):
        named = f"{library}/{terminal}" if terminal else library
        who = (
            f"The terminal {named} connects"
            if terminal
            else f"Terminals of {library} without a location connect"
        )
        yield Need(
            "flaps",
            named,
            f"{who} again and again.",
            "See why its connections end. If two terminals have one account, give each its own location (CP).",
            since=since,
            link=f"/board/terminals?library={quote(library, safe='')}",
        )


def _plain_sip2(attempts: FailedAttempts, now: float) -> Iterator[Need]:
    for group in attempts.groups(now):
        if group.rung == "tls" and "SIP2" in group.reason and now - group.last < LATELY:
            yield Need(
                "plain",
                group.network,
                f"A terminal at {group.network} sends plain SIP2 to the TLS port.",
                "Switch TLS on there, or put stunnel in between.",
                since=group.first,
                count=group.count,
                link="/board/door",
            )


def _in_doubt(libraries: Libraries, now: float) -> Iterator[Need]:
    for one in libraries.all.values():
        count = sum(hour.outcomes.get("in_doubt", 0) for hour in one.recent(now))
        if count and one.doubt_since:
            yield Need(
                "in_doubt",
                one.nickname,
                f"Writes at {one.nickname} are in doubt.",
                "Wait for the journal to settle them, or compare them at the library.",
                since=max(one.doubt_since, now - 2 * HOUR),
                count=count,
                link=f"/board/exchanges?library={quote(one.nickname, safe='')}&outcome=in_doubt",
            )


def _journal(facts: Facts) -> Iterator[Need]:
    for state in FOR_PEOPLE:
        if count := int(facts.journal.get(state, 0)):
            yield Need(
                "journal",
                state,
                f"Writes in the journal need a person ({state}).",
                "Look at each, and close it or have it tried again.",
                count=count,
                severity="bad",
                link="/board/journal",
            )
    if facts.journal_oldest > OLD:
        yield Need(
            "journal",
            "open",
            f"A write has been open for {facts.journal_oldest / 60:.0f} minutes.",
            "See what the journal waits for.",
            link="/board/journal",
        )


def warned(warnings: Iterable[str]) -> Iterator[Need]:
    """Yield what needs a person by these sentences."""
    for text in warnings:
        yield Need("warning", text, f"{text[:1].upper()}{text[1:].rstrip('.')}.", link="/board/configuration")


def _limits(limit_hits: LimitHits, now: float) -> Iterator[Need]:
    for limit, one in limit_hits.all.items():
        if limit not in _SLOWING and now - one.last < QUIET:
            fix, link = _of_limit(limit)
            yield Need(
                "limit",
                limit,
                f"The limit {limit} was reached.",
                fix,
                since=one.first,
                count=one.count,
                link=link,
            )


def _of_limit(limit: str) -> tuple[str, str]:
    """Return what to do about a limit, and where to look."""
    if limit in _API:
        return "A library's API was slow, or its answer too large. See which one.", "/board/libraries"
    if limit.startswith("logins_per_"):
        return "See who tried a wrong password, and correct it at the terminal.", "/board/door"
    if limit.startswith("pins_per_"):
        return "See at which terminal readers' passwords were wrong.", "/board/exchanges?outcome=refused"
    protects = "See what it protects (manual, Limits), and raise it if these were your own terminals."
    return protects, "/board/configuration"
