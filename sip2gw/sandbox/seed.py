"""Write the data file's libraries into the database. Days count from today in the zone of each library."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from datetime import UTC, date, datetime, time
from typing import Any

from sip2gw.sandbox import days, libraries
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.data import Stock, means
from sip2gw.sandbox.form import BookingForm, CopyForm, MediaForm, MemberForm, TransactionForm, UserForm
from sip2gw.sandbox.isbn import isbn_key
from sip2gw.sandbox.passwords import sealed
from sip2gw.sandbox.reservations import settle


def seed(database: sqlite3.Connection, stocks: Iterable[Stock], now: datetime) -> None:
    """Write all libraries of the data file into an empty database."""
    for stock in stocks:
        libraries.store(database, stock.library)
        call = Call(database, libraries.Library.of(stock.library), now, request_id="seed")
        for user in stock.users:
            _user(call, user)
        numbers = {member.member_no: _member(call, member) for member in stock.members}
        media = {_media(call, title): title for title in stock.media}
        for booking in stock.bookings:
            _booking(call, numbers[booking.member_no], booking, media)
        for entry in stock.transactions:
            _transaction(call, numbers[entry.member_no], entry)
        for media_id in media:
            settle(call, media_id)


def _add(call: Call, table: str, **columns: Any) -> int:
    columns["library"] = call.nickname
    names, marks = ", ".join(columns), ", ".join("?" * len(columns))
    query = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 (all names are literals of ours)
    return call.database.execute(query, tuple(columns.values())).lastrowid or 0


def _user(call: Call, user: UserForm) -> None:
    _add(
        call,
        "users",
        username=user.username,
        name=user.name or user.username,
        password=sealed(user.password),
        permissions=json.dumps(user.groups),
        status=user.status,
        sip2_activated=user.sip2_activated,
    )


def _member(call: Call, member: MemberForm) -> int:
    return _add(
        call,
        "members",
        member_no=member.member_no,
        name=member.name or member.member_no,
        email=member.email,
        phone=member.phone,
        address=member.address,
        language=member.language,
        type=member.type,
        category=member.group,
        status=member.status,
        password=None if member.password is None else sealed(member.password),
        sso=member.sso,
        booking_quota=member.booking_quota,
        blocked_note=member.blocked_note,
    )


def _media(call: Call, media: MediaForm) -> int:
    identity = _add(
        call,
        "media",
        title=media.title,
        authors=json.dumps(media.authors, ensure_ascii=False),
        isbn=media.isbn,
        isbn13=media.isbn13,
        isbn_key=isbn_key(media.isbn13 or media.isbn or "") or None,
        issn=media.issn,
        call_no=media.call_no,
        category=media.category,
        type=media.type,
        borrowing_fee=None if media.borrowing_fee is None else str(media.borrowing_fee),
        active=media.active,
        circulation=media.circulation,
    )
    for number, copy in enumerate(media.copies, 1):
        _copy(call, identity, copy, number)
    return identity


def _copy(call: Call, media_id: int, copy: CopyForm, number: int) -> None:
    _add(
        call,
        "copies",
        media_id=media_id,
        accession_no=copy.accession_no.lstrip("0") or "0",
        copy_no=number if copy.copy_no is None else copy.copy_no,
        barcode=copy.barcode,
        branch=copy.branch or (*call.library.form.branches, "Main")[0],
        location=copy.location,
        price=None if copy.price is None else str(copy.price),
        condition=copy.condition,
        properties=copy.properties,
        active=copy.active,
        circulation=copy.circulation,
    )


def _booking(call: Call, member_id: int, booking: BookingForm, media: dict[int, MediaForm]) -> None:
    media_id, copy_id, branch = _wanted(call, booking, media)
    starts = days.relative(booking.booking_date, call.today)
    length = call.library.preferences.booking_time_days
    ends = (
        days.relative(booking.return_date, call.today) if booking.return_date else days.later(starts, length)
    )
    lent = booking.status in ("Issued", "Overdue", "Returned")
    received = None
    if booking.status == "Returned":
        back = (
            days.relative(booking.received_at, call.today) if booking.received_at else min(ends, call.today)
        )
        received = days.stamp(_midnight(call, back))
    expires = days.relative(booking.expires_at, call.today) if booking.expires_at else None
    over = expires is not None and expires < call.today and booking.status in ("Reserved", "Pending")
    call.insert(
        member_id=member_id,
        media_id=media_id,
        copy_id=copy_id,
        status="Cancelled" if over else "Issued" if booking.status == "Overdue" else booking.status,
        booking_date=starts.isoformat(),
        return_date=ends.isoformat(),
        issued_at=days.stamp(_midnight(call, starts)) if lent else None,
        received_at=received,
        expires_at=expires and expires.isoformat(),
        renewals=booking.renewals,
        branch=booking.branch or branch,
        source="data file",
        remark="expired" if over else booking.remark,
    )


def _wanted(
    call: Call, booking: BookingForm, media: dict[int, MediaForm]
) -> tuple[int, int | None, str | None]:
    """Return the title, the copy and the branch that a booking is for."""
    if booking.accession_no is None:
        return (
            next(one for one, title in media.items() if means(booking, title.title, title.isbn13)),
            None,
            None,
        )
    number = booking.accession_no.lstrip("0") or "0"
    query = "SELECT media_id, id, branch FROM copies WHERE library = ? AND accession_no = ?"
    media_id, copy_id, branch = call.database.execute(query, (call.nickname, number)).fetchone()
    return media_id, copy_id, branch


def _transaction(call: Call, member_id: int, entry: TransactionForm) -> None:
    booking_id = None
    if entry.accession_no is not None:
        query = (
            "SELECT b.id FROM bookings b JOIN copies c ON c.id = b.copy_id"
            " WHERE b.member_id = ? AND c.accession_no = ? ORDER BY b.id DESC"
        )
        found = call.database.execute(query, (member_id, entry.accession_no.lstrip("0") or "0")).fetchone()
        booking_id = found and found["id"]
    _add(
        call,
        "transactions",
        member_id=member_id,
        type=entry.type,
        amount=str(entry.amount),
        paid=str(entry.paid) if entry.paid else "0",
        open=entry.amount != entry.paid,
        booking_id=booking_id,
        created_at=days.stamp(_midnight(call, days.relative(entry.created_at, call.today))),
    )


def _midnight(call: Call, day: date) -> datetime:
    """Return the start of a day in the library, never later than now."""
    return min(datetime.combine(day, time(), call.library.zone).astimezone(UTC), call.now)
