"""Read a data file whole or not at all: all its faults are reported together, each with its place and the fix."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

from attrs import frozen

from sip2gw.sandbox import days, strict_json
from sip2gw.sandbox.form import BookingForm, LibraryForm, MediaForm, MemberForm, TransactionForm, UserForm
from sip2gw.sandbox.isbn import isbn_key

T = TypeVar("T")

_Faults = list[tuple[str, str]]
"""Places and what is wrong there."""
_Lists = dict[str, list[tuple[str, Any]]]
"""The entries of a library by the names of their lists, each with its place."""

_LISTS: dict[str, type[Any]] = {
    "users": UserForm,
    "members": MemberForm,
    "media": MediaForm,
    "bookings": BookingForm,
    "transactions": TransactionForm,
}


class DataFault(ValueError):
    """The data file can't be used; the text lists every fault, a line each."""


@frozen
class Stock:
    """One library of the data file, structured and consistent."""

    library: LibraryForm
    users: tuple[UserForm, ...]
    members: tuple[MemberForm, ...]
    media: tuple[MediaForm, ...]
    bookings: tuple[BookingForm, ...]
    transactions: tuple[TransactionForm, ...]


def default_data() -> dict[str, Any]:
    """Return the libraries that come with the package."""
    text = (resources.files("sip2gw.sandbox") / "libraries.json").read_text(encoding="utf-8")
    return dict(json.loads(text))


@cache
def default_stock() -> tuple[Stock, ...]:
    """Return the libraries that come with the package, as they are put into a database. They are read once."""
    return stock(default_data())


def load_data(path: str | Path) -> dict[str, Any]:
    """Read and check a data file. Raises `DataFault` (also if the file can't be read)."""
    try:
        value = strict_json.parse(Path(path).read_bytes())
    except OSError as failure:
        raise DataFault(f"{path}: can't be read: {failure.strerror}") from None
    except ValueError as failure:
        raise DataFault(f"{path}: is not JSON: {failure}") from None
    try:
        stock(value)
    except DataFault as fault:
        lines = str(fault).splitlines()
        raise DataFault("\n".join(f"{path}: {line}" for line in lines)) from None
    return dict(value)


def stock(value: Any) -> tuple[Stock, ...]:
    """Return the libraries in a data file's content. Raises `DataFault`."""
    faults: _Faults = []
    if not isinstance(value, Mapping) or not isinstance(value.get("libraries"), list):
        raise DataFault('the whole: must be an object with a list "libraries"')
    faults += [(key, 'unknown key; only "libraries" is known') for key in value if key != "libraries"]
    found: list[Stock] = []
    for index, raw in enumerate(value["libraries"]):
        one = _library(raw, f"libraries[{index}]", faults)
        if one is None:
            continue
        if any(other.library.nickname == one.library.nickname for other in found):
            faults.append((f"libraries[{index}].nickname", "is used twice; every library has its own"))
        found.append(one)
    if faults:
        raise DataFault("\n".join(f"{place}: {fault}" for place, fault in faults))
    return tuple(found)


def _library(raw: Any, place: str, faults: _Faults) -> Stock | None:
    if not isinstance(raw, Mapping):
        faults.append((place, "is not an object; write it in braces"))
        return None
    shell = _one({key: value for key, value in raw.items() if key not in _LISTS}, LibraryForm, place, faults)
    lists = {
        name: _several(raw.get(name, []), kind, f"{place}.{name}", faults) for name, kind in _LISTS.items()
    }
    _check(shell, lists, raw, faults)
    if shell is None:
        return None
    return Stock(shell, **{name: tuple(item for _, item in items) for name, items in lists.items()})


def _one(raw: Any, kind: type[T], place: str, faults: _Faults) -> T | None:
    try:
        return strict_json.structure(raw, kind, place)
    except strict_json.Faults as found:
        faults += found.found
        return None


def _several(raw: Any, kind: type[T], place: str, faults: _Faults) -> list[tuple[str, T]]:
    if not isinstance(raw, list):
        faults.append((place, "is not a list; write it in square brackets"))
        return []
    items = [
        (f"{place}[{index}]", _one(item, kind, f"{place}[{index}]", faults)) for index, item in enumerate(raw)
    ]
    return [(where, item) for where, item in items if item is not None]


def _check(shell: LibraryForm | None, lists: _Lists, raw: Any, faults: _Faults) -> None:
    """Check entries against each other: names are unique, and each reference has its record."""
    # Numbers are taken from the raw file too, so that one fault in a member is not reported again at its bookings.
    members = {item.get("member_no") for item in _objects(raw.get("members"))}
    titles = list(_objects(raw.get("media")))
    copies = [copy for title in titles for copy in _objects(title.get("copies"))]
    numbers = Counter(str(copy.get("accession_no")).lstrip("0") for copy in copies)
    for name, key in (("users", "username"), ("members", "member_no")):
        _check_unique(lists[name], key, faults)
    for where, media in lists["media"]:
        _check_media(media, shell, where, faults)
    for where, item in lists["bookings"] + lists["transactions"]:
        _check_references(item, members, numbers, where, faults)
    on_loan: set[str | None] = set()
    for where, booking in lists["bookings"]:
        _check_booking(booking, titles, where, faults)
        _check_loan(booking, on_loan, where, faults)
    for where, entry in lists["transactions"]:
        _check_day(entry.created_at, f"{where}.created_at", faults)
        if shell and entry.currency not in (None, shell.currency):
            faults.append((f"{where}.currency", f"is not the library's, {shell.currency}; leave it out"))


def _check_unique(entries: list[tuple[str, Any]], key: str, faults: _Faults) -> None:
    seen: set[str] = set()
    for where, item in entries:
        name = getattr(item, key)
        if name in seen:
            faults.append((f"{where}.{key}", "is used twice; give each its own"))
        seen.add(name)


def _check_media(media: MediaForm, shell: LibraryForm | None, where: str, faults: _Faults) -> None:
    for key in ("isbn", "isbn13"):
        if getattr(media, key) and not isbn_key(getattr(media, key)):
            faults.append((f"{where}.{key}", "is not an ISBN: its length or check digit is wrong"))
    for index, copy in enumerate(media.copies):
        if shell and copy.branch is not None and copy.branch not in shell.branches:
            faults.append((f"{where}.copies[{index}].branch", "is not a branch of the library; add it there"))


def _check_references(
    item: BookingForm | TransactionForm, members: set[Any], numbers: Counter[str], where: str, faults: _Faults
) -> None:
    """Check that the member exists, and that the copy, if one is named, is just one. `numbers` are those of copies."""
    if item.member_no not in members:
        faults.append((f"{where}.member_no", "names no member of this library"))
    if item.accession_no is not None:
        same = numbers[item.accession_no.lstrip("0")]
        if same != 1:
            faults.append((f"{where}.accession_no", f"must name one copy of this library, and names {same}"))


def _check_loan(booking: BookingForm, on_loan: set[str | None], where: str, faults: _Faults) -> None:
    """Check that the copy of a loan is not `on_loan` already, and add it."""
    if booking.status in ("Issued", "Overdue"):
        if booking.accession_no in on_loan:
            faults.append((f"{where}.accession_no", "is on loan already; a copy has one loan at a time"))
        on_loan.add(booking.accession_no)


def _check_booking(
    booking: BookingForm, titles: list[Mapping[str, Any]], where: str, faults: _Faults
) -> None:
    for key in ("booking_date", "return_date", "received_at", "expires_at"):
        if (text := getattr(booking, key)) is not None:
            _check_day(text, f"{where}.{key}", faults)
    if booking.accession_no is not None:
        return
    if booking.status not in ("Reserved", "Pending"):
        faults.append((f"{where}.accession_no", f"is missing; a booking that is {booking.status} has a copy"))
    elif booking.title is None and booking.isbn13 is None:
        faults.append((where, "names nothing; write accession_no, title or isbn13"))
    elif sum(means(booking, title.get("title"), title.get("isbn13")) for title in titles) != 1:
        faults.append((where, "must name one title of this library by title or isbn13"))


def means(booking: BookingForm, title: Any, isbn13: Any) -> bool:
    """Return whether a booking without a copy is for the title with this name and ISBN."""
    if booking.isbn13 is not None:
        return isinstance(isbn13, str) and isbn_key(booking.isbn13) == isbn_key(isbn13) != ""
    return bool(booking.title == title)


def _check_day(text: str, where: str, faults: _Faults) -> None:
    try:
        days.relative(text, date(2000, 1, 1))
    except ValueError as failure:
        faults.append((where, str(failure)))


def _objects(value: Any) -> list[Mapping[str, Any]]:
    return [item for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
