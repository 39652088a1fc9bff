"""Into which bin an item goes: an ordered table of rules, and the first that matches decides. Pure; asks nobody."""

from __future__ import annotations

from attrs import frozen

from sip2gw.circulation import call_numbers
from sip2gw.library import Hold, Item, Medium


@frozen
class BinRule:
    """One line of the table: all that it names must be so. A rule that names nothing but its bin always matches.

    `branch` is where the item must go: the branch that the one who waits for it collects it at, else its own.
    `call_numbers` are the first and the last of a range, compared as on the shelf; what begins as the last does is
    still within.
    """

    bin: str
    branch: str | None = None
    location: str | None = None
    call_numbers: tuple[str, str] | None = None
    medium: Medium | None = None
    hold: bool | None = None
    """Whether somebody waits for it."""
    transit: bool | None = None
    """Whether it must go to another branch than the one it lies in."""
    unknown: bool | None = None
    """Whether the library knows no such item, or can't tell which one it is."""
    alert: bool | None = None

    def matches(self, situation: Situation) -> bool:
        """Whether the rule speaks of this."""
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
    """An item lies in the machine. `item` is None if it isn't known; `here` is the branch, empty if not known."""

    item: Item | None
    here: str = ""
    hold: Hold | None = None
    """The reservation that this item fills."""
    alert: bool = False

    @property
    def unknown(self) -> bool:
        """Whether nothing is known of the item."""
        return self.item is None or not self.item.item_id

    @property
    def destination(self) -> str:
        """The branch where the item must go; empty if that isn't known."""
        waits_at = self.hold.branch if self.hold is not None else ""
        return waits_at or (self.item.branch if self.item is not None else "")

    @property
    def transit(self) -> bool:
        """Whether it must leave the branch it is in. Not while it isn't known where that is."""
        return bool(self.here and self.destination and not _same(self.here, self.destination))


def why(rules: tuple[BinRule, ...], situation: Situation) -> tuple[int, BinRule] | None:
    """The rule that decides, and its number in the table, counted from 1. None if no rule speaks of this."""
    return next(((number, rule) for number, rule in enumerate(rules, 1) if rule.matches(situation)), None)


def sort_bin(rules: tuple[BinRule, ...], situation: Situation) -> str | None:
    """The bin (CL); None if no rule names one."""
    decided = why(rules, situation)
    return decided[1].bin if decided else None


def _same(one: str, other: str) -> bool:
    return one.strip().casefold() == other.strip().casefold()
