"""The screens that are made from the store: the journal's rows and what to do with them, the audit, and links."""

from __future__ import annotations

from functools import partial
from typing import Any

from attrs import asdict

from sip2gw.board import audit, links, operators
from sip2gw.board.entrance import Entrance
from sip2gw.board.source import Asked, Done, NoSuchThing, NotPossible, View
from sip2gw.journal import audit as entries
from sip2gw.journal import listing, people
from sip2gw.journal.crypto import Keys
from sip2gw.journal.states import FOR_PEOPLE
from sip2gw.store.port import Store


class StorePages:
    """The pages of the store. `keys` are those of the journal."""

    def __init__(self, store: Store, keys: Keys, entrance: Entrance) -> None:
        self._store = store
        self._keys = keys
        self._entrance = entrance

    async def journal(self, asked: Asked) -> View:
        """Return the rows that are open or wait for people, oldest first."""
        filters = {name: asked.query[name] for name in ("library", "terminal") if asked.query.get(name)}
        wanted = listing.Wanted(
            filters.get("library", ""),
            filters.get("terminal", ""),
            after_number=_number(asked.query.get("after", "")),
        )
        rows = await self._store.read(partial(listing.find, wanted=wanted))
        following = rows[-1].number if len(rows) == listing.PAGE else None
        return View("journal.html", {"rows": list(map(_row, rows)), "filters": filters, "next": following})

    async def look(self, asked: Asked) -> View:
        """Return one row with what it says; the person who looks is entered in the audit table, with the reason."""
        try:
            work = partial(people.reveal, keys=self._keys, number=_number(asked.path[0]), by=_by(asked))
            found = await self._store.change(work)
        except entries.NotPossible as why:
            raise NotPossible(str(why)) from None
        shown = {name: str(value) for name, value in found.content.items()}
        return View("journal_row.html", {"row": _row(found.listed), "content": shown})

    async def do(self, asked: Asked) -> Done:
        """Have a row sent at once or tried again, or close it."""
        number, deed = _number(asked.path[0]), asked.value("deed")
        if deed not in people.ACTIONS:
            raise NotPossible("choose what to do")
        try:
            await self._store.change(partial(people.act, number=number, action=deed, by=_by(asked)))
        except entries.NotPossible as why:
            raise NotPossible(str(why)) from None
        return Done("/board/journal", f"Row {number}: {deed}.")

    async def audit(self, asked: Asked) -> View:
        """Return who did what, the latest first."""
        filters = {name: asked.query[name] for name in ("who", "what") if asked.query.get(name)}
        before = _number(asked.query.get("after", ""))
        rows = await self._store.read(lambda tx: audit.listed(tx, **filters, before=before))
        following = rows[-1]["id"] if len(rows) == audit.PAGE else None
        people_now = await self._store.read(operators.accounts)
        operators_now = [asdict(one) for one in people_now]
        return View(
            "audit.html", {"rows": rows, "filters": filters, "next": following, "operators": operators_now}
        )

    async def links_of(self, library: str) -> list[dict[str, Any]]:
        """Return the links to a library that are good."""
        return [asdict(one) for one in await self._store.read(lambda tx: links.of_library(tx, library))]

    async def make_link(self, asked: Asked) -> View:
        """Make a link to a library for its staff, and show it once."""
        library, secret, who = asked.path[0], links.new_secret(), asked.visitor.name

        def work(tx: Any) -> links.Link:
            audit.enter(tx, who, "link made", library)
            return links.make(tx, secret, library, who)

        made = await self._store.change(work)
        self._entrance.forget()
        return View("link_made.html", {"link": asdict(made), "secret": secret, "library": library})

    async def revoke(self, asked: Asked) -> Done:
        """Revoke a link, and end its sessions."""
        name, who = asked.path[0], asked.visitor.name

        def work(tx: Any) -> str | None:
            library = links.revoke(tx, name)
            if library is not None:
                audit.enter(tx, who, "link revoked", f"{library} {name}")
            return library

        library = await self._store.change(work)
        self._entrance.forget()
        if library is None:
            raise NoSuchThing
        return Done(f"/board/libraries/{library}", "The link is revoked.")


def _by(asked: Asked) -> entries.By:
    """Return who does something, and why. Raises `entries.NotPossible` without a reason."""
    return entries.By(asked.visitor.name, asked.value("why"))


def _row(one: listing.Listed) -> dict[str, Any]:
    shown = {**asdict(one), "state": one.state.value, "told": one.told.value}
    return {**shown, "for_people": one.state in FOR_PEOPLE, "to_do": listing.to_do(one)}


def _number(text: str) -> int:
    return int(text) if text.isdecimal() and len(text) < 16 else 0
