"""Which copy a scanned AB means: one answer or a refusal, never a guess. Pure functions over what the API found.

The rules are section 6 of the contract (`docs/librarika-api.yaml`, `find_copies`); a table of tests repeats them.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Container, Sequence
from datetime import date

from attrs import frozen
from stdnum import isbn

from sip2gw.librarika.records import Copy, Media
from sip2gw.library import Refused

ORDER = ("accession", "barcode", "isbn")
"""A random ten-digit number passes for an ISBN in one case of eleven, so that comes last."""


@frozen
class Wanted:
    """What to ask the API for: the identifier, and as what it may be read."""

    identifier: str
    types: tuple[str, ...]


def wanted(item_id: str, kinds: Container[str] = ORDER) -> Wanted:
    """What a scanned label may stand for, of these kinds. `Refused("copy_not_found")` when nothing is left of it."""
    identifier = normalised(item_id)
    if not identifier:
        raise Refused("copy_not_found", "the item identifier is empty")
    possible = ORDER if isbn.is_valid(identifier) else ORDER[:2]
    types = tuple(kind for kind in possible if kind in kinds)
    if not types:
        raise Refused("copy_not_found", "the terminal reads no labels of this kind")
    return Wanted(identifier, types)


def normalised(item_id: str) -> str:
    """Without white space, controls and format characters; ASCII digits; no Code-39 stars."""
    kept = []
    for character in item_id:
        if (digit := unicodedata.decimal(character, None)) is not None:
            kept.append(str(digit))
        elif not character.isspace() and unicodedata.category(character)[0] != "C":
            kept.append(character)
    text = "".join(kept)
    if len(text) > 1 and text.startswith("*") and text.endswith("*"):
        text = text[1:-1]
    return text


def matches(found: Sequence[Copy]) -> list[Copy]:
    """The copies found under the first type that found any, each once. Raises `Refused("copy_not_found")`."""
    for kind in ORDER:
        copies = {copy.id: copy for copy in found if copy.matched_by == kind}
        if copies:
            return list(copies.values())
    raise Refused("copy_not_found", "no copy has this identifier")


def to_lend(copies: Sequence[Copy], member_id: int, branch: str) -> Copy:
    """The copy that a member takes out; if it is on loan to them already, this is a renewal.

    `branch` is where the terminal stands. Raises `Refused`: `item_ambiguous`, `copy_not_available`.
    """
    if len(copies) == 1:
        return copies[0]
    if _titles(copies) > 1:
        raise Refused(
            "item_ambiguous", f"{len(copies)} copies of {_titles(copies)} titles have this identifier"
        )
    theirs = [copy for copy in copies if on_loan_to(copy, member_id)]
    if theirs:
        return min(theirs, key=lambda copy: (_due(copy), _place(copy)))
    free = [copy for copy in copies if _is_free(copy, member_id)]
    if free:
        return min(
            free,
            key=lambda copy: (not _is_reserved_for(copy, member_id), copy.branch != branch, _place(copy)),
        )
    dates = [_due(copy) for copy in copies if _lends(copy) and copy.current_booking is not None]
    facts = {"available_from": min(dates).isoformat()} if dates and min(dates) != date.max else {}
    raise Refused("copy_not_available", f"none of {len(copies)} copies is free", facts)


def to_take_back(copies: Sequence[Copy], reader: str | None) -> Copy:
    """The copy that has come back, on loan or not. `reader` is the member number of who is at the terminal, if known.

    Raises `Refused`: `item_ambiguous`, `isbn_checkin_ambiguous`. To close somebody else's loan would leave the real
    borrower with daily charges, so there is no guessing.
    """
    if len(copies) == 1:
        return copies[0]
    lent = [copy for copy in copies if copy.current_booking is not None]
    if len(lent) == 1:
        return lent[0]
    if _titles(copies) > 1:
        raise Refused(
            "item_ambiguous", f"{len(lent)} of {len(copies)} copies with this identifier are on loan"
        )
    if not lent:
        return min(copies, key=lambda copy: (copy.next_reservation is None, _place(copy)))
    theirs = [copy for copy in lent if reader and _borrower(copy) == reader]
    if len(theirs) == 1:
        return theirs[0]
    raise Refused("isbn_checkin_ambiguous", f"{len(lent)} copies with this identifier are on loan")


def the_only(copies: Sequence[Copy]) -> Copy:
    """The one copy that is meant. Raises `Refused("item_ambiguous")` if there are several."""
    if len(copies) > 1:
        raise Refused("item_ambiguous", f"{len(copies)} copies have this identifier")
    return copies[0]


def one_title(copies: Sequence[Copy]) -> Media:
    """The title that is meant. Raises `Refused("item_ambiguous")` if there are several."""
    if _titles(copies) > 1:
        raise Refused(
            "item_ambiguous", f"{len(copies)} copies of {_titles(copies)} titles have this identifier"
        )
    return copies[0].media


def to_show(copies: Sequence[Copy]) -> Copy:
    """The copy whose status stands for all: one that can be had, else the one that comes back first.

    Raises `Refused("item_ambiguous")` if they are of several titles.
    """
    one_title(copies)
    return min(
        copies,
        key=lambda copy: (
            not (_lends(copy) and copy.current_booking is None and copy.next_reservation is None),
            not _lends(copy),
            copy.current_booking is None,
            _due(copy),
            _place(copy),
        ),
    )


def to_renew(copies: Sequence[Copy], member_id: int, *, third_party: bool) -> Copy:
    """The copy whose loan a member wants to keep for longer; with `third_party`, also somebody else's.

    Raises `Refused`: `not_on_loan`, `on_loan_to_other`, `item_ambiguous`.
    """
    theirs = [copy for copy in copies if on_loan_to(copy, member_id)]
    if _titles(theirs) == 1:
        return min(theirs, key=lambda copy: (_due(copy), _place(copy)))
    if theirs:
        raise Refused("item_ambiguous", f"the member has {len(theirs)} items of this identifier")
    lent = [copy for copy in copies if copy.current_booking is not None]
    if not lent:
        raise Refused("not_on_loan", f"none of {len(copies)} copies is on loan")
    if not third_party:
        raise Refused("on_loan_to_other", "the loan is another member's")
    if len(lent) > 1:
        raise Refused("item_ambiguous", f"{len(lent)} copies with this identifier are on loan")
    return lent[0]


def on_loan_to(copy: Copy, member_id: int) -> bool:
    """Whether this member has it."""
    return copy.current_booking is not None and copy.current_booking.member.id == member_id


def _borrower(copy: Copy) -> str | None:
    return copy.current_booking.member.member_no if copy.current_booking else None


def _titles(copies: Sequence[Copy]) -> int:
    return len({copy.media.id for copy in copies})


def _lends(copy: Copy) -> bool:
    return copy.active and copy.circulation


def _is_free(copy: Copy, member_id: int) -> bool:
    waiting = copy.next_reservation is not None and not _is_reserved_for(copy, member_id)
    return _lends(copy) and copy.current_booking is None and not waiting


def _is_reserved_for(copy: Copy, member_id: int) -> bool:
    return copy.next_reservation is not None and copy.next_reservation.member.id == member_id


def _due(copy: Copy) -> date:
    booking = copy.current_booking
    return (booking.return_date if booking else None) or date.max


def _place(copy: Copy) -> tuple[bool, int, int]:
    """Lowest copy number first; those without one last, in the order in which they were entered."""
    return copy.copy_no is None, copy.copy_no or 0, copy.id
