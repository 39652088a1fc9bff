"""How far each attempt of a terminal came, step by step, from the events at the door.

It holds no card number and no password, because no event does. Strangers can fill it, so it has an end.

It does not read the record in memory. That would have to go through 12,000 connections, at each look of each page, for
the few of a network; and it does not know of a connection which step went well after it had failed.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from time import time
from typing import Any

from attrs import frozen

from sip2gw.addresses import counted_network
from sip2gw.connect.attempt import Attempt
from sip2gw.connect.steps import FIXES, LOGIN_STEPS, NUMBERS, OF_NOTICE
from sip2gw.events import Closed, Event, Exchange, LoggedIn, LoginRefused, Noticed, Opened, Origin, Secured

ATTEMPTS = 500
"""Connections that are kept; the oldest is dropped first."""
SHOWN = 10
"""Attempts on a page."""
LOOKS = 15.0
"""Seconds after its last question for which a page counts as open."""
MOST_LOOKS = 200
"""Libraries whose page is open."""


@frozen
class Asked:
    """What a page asks for: the attempts at a library, and those from some networks that reached no other one."""

    library: str
    networks: frozenset[str] = frozenset()


class Ladder:
    """The latest attempts of one process. Subscribe `take` to the events. `now` returns seconds since 1970."""

    def __init__(self, now: Callable[[], float] = time) -> None:
        self._now = now
        self._attempts: OrderedDict[str, Attempt] = OrderedDict()
        self._looks: OrderedDict[str, float] = OrderedDict()
        """When a page of each library was looked at last."""

    def __len__(self) -> int:
        return len(self._attempts)

    def take(self, event: Event) -> None:
        """Note an event."""
        if isinstance(event, Opened):
            self._attempts[event.conn] = one = Attempt(
                event.conn, event.at, event.where, event.network, counted_network(event.peer)
            )
            one.reached("connection", f"It came to the {event.where}.")
            if len(self._attempts) > ATTEMPTS:
                self._attempts.popitem(last=False)
            return
        attempt = self._attempts.get(event.conn)
        if attempt is not None:
            attempt.last = event.at
            _note(attempt, event)

    def looks_on(self, origin: Origin) -> bool:
        """Return whether a page is open on which this request is seen."""
        return self._now() - self._looks.get(origin.library, -LOOKS) < LOOKS

    def shown(self, asked: Asked) -> list[dict[str, Any]]:
        """Return the attempts that this page may see, the latest first. The page counts as open from now on."""
        now = self._looks[asked.library] = self._now()
        self._looks.move_to_end(asked.library)
        if len(self._looks) > MOST_LOOKS:
            self._looks.popitem(last=False)
        found = []
        for one in reversed(self._attempts.values()):
            if one.library == asked.library or (not one.library and one.counted in asked.networks):
                found.append(one.shown(now))
                if len(found) == SHOWN:
                    break
        return found


def _note(attempt: Attempt, event: Event) -> None:
    match event:
        case Secured(failure=failure) if failure:
            attempt.failed("tls", *event.parted())
        case Secured():
            asked = f" for {event.server_name}" if event.server_name else ", without a server name"
            attempt.reached("tls", f"{event.version}{asked}.")
        case LoggedIn():
            _logged_in(attempt, event)
        case LoginRefused():
            name = LOGIN_STEPS.get(event.rung, "account")
            if event.library and name not in ("form", "library"):
                attempt.library = event.library
            attempt.reached(name)
            account = f" (account {event.account})" if event.account else ""
            attempt.failed(name, f"{event.code.replace('_', ' ')}{account}", event.advice)
        case Noticed(kind=kind) if kind in NUMBERS:
            attempt.explained(attempt.refused or NUMBERS[kind], event.text, event.fix)
        case Noticed():
            attempt.failed(OF_NOTICE.get(event.kind, "lines"), event.text, event.fix, "look")
        case Exchange():
            _exchanged(attempt, event)
        case Closed():
            _closed(attempt, event)


def _logged_in(attempt: Attempt, event: LoggedIn) -> None:
    attempt.library, attempt.terminal = event.library, event.terminal
    attempt.reached("library", f"{event.library}, named in {event.form}." if event.form else event.library)
    attempt.reached("account", f"{event.account} is right.")
    if "location" not in attempt.found:
        attempt.reached("location", f"{event.location}." if event.location else "It names none.")
    attempt.reached(
        "profile", f"{event.profile}: charset {event.charset}, lines end with {event.terminator}."
    )


def _exchanged(attempt: Attempt, event: Exchange) -> None:
    attempt.reached("lines")
    name = OF_NOTICE.get(event.message, "")
    if event.code == "bad_checksum":
        attempt.failed(
            "lines", "a line had a wrong checksum",
            "have the terminal make it over the bytes that it sends, or switch checksums off there", "look",
        )  # fmt: skip
    attempt.asked = attempt.asked or bool(attempt.library)
    if not name or not attempt.library:
        return
    if event.code == "offline":
        attempt.failed(
            name, event.why, "wait until the library's API answers; the terminal asks again", "look"
        )
    elif event.outcome == "answered":
        attempt.reached(name, event.why)
    else:
        attempt.refused = name
        why = event.code.replace("_", " ") or event.outcome.replace("_", " ")
        attempt.failed(
            name,
            f"{event.outcome.replace('_', ' ')}: {why}",
            FIXES.get(event.code or event.outcome, ""),
            "look",
        )


def _closed(attempt: Attempt, event: Closed) -> None:
    attempt.open = False
    if attempt.library or any(state == "bad" for state, _, _ in attempt.found.values()):
        return
    looks = [name for name, (state, _, _) in attempt.found.items() if state == "look"]
    if looks:
        _, text, fix = attempt.found[looks[-1]]
        attempt.failed(looks[-1], text, fix)
        return
    expected = [name for name in ("tls", "lines", "form") if name != "tls" or "TLS" in attempt.where]
    name = next((name for name in expected if name not in attempt.found), "library")
    attempt.failed(name, event.why or f"the {event.by} closed the connection before that")
