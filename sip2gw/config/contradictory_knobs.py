"""Knobs that have no effect, because of another knob of the same terminal or of the fields that responses have."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from string import Formatter
from typing import Any, NamedTuple

from sip2gw.circulation.hidden_fields import is_hidden
from sip2gw.circulation.profile import Profile
from sip2gw.config.response_fields import EVER_SENT, ONLY_WITH, SENT
from sip2gw.config.sendable import check_delimiter
from sip2gw.faults import Wrong

_NEEDS = {"alert_type_on_success": "alert_type", "destination_always": "destination"}
"""By knob: the knob without which it has no effect."""

_FOR_MESSAGES = {
    "alert_type": ("09",),
    "checkin_when_down": ("09",),
    "destination": ("09",),
    "fee_when_down": ("37",),
    "hold_patron": ("09",),
    "item_updates": ("19",),
    "not_on_loan_ok": ("09",),
    "overpayment": ("37",),
    "patron_updates": ("01", "25"),
    "renew_by_checkout": ("11",),
    "sort_bin": ("09",),
}
"""By knob: the requests that it is for."""


LOOKED_AT = frozenset(
    {
        "hide",
        "show",
        "rename",
        "alert_type",
        "name_template",
        "fee_template",
        "strip_prefix",
        "institution_id",
    }
    | {"receipts", "call_number"}
    | _NEEDS.keys()
    | _FOR_MESSAGES.keys()
)
"""The knobs that can have a fault of this kind."""


class Contradiction(NamedTuple):
    """A knob that has no effect."""

    knob: str
    problem: str
    fix: str


def contradictions(knobs: Mapping[str, Any], profile: Profile) -> Iterator[Contradiction]:
    """Yield the faults of the knobs of one table. `profile` is the terminal's, with all knobs applied."""
    if both := sorted(knobs.get("hide", frozenset()) & knobs.get("show", frozenset())):
        yield Contradiction("show", f"and hide both name {', '.join(both)}", "name it in one of them")
    yield from _of_switches(knobs, profile)
    yield from _of_shown(knobs, profile)
    yield from _of_texts(knobs, profile)
    if "rename" in knobs:
        for problem, fix in _of_renames(profile):
            yield Contradiction("rename", problem, fix)
            return  # one fault for each place


def _of_switches(knobs: Mapping[str, Any], profile: Profile) -> Iterator[Contradiction]:
    for knob, needed in _NEEDS.items():
        if knobs.get(knob) and not getattr(profile, needed):
            yield Contradiction(
                knob, f"means nothing without {needed}", f"add {needed} = true, or leave it out"
            )
    for knob, requests in _FOR_MESSAGES.items():
        if knobs.get(knob) and profile.messages is not None and not profile.messages & set(requests):
            wanted = " or ".join(requests)
            yield Contradiction(
                knob,
                f"is for {wanted}, which messages does not allow",
                f"add {wanted} to messages, or leave it out",
            )
    if knobs.get("alert_type") and not profile.alerts:
        yield Contradiction(
            "alert_type", "means nothing, because alerts is empty", "name some alerts, or leave it out"
        )


def _of_shown(knobs: Mapping[str, Any], profile: Profile) -> Iterator[Contradiction]:
    for knob in sorted(set(ONLY_WITH.values())):
        codes = sorted(code for code, switch in ONLY_WITH.items() if switch == knob)
        if knobs.get(knob) and all(_hidden_everywhere(code, profile) for code in codes):
            hidden = " and ".join(codes)
            fix = f"take {hidden} out of hide, or leave {knob} out"
            yield Contradiction(knob, f"is true, but hide has {hidden}", fix)
    for entry in sorted(knobs.get("show", ())):
        needed = ONLY_WITH.get(entry.rpartition(".")[2], "")
        if needed and not getattr(profile, needed):
            yield Contradiction(
                "show", f"has {entry}, which is only sent with {needed}", f"add {needed} = true"
            )
            return


def _of_texts(knobs: Mapping[str, Any], profile: Profile) -> Iterator[Contradiction]:
    for knob in ("name_template", "fee_template", "strip_prefix", "institution_id"):
        value = getattr(profile, knob)
        try:
            check_delimiter(_literal(value) if knob.endswith("_template") else value, profile)
        except Wrong as wrong:
            if knob in knobs:
                yield Contradiction(knob, wrong.problem, wrong.fix)
            elif "delimiter" in knobs:
                yield Contradiction(
                    "delimiter", f"is used in {knob}, which {wrong.problem}", "write another sign"
                )
                return


def _literal(template: str) -> str:
    return "".join(text for text, *_ in Formatter().parse(template))


def _of_renames(profile: Profile) -> Iterator[tuple[str, str]]:
    """Yield the faults of the codes that rename fields."""
    taken: dict[str, str] = {}
    for code, new in profile.rename.items():
        if fault := _fault_of_rename(code, new, taken.get(new, ""), profile):
            yield fault
        taken[new] = code


def _fault_of_rename(code: str, new: str, taken_by: str, profile: Profile) -> tuple[str, str] | None:
    """Return the fault of one code; `taken_by` is another one that has the same new code."""
    another = "write another code, such as ZA, or leave it out"
    having = [message for message, fields in SENT.items() if code in fields]
    if code == new:
        return f"has {code} = {new}, which changes nothing", another
    if taken_by:
        return f"has both {taken_by} and {code} = {new}", "give each a code of its own"
    if not having:
        return f"has {code}, which no answer has", f"the answers have {', '.join(sorted(EVER_SENT))}"
    if _hidden_everywhere(code, profile):
        return f"has {code}, which is hidden", f'leave it out, or write show = ["{code}"]'
    if (knob := ONLY_WITH.get(code)) and not getattr(profile, knob):
        return f"has {code}, which is only sent with {knob}", f"add {knob} = true, or leave it out"
    message = next((message for message in having if _is_sent(new, message, profile)), None)
    if message is not None:
        return f"has {code} = {new}, but {message} has a field {new} beside {code}", another
    return None


def _hidden_everywhere(code: str, profile: Profile) -> bool:
    return all(is_hidden(profile, message, code) for message, fields in SENT.items() if code in fields)


def _is_sent(code: str, message: str, profile: Profile) -> bool:
    """Return whether a response can have a field with this code after renaming."""
    knob = ONLY_WITH.get(code)
    there = code in SENT[message] and code not in profile.rename and not is_hidden(profile, message, code)
    return there and (knob is None or bool(getattr(profile, knob)))
