"""One attempt of a terminal: how each step went, and all steps as a page shows them."""

from __future__ import annotations

from typing import Any

from attrs import define, field

from sip2gw.connect.steps import FIRST, STEPS, Step

SILENT = 5.0
"""Seconds after its login in which a terminal asks for the status, if it understands the answers."""

_SILENT = (
    "look",
    "it said nothing after the answer to its login",
    'it may wait for CR LF: set terminator = "crlf" in its profile',
)
_ORDER = {step.name: place for place, step in enumerate(STEPS)}


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
