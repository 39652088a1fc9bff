"""Librarika's words become the port's: members are patrons, copies are items, bookings are loans and holds."""

from __future__ import annotations

from attrs import evolve

from sip2gw.librarika.records import Copy, Member, Reservation, Settings
from sip2gw.library import Block, Counts, Hold, Item, Medium, Patron, Rules

MEDIA = {
    "Books": Medium.BOOK,
    "References": Medium.BOOK,
    "Journals": Medium.MAGAZINE,
    "Magazines": Medium.MAGAZINE,
    # Tapes and discs are one type in Librarika; as audio, no terminal brings a strong magnet near a tape.
    "Audio/Visuals": Medium.AUDIO,
}
"""By Librarika's media types. Those not named here (E-Books, a library's own) are `Medium.OTHER`."""


def rules(settings: Settings) -> Rules:
    """What a library is and allows."""
    preferences = settings.preferences
    return Rules(
        name=settings.name,
        zone=settings.timezone,
        currency=settings.currency,
        language=settings.language,
        branches=settings.branches,
        checkouts=preferences.member_checkouts,
        checkins=preferences.member_checkins,
        renewals=preferences.renewals is None or preferences.renewals > 0,
        holds=preferences.requests,
        fees=preferences.fees,
    )


def patron(member: Member, rules: Rules) -> Patron:
    """A member as terminals know them."""
    counts = member.counts
    return Patron(
        patron_id=member.member_no,
        name=member.name,
        ref=str(member.id),
        blocks=blocks(member, rules),
        counts=Counts(counts.issued, counts.overdue, counts.reserved_ready, counts.reserved_waiting),
        balance=member.balance,
        currency=member.currency or rules.currency,
        fee_limit=member.fee_limit,
        loan_limit=member.quota,
        language=member.language or rules.language,
    )


def blocks(member: Member, rules: Rules) -> frozenset[Block]:
    """What stands in a member's way. A status that is not known to be good is not."""
    standing = {
        Block.INACTIVE: member.status != "Active",
        Block.SUSPENDED: member.suspended,
        Block.TYPE_NOT_ALLOWED: not member.self_service_allowed,
        Block.LOAN_LIMIT_REACHED: member.quota is not None and member.counts.issued >= member.quota,
        Block.HOLDS_NOT_ALLOWED: not rules.holds,
    }
    return frozenset(block for block, stands in standing.items() if stands)


def item(copy: Copy) -> Item:
    """A copy as terminals know it."""
    return Item(
        item_id=copy.accession_no,
        title=copy.media.title,
        medium=MEDIA.get(copy.media.type or "", Medium.OTHER),
        branch=copy.branch or "",
        location=copy.location or "",
        call_number=copy.media.call_no or "",
        ref=str(copy.id),
    )


def title_of(copies: list[Copy]) -> Item | None:
    """What several copies have in common if they are of one title; None if they aren't."""
    if len({copy.media.id for copy in copies}) != 1:
        return None
    one = item(copies[0])
    return one if len(copies) == 1 else evolve(one, item_id="", branch="", location="", ref="")


def hold(reservation: Reservation | None) -> Hold | None:
    """Who waits for a copy."""
    if reservation is None:
        return None
    return Hold(patron_id=reservation.member.member_no, branch=reservation.branch or "")
