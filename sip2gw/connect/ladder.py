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

from attrs import define, field, frozen

from sip2gw.addresses import counted_network
from sip2gw.connect.steps import FIRST, FIXES, LOGIN_STEPS, NUMBERS, OF_NOTICE, STEPS, Step
from sip2gw.events import Closed, Event, Exchange, LoggedIn, LoginRefused, Noticed, Opened, Origin, Secured

ATTEMPTS = 500
"""Connections that are kept; the oldest is dropped first."""
SHOWN = 10
"""Attempts on a page."""
LOOKS = 15.0
"""Seconds after its last question for which a page counts as open."""
MOST_LOOKS = 200
"""Libraries whose page is open."""
SILENT = 5.0
"""Seconds after its login in which a terminal asks for the status, if it understands the answers."""

_SILENT = (
    "look",
    "it said nothing after the answer to its login",
    'it may wait for CR LF: set terminator = "crlf" in its profile',
)
_ORDER = {step.name: place for place, step in enumerate(STEPS)}


@frozen
class Asked:
    """What a page asks for: the attempts at a library, and those from some networks that reached no other one."""

    library: str
    networks: frozenset[str] = frozenset()


@define(eq=False)
class Attempt:
    """One connection."""

    conn: str
    at: float
    where: str
    network: str
    counted: str = field(repr=False)
    library: str = ""
    """The library that it reached; empty while it reached none."""
    terminal: str = ""
    open: bool = True
    last: float = 0.0
    """When something of it was seen last, in seconds since 1970."""
    asked: bool = False
    """Whether a request has come after the login."""
    refused: str = ""
    """The step of the last request that did not get what it asked for."""
    found: dict[str, tuple[str, str, str]] = field(factory=dict)
    """State, text and fix of each step that was seen, by its name. A state is `good`, `look` or `bad`."""

    @property
    def terminal_is_silent(self) -> bool:
        """Whether it is logged in, and has sent nothing more that can be understood or refused."""
        wrong = any(state == "bad" for state, _, _ in self.found.values())
        unread = self.found.get("lines", ("",))[0] == "look"
        return bool(self.found.get("profile")) and not (self.asked or wrong or unread)

    def reached(self, name: str, text: str = "") -> None:
        """Note that a step, and all before it, went well. What was nearly right at them stays."""
        for step in STEPS[: _ORDER[name]]:
            if step.name not in FIRST and (step.name != "tls" or "TLS" in self.where):
                self.found.setdefault(step.name, ("good", "", ""))
        state, before, _ = self.found.get(name, ("open", "", ""))
        if state != "look" or name in FIRST:
            self.found[name] = ("good", text or (before if state == "good" else ""), "")

    def failed(self, name: str, text: str, fix: str = "", state: str = "bad") -> None:
        """Note what is wrong, or nearly right, at a step; a failure is not replaced by something nearly right."""
        if state == "look" and self.found.get(name, ("",))[0] == "bad":
            _, before, other = self.found[name]
            self.found[name] = ("bad", f"{before}; {text}" if before else text, fix or other)
            return
        self.found[name] = (state, text, fix)

    def explained(self, name: str, text: str, fix: str) -> None:
        """Say more of a step that did not go well."""
        state, before, _ = self.found.get(name, ("look", "", ""))
        if state in ("bad", "look"):
            self.found[name] = (state, f"{before}; {text}" if before else text, fix)

    def shown(self, now: float) -> dict[str, Any]:
        """Return it as plain values, with all steps in their order."""
        rungs, found = [], self.found
        if self.terminal_is_silent and not (self.open and now - self.last < SILENT):
            found = {"status": _SILENT, **found}
        for step in STEPS:
            state, text, fix = found.get(step.name, ("open", "", ""))
            if step.name == "tls" and "TLS" not in self.where and state == "open":
                continue
            rungs.append(_rung(step, state, text, fix))
        return {
            "conn": self.conn, "at": self.at, "where": self.where, "network": self.network,
            "library": self.library, "terminal": self.terminal, "open": self.open, "rungs": rungs,
        }  # fmt: skip


def _rung(step: Step, state: str, text: str, fix: str) -> dict[str, str]:
    bad = state in ("bad", "look")
    return {
        "name": step.name,
        "title": step.title,
        "state": state,
        "text": _sentence(text or (step.wrong if bad else step.right if state == "good" else "")),
        "fix": (fix or step.fix) if bad else "",
        "manual": step.manual if bad else "",
    }


def _sentence(text: str) -> str:
    """Return a text that begins with a capital letter, if it begins with a word."""
    return text[:1].upper() + text[1:] if text.partition(" ")[0].isalpha() else text


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
