"""`[[libraries.bins]]`: the rules by which items are sorted. Each rule must be reachable."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any

from attrs import evolve, frozen

from sip2gw.circulation.call_numbers import can_hold, contains, key
from sip2gw.circulation.profile import Profile
from sip2gw.circulation.sorting import BinRule
from sip2gw.config.checks import Checked
from sip2gw.config.scalars import label, say
from sip2gw.config.sendable import check_sent
from sip2gw.config.tables import Tables
from sip2gw.faults import Wrong
from sip2gw.library import Medium


def _bin(value: Any) -> str:
    return label(value, '"1"')


def _range(value: Any) -> tuple[str, str]:
    texts = isinstance(value, list) and len(value) == 2 and all(isinstance(end, str) for end in value)
    if not texts or not all(map(key, value)):
        raise Wrong(f"is {say(value)}", 'write the first and the last call number, such as ["500", "599"]')
    first, last = value
    if not can_hold(first, last):
        raise Wrong(
            f"is {say(value)}, where {say(first)} comes after {say(last)} on the shelf",
            f"write [{say(last)}, {say(first)}]",
        )
    return first, last


@frozen
class _Rule:
    bin: Annotated[str, Checked(_bin)]
    branch: str | None = None
    location: str | None = None
    call_numbers: Annotated[tuple[str, str], Checked(_range)] | None = None
    medium: Medium | None = None
    hold: bool | None = None
    transit: bool | None = None
    unknown: bool | None = None
    alert: bool | None = None

    def rule(self) -> BinRule:
        """Return the rule in the table."""
        return BinRule(**{one: getattr(self, one) for one in ("bin", *_CONDITIONS)})

    def is_empty(self) -> bool:
        """Return whether the rule takes everything."""
        return all(getattr(self, name) is None for name in _CONDITIONS)

    def where(self, name: str, case: bool) -> _Rule:
        """Return this rule with one more condition."""
        condition: dict[str, Any] = {name: case}
        return evolve(self, **condition)

    def covers(self, other: _Rule) -> bool:
        """Return whether this rule takes all items that the other one takes."""
        return all(_includes(getattr(self, name), getattr(other, name)) for name in _CONDITIONS)


_CONDITIONS = ("branch", "location", "call_numbers", "medium", "hold", "transit", "unknown", "alert")

_KNOWN_ONLY = ("branch", "location", "call_numbers", "medium", "hold", "transit")
"""Conditions that are never true of an item that the library does not know."""


_YES_OR_NO = ("hold", "transit", "unknown", "alert")


def _includes(one: Any, other: Any) -> bool:
    """Return whether the first condition is true wherever the other one is."""
    if one is None or other is None:
        return one is None
    if isinstance(one, tuple):
        return contains(one, other)
    return bool(_plain(one) == _plain(other))


def _plain(value: Any) -> Any:
    return value.strip().casefold() if isinstance(value, str) else value


def read_bins(
    raw: Iterable[Any], profiles: Sequence[Profile], place: str, tables: Tables
) -> tuple[BinRule, ...]:
    """Return the rules of one library, whose terminals have these profiles."""
    rules: list[BinRule] = []
    earlier: dict[str, _Rule] = {}
    for number, one in enumerate(raw):
        here = f"{place}[{number}]"
        read = tables.read(one, _Rule, here)
        if read is None:
            continue
        whole = all(tables.is_sound(f"{here}.{key}") for key in one)
        with tables.faults_at(f"{here}.unknown"):
            _check_unknown(read)
        if whole and (taken := _taken_by(read, earlier)):
            problem, fix = _never_reached(read, earlier[taken])
            tables.fault(here, f"is never reached: {problem}", fix, taken)
        elif whole:
            earlier[here] = read
        with tables.faults_at(f"{here}.bin"):
            for profile in profiles:
                check_sent(read.bin, profile)
        rules.append(read.rule())
    return tuple(rules)


def _taken_by(rule: _Rule, earlier: Mapping[str, _Rule]) -> str:
    """Return the place of a rule that decides wherever this one would, or of the last of several; else ""."""
    if _wants_unknown_and_known(rule):
        return ""
    if taken := next((place for place, one in earlier.items() if one.covers(rule)), ""):
        return taken
    for name in _YES_OR_NO:
        if getattr(rule, name) is None and any(getattr(one, name) is not None for one in earlier.values()):
            cases = [rule.where(name, case) for case in (True, False)]
            places = [_taken_by(case, earlier) for case in cases if not _wants_unknown_and_known(case)]
            if all(places):
                return max(places, key=list(earlier).index)
    return ""


def _never_reached(rule: _Rule, other: _Rule) -> tuple[str, str]:
    """Return the problem and the fix of a rule that others keep from being reached."""
    if other.is_empty():
        return "the rule in {other} takes everything", "put that one last"
    if not other.covers(rule):
        return "the rules up to the one in {other} take all that this one would", "put this one before them"
    if rule.covers(other):
        return "the rule in {other} takes all that this one would", "leave out one of the two"
    return "the rule in {other} takes all that this one would", "put this one before that"


def _wants_unknown_and_known(rule: _Rule) -> bool:
    return bool(rule.unknown) and any(getattr(rule, name) not in (None, False) for name in _KNOWN_ONLY)


def _check_unknown(rule: _Rule) -> None:
    """Check that a rule for unknown items needs nothing that only a known item has. Raises `Wrong`."""
    known = [name for name in _KNOWN_ONLY if getattr(rule, name) not in (None, False)]
    if rule.unknown and known:
        raise Wrong(
            f"never occurs together with {known[0]}, which only a known item has",
            f"take out {known[0]}, or write it in a rule of its own",
        )
