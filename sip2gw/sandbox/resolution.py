"""Decide which copy an identifier means: one copy or a refusal, never a guess.

Several copies may have one identifier: those of a title share its ISBN, and accession numbers are not always unique.
Which one is meant depends on the operation, so each operation has a rule of its own here.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence

from attrs import frozen

from sip2gw.sandbox import copies
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem

_LAST = "9999-12-31"


@frozen
class Candidate:
    """A copy that the identifier names, with its open loan and the next reservation in its queue."""

    copy: sqlite3.Row
    matched_by: str
    loan: sqlite3.Row | None
    next: sqlite3.Row | None

    @property
    def circulates(self) -> bool:
        return copies.active(self.copy) and copies.circulates(self.copy)

    @property
    def available(self) -> bool:
        """Whether it is available to any member now."""
        return self.circulates and self.loan is None and self.next is None

    @property
    def due(self) -> str:
        return self.loan["return_date"] if self.loan is not None else _LAST

    @property
    def place(self) -> tuple[int, int]:
        """The order among copies: lowest copy number first."""
        return self.copy["copy_no"], self.copy["id"]

    def lent_to(self, member_id: int) -> bool:
        return self.loan is not None and self.loan["member_id"] == member_id

    def kept_for(self, member_id: int) -> bool:
        return self.next is not None and self.next["member_id"] == member_id


def candidates(call: Call, identifier: str, types: Iterable[str]) -> list[Candidate]:
    """Return the copies found under the first type that finds any. Raises `Problem` (`copy_not_found`)."""
    for kind in copies.TYPES:
        if kind in types and (found := list(copies.matches(call, identifier, kind))):
            return _known(call, [_candidate(call, copy, kind) for copy in found])
    raise Problem("copy_not_found", "no copy has this identifier")


def _candidate(call: Call, copy: sqlite3.Row, kind: str) -> Candidate:
    waiting = copies.queue(call, copy)
    return Candidate(copy, kind, copies.loan(call, copy["id"]), waiting[0] if waiting else None)


def _known(call: Call, found: list[Candidate]) -> list[Candidate]:
    """Note the title, and the copy, for a refusal, once it is clear which they are."""
    if _titles(found) == 1:
        copy = found[0].copy
        call.known["media"] = copies.media(call, copy, copy["media_id"])
        if len(found) == 1:
            call.known["copy"] = copies.brief(copy)
    return found


def meant(call: Call, candidate: Candidate) -> Candidate:
    """Note the copy that is meant, for a later refusal, and return it."""
    call.known["copy"] = copies.brief(candidate.copy)
    call.known["media"] = copies.media(call, candidate.copy, candidate.copy["media_id"])
    return candidate


def to_issue(found: Sequence[Candidate], member_id: int, branch: str | None) -> Candidate:
    """Return the copy that a member takes out at `branch`; if one is on loan to them already, that one.

    Raises `Problem` (`item_ambiguous`, `copy_not_available`).
    """
    if len(found) == 1:
        return found[0]
    one_title(found)
    if theirs := [one for one in found if one.lent_to(member_id)]:
        return min(theirs, key=lambda one: (one.due, one.place))
    free = [one for one in found if one.available or (_free(one) and one.kept_for(member_id))]
    if free:
        return min(
            free, key=lambda one: (not one.kept_for(member_id), one.copy["branch"] != branch, one.place)
        )
    dates = [one.due for one in found if one.circulates and one.loan is not None]
    problem = Problem("copy_not_available", f"none of {len(found)} copies is free")
    raise problem.about({"available_from": min(dates)} if dates else {})


def _free(one: Candidate) -> bool:
    return one.circulates and one.loan is None


def to_return(found: Sequence[Candidate], reader: str | None) -> Candidate:
    """Return the copy that has come back. `reader` is the number of the member at the terminal, if known.

    Raises `Problem` (`item_ambiguous`, `isbn_checkin_ambiguous`). To end another member's loan would leave the
    real borrower with daily fees, so nothing is guessed.
    """
    lent = [one for one in found if one.loan is not None]
    if len(found) == 1 or len(lent) == 1:
        return found[0] if len(found) == 1 else lent[0]
    if _titles(found) > 1:
        raise Problem("item_ambiguous", f"{len(lent)} of {len(found)} copies are on loan")
    if not lent:
        return min(found, key=lambda one: (one.next is None, one.place))
    theirs = [one for one in lent if one.loan is not None and reader and one.loan["member_no"] == reader]
    if len(theirs) == 1:
        return theirs[0]
    raise Problem("isbn_checkin_ambiguous", f"{len(lent)} copies with this identifier are on loan")


def to_extend(found: Sequence[Candidate], member_id: int, *, third_party: bool) -> Candidate:
    """Return the copy whose loan a member wants to extend; with `third_party`, also another member's.

    Raises `Problem` (`not_on_loan`, `on_loan_to_other`, `item_ambiguous`).
    """
    theirs = [one for one in found if one.lent_to(member_id)]
    if _titles(theirs) == 1:
        return min(theirs, key=lambda one: (one.due, one.place))
    if theirs:
        raise Problem("item_ambiguous", f"the member has {len(theirs)} items of this identifier")
    lent = [one for one in found if one.loan is not None]
    if not lent:
        raise Problem("not_on_loan", f"none of {len(found)} copies is on loan")
    if not third_party:
        raise Problem("on_loan_to_other")
    if len(lent) > 1:
        raise Problem("item_ambiguous", f"{len(lent)} copies with this identifier are on loan")
    return lent[0]


def to_show(found: Sequence[Candidate]) -> Candidate:
    """Return the copy that stands for all: an available one, else the one that comes back first."""
    one_title(found)
    return min(
        found, key=lambda one: (not one.available, not one.circulates, one.loan is None, one.due, one.place)
    )


def one_title(found: Sequence[Candidate]) -> int:
    """Return the number of the title that is meant. Raises `Problem` (`item_ambiguous`)."""
    if _titles(found) > 1:
        raise Problem("item_ambiguous", f"{len(found)} copies of {_titles(found)} titles")
    return int(found[0].copy["media_id"])


def the_only(found: Sequence[Candidate]) -> Candidate:
    """Return the one copy that is named. Raises `Problem` (`item_ambiguous`)."""
    if len(found) > 1:
        raise Problem("item_ambiguous", f"{len(found)} copies have this identifier")
    return found[0]


def _titles(found: Iterable[Candidate]) -> int:
    return len({one.copy["media_id"] for one in found})
