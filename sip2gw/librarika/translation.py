"""Translate Librarika's words to the port's: a member is a patron, a copy an item, a booking a loan or a hold."""

from __future__ import annotations

from datetime import tzinfo

from sip2gw.librarika.copies import Copy, CopyLabel, Media, Reservation
from sip2gw.librarika.records import (
    ON_LOAN,
    WAITS,
    Booking,
    Charged,
    CopyFound,
    InQuestion,
    Member,
    MemberFound,
    Page,
    Transaction,
)
from sip2gw.library import (
    Block,
    Charge,
    Counts,
    Fee,
    FeeKind,
    Found,
    Hold,
    Item,
    ItemState,
    ItemStatus,
    Loan,
    Medium,
    PasswordCheck,
    Patron,
    Rules,
)

MEDIA = {
    "Books": Medium.BOOK,
    "References": Medium.BOOK,
    "Journals": Medium.MAGAZINE,
    "Magazines": Medium.MAGAZINE,
    # Tapes and discs are one type in Librarika; as audio, a tape is never put near a strong magnet.
    "Audio/Visuals": Medium.AUDIO,
}
"""By Librarika's media types. Types not named here (E-Books, a library's own) are `Medium.OTHER`."""

FEES = {
    "overdue": FeeKind.OVERDUE,
    "borrowing": FeeKind.LOAN,
    "lost": FeeKind.REPLACEMENT,
    "damaged": FeeKind.DAMAGE,
    "reservation": FeeKind.HOLD,
    "card": FeeKind.ADMINISTRATIVE,
}
"""By Librarika's types of transactions. Types not named here (misc, a library's own) are `FeeKind.OTHER`."""


def patron(member: Member, rules: Rules) -> Patron:
    """Return a member as a patron."""
    counts = member.counts
    return Patron(
        patron_id=member.member_no,
        name=member.name,
        blocks=blocks(member, rules),
        counts=Counts(
            counts.issued,
            counts.overdue,
            counts.reserved_ready,
            counts.reserved_waiting + counts.pending,
            counts.fees,
        ),
        balance=member.balance,
        currency=member.currency or rules.currency,
        fee_limit=member.fee_limit,
        loan_limit=member.quota,
        language=member.language or "",
        address=member.address or "",
        email=member.email or "",
        phone=member.phone or "",
    )


def blocks(member: Member, rules: Rules) -> frozenset[Block]:
    """Return the blocks of a member. An unknown status blocks."""
    standing = (
        (Block.INACTIVE, member.status != "Active"),
        (Block.SUSPENDED, member.suspended),
        (Block.TYPE_NOT_ALLOWED, not member.self_service_allowed),
        (Block.LOAN_LIMIT_REACHED, member.quota is not None and member.counts.issued >= member.quota),
        (Block.RENEWALS_NOT_ALLOWED, not rules.renewals or member.refused.extend is not None),
        (Block.HOLDS_NOT_ALLOWED, not rules.holds or member.refused.reserve is not None),
    )
    return frozenset([block for block, stands in standing if stands])


def item(copy: Copy) -> Item:
    """Return a copy as an item."""
    return _labelled(copy.media, copy, copy.properties or "")


def item_of(booking: Booking) -> Item:
    """Return the copy of a booking as an item; only the title's part if the booking is for any copy."""
    return _labelled(booking.media, booking.copy)


def in_question(said: InQuestion) -> Item | None:
    """Return the item that a refusal is about; None if its title is not known."""
    return None if said.media is None else _labelled(said.media, said.copy)


def _labelled(media: Media, copy: Copy | CopyLabel | None, properties: str = "") -> Item:
    """Return a copy of a title as an item; without a copy, only the title's part."""
    return Item(
        item_id="" if copy is None else copy.accession_no,
        title=media.title,
        medium=MEDIA.get(media.type or "", Medium.OTHER),
        call_number=media.call_no or "",
        branch="" if copy is None else copy.branch or "",
        location="" if copy is None else copy.location or "",
        ref="" if copy is None else str(copy.id),
        properties=properties,
    )


def item_status(copy: CopyFound) -> ItemStatus:
    """Return the status of a copy, and how many copies of its title there are."""
    booking, waiting = copy.current_booking, copy.next_reservation
    shelved = state(copy) is ItemState.ON_HOLD_SHELF
    return ItemStatus(
        item=item(copy),
        state=state(copy),
        due=booking.return_date if booking else None,
        holds_waiting=copy.reservations_waiting,
        pickup_by=waiting.expires_at if waiting and shelved else None,
        hold=hold(waiting, copy),
        copies=copy.matches,
        copies_available=copy.available,
    )


def state(copy: Copy) -> ItemState:
    """Return where a copy is in its circulation."""
    if copy.current_booking is not None:
        return ItemState.ON_LOAN
    if copy.next_reservation is not None and copy.next_reservation.ready:
        return ItemState.ON_HOLD_SHELF
    return ItemState.AVAILABLE if copy.active and copy.circulation else ItemState.OTHER


def hold(reservation: Reservation | None, copy: Copy) -> Hold | None:
    """Return the next reservation of a copy as a hold."""
    if reservation is None:
        return None
    return Hold(
        patron_id=reservation.member.member_no,
        branch=reservation.branch or "",
        patron_name=reservation.member.name,
        title=copy.media.title,
        item=item(copy),
        ready=reservation.ready,
        expires=reservation.expires_at,
        ref=str(reservation.id),
    )


def hold_of(booking: Booking) -> Hold:
    """Return a reservation or a request as a hold."""
    return Hold(
        patron_id=booking.member.member_no,
        branch=booking.branch or "",
        patron_name=booking.member.name,
        title=booking.media.title,
        item=None if booking.copy is None else item_of(booking),
        ready=booking.ready,
        position=booking.queue_position,
        expires=booking.expires_at,
        ref=str(booking.id),
        charge=charge(booking.fee, FeeKind.HOLD),
    )


def loan(booking: Booking) -> Loan:
    """Return a booking as a loan."""
    return Loan(
        item=item_of(booking),
        due=booking.return_date,
        renewed=booking.renewed,
        overdue=booking.status == "Overdue",
        ref=str(booking.id),
        charge=charge(booking.fee, FeeKind.LOAN),
        conflicts=tuple(conflict.code for conflict in booking.conflicts),
    )


def charge(charged: Charged | None, kind: FeeKind) -> Charge | None:
    """Return the cost of a write."""
    return None if charged is None else Charge(charged.amount, charged.currency, kind, str(charged.id))


def fee(entry: Transaction, zone: tzinfo) -> Fee:
    """Return an entry of a member's account as a fee. `zone` is the library's, for the date."""
    return Fee(
        ref=str(entry.id),
        kind=FEES.get(entry.type, FeeKind.OTHER),
        outstanding=entry.outstanding,
        currency=entry.currency,
        title=entry.title or "",
        item_id=entry.accession_no or "",
        since=entry.created_at.astimezone(zone).date(),
    )


_PASSWORDS = {"right": PasswordCheck.RIGHT, "wrong": PasswordCheck.WRONG}


def found(member: MemberFound, rules: Rules) -> Found:
    """Return a member who was looked up, with the page of loans, holds or fees."""
    page = member.page or Page()
    # A booking waits until it is lent; what is lent was asked for as a loan.
    lent = [booking for booking in page.bookings if booking.status in ON_LOAN]
    waits = [booking for booking in page.bookings if booking.status in WAITS]
    password = member.password
    return Found(
        patron(member, rules),
        None if password is None else _PASSWORDS.get(password, PasswordCheck.IMPOSSIBLE),
        loans=tuple(map(loan, lent)),
        holds=tuple(map(hold_of, waits)),
        fees=tuple(fee(entry, rules.zone) for entry in page.fees),
    )
