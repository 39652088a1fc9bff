"""Bin rules: the first rule that matches an item in a sorting machine names the bin (CL)."""

from __future__ import annotations

from attrs import frozen

from sip2gw.circulation import call_numbers
from sip2gw.library import Hold, Item, Medium


@frozen
class BinRule:
    """One rule: all its conditions must be true. A rule without conditions always matches.

    `branch` is where the item must go: the branch where its hold is collected, else its own. `call_numbers` are the
    first and the last of a range, in the order of the shelf. A call number that begins as the last one does is in it.
    """

    bin: str
    branch: str | None = None
    location: str | None = None
    call_numbers: tuple[str, str] | None = None
    medium: Medium | None = None
    hold: bool | None = None
    """Whether there is a hold for it."""
    transit: bool | None = None
    """Whether it must go to another branch than the one it is in."""
    unknown: bool | None = None
    """Whether the library does not know the item, or can't tell which copy it is."""
    alert: bool | None = None

    def matches(self, situation: Situation) -> bool:
        """Return whether all conditions of the rule are true."""
        item = situation.item
        return all(
            (
                self.branch is None or _same(self.branch, situation.destination),
                self.location is None or (item is not None and _same(self.location, item.location)),
                self.call_numbers is None
                or (item is not None and call_numbers.within(item.call_number, *self.call_numbers)),
                self.medium is None or (item is not None and item.medium is self.medium),
                self.hold in (None, situation.hold is not None),
                self.transit in (None, situation.transit),
                self.unknown in (None, situation.unknown),
                self.alert in (None, situation.alert),
            )
        )


@frozen
class Situation:
    """An item in the machine. `item` is None for an unknown item; `here` is the branch, empty if it is not known."""

    item: Item | None
    here: str = ""
    hold: Hold | None = None
    """The hold that this item fills."""
    alert: bool = False

    @property
    def unknown(self) -> bool:
        """Whether the item is unknown."""
        return self.item is None or not self.item.item_id

    @property
    def destination(self) -> str:
        """The branch where the item must go; empty if it is not known."""
        waits_at = self.hold.branch if self.hold is not None else ""
        return waits_at or (self.item.branch if self.item is not None else "")

    @property
    def transit(self) -> bool:
        """Whether the item must go to another branch; false if one of the branches is not known."""
        return bool(self.here and self.destination and not _same(self.here, self.destination))


def deciding_rule(rules: tuple[BinRule, ...], situation: Situation) -> tuple[int, BinRule] | None:
    """Return the first rule that matches, and its number, counted from 1; None if no rule matches."""
    return next(((number, rule) for number, rule in enumerate(rules, 1) if rule.matches(situation)), None)


def sort_bin(rules: tuple[BinRule, ...], situation: Situation) -> str | None:
    """Return the bin (CL); None if no rule matches."""
    decided = deciding_rule(rules, situation)
    return decided[1].bin if decided else None


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
