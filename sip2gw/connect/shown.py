"""What the installer's page shows, as values for its templates."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sip2gw.connect.devices import BOXES

MARKS = {"good": "✓ done", "look": "! look", "bad": "✗ stopped here", "open": "- not yet"}
"""The state of a step in words: colour alone says nothing."""
QUIET = 60.0
"""Seconds after the latest attempt from which the page says that nothing comes."""
_NOTHING = {
    "state": "open",
    "title": "Nothing from your network yet, and nothing at this library.",
    "text": "Is the host right, is the port open in the firewall, and is this the address of the terminal's network?",
    "name": "connection",
}


def verdict(attempts: Sequence[Mapping[str, Any]], now: float) -> Mapping[str, str]:
    """Return the one thing to know now: what stops the latest attempt, else what is odd about it, else what is done."""
    if not attempts:
        return _NOTHING
    latest = attempts[0]
    rung = _worst(latest)
    if rung is None:
        return _right(latest, now)
    fix = rung["fix"] if rung["fix"].endswith((".", "?")) else f"{rung['fix']}."
    text = rung["text"] if rung["text"].endswith(".") else f"{rung['text']}."
    return {
        "state": rung["state"],
        "title": f"{came_to(latest)}.",
        "text": text,
        "fix": fix,
        "name": rung["name"],
    }


def came_to(attempt: Mapping[str, Any]) -> str:
    """Return in a few words what an attempt came to; empty if nothing is wrong with it."""
    rung = _worst(attempt)
    if rung is None:
        return ""
    return f"✗ Stopped at {rung['title']}" if rung["state"] == "bad" else f"! Look at {rung['title']}"


def _worst(attempt: Mapping[str, Any]) -> Mapping[str, str] | None:
    """Return the first step that went wrong, else the first that was odd; None if there is none."""
    return next(
        (rung for state in ("bad", "look") for rung in attempt["rungs"] if rung["state"] == state), None
    )


def _right(latest: Mapping[str, Any], now: float) -> Mapping[str, str]:
    """Return the verdict on an attempt in which nothing is wrong."""
    done = [rung["title"] for rung in latest["rungs"] if rung["state"] == "good"]
    if len(done) == len(latest["rungs"]):
        return {"state": "good", "title": "✓ All steps are right.", "text": "Print the acceptance sheet."}
    text = f"The last step was: {done[-1]}."
    if not latest["open"] and now - latest["at"] > QUIET:
        text += " Nothing has come since: connect the terminal again."
    return {"state": "good", "title": "✓ All is right so far.", "text": text}


def ready(attempts: Sequence[Mapping[str, Any]], library: str) -> Mapping[str, Any] | None:
    """Return the latest attempt that reached the library, for the acceptance sheet; None if there is none."""
    return next((one for one in attempts if one["library"] == library), None)


def typed(form: Mapping[str, str], host: str, ports: Mapping[str, int]) -> list[tuple[str, str, bool]]:
    """Return what to type in: the name of each box, its value, and whether that can be copied as it is."""
    if not form:
        return []
    return [
        ("host", host, True),
        *((f"port ({what})", str(port), True) for what, port in ports.items()),
        *((f"{BOXES[code]} ({code})", value, " " not in value) for code, value in form.items()),
        ("protocol", "SIP2, version 2.00", False),
        ("end of message, charset", "CR, UTF-8", False),
    ]
