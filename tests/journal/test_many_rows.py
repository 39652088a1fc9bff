"""However many finished rows the journal has, no work reads them all, and they are deleted in time."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from functools import partial
from typing import Any

from journal_support import JournalCase

from sip2gw.journal import claims, listing, upkeep
from sip2gw.journal.begin import Owner, begin
from sip2gw.journal.codec import Call
from sip2gw.journal.crypto import Keys
from sip2gw.journal.entry import Write
from sip2gw.journal.grouped import Begin, Finish
from sip2gw.journal.listing import Wanted
from sip2gw.journal.methods import METHODS
from sip2gw.journal.states import Event, Told
from sip2gw.library import Occasion
from sip2gw.store.port import Transaction

KEYS = Keys([b"k" * 32])
WRITE = Write(
    "riverside",
    Call(
        METHODS["lend"],
        {"patron_id": "M-1", "item_id": "1001"},
        Occasion("kiosk-1", datetime(2026, 11, 29, tzinfo=UTC), "key", line=b"line"),
    ),
    KEYS,
)


class Explained:
    """A transaction that asks the database of each statement how it would be done."""

    def __init__(self, tx: Transaction, plans: list[str]) -> None:
        self.now, self.lock, self._tx, self._plans = tx.now, tx.lock, tx, plans

    def _explain(self, sql: str, values: dict[str, Any]) -> None:
        self._plans += [row["detail"] for row in self._tx.rows(f"EXPLAIN QUERY PLAN {sql}", **values)]

    def rows(self, sql: str, **values: Any) -> Any:
        self._explain(sql, values)
        return self._tx.rows(sql, **values)

    def changed(self, sql: str, **values: Any) -> int:
        self._explain(sql, values)
        return self._tx.changed(sql, **values)


class ManyRows(JournalCase):
    async def plans(self, work: Any) -> list[str]:
        """How the database does this work, as far as it is on the journal."""
        found: list[str] = []
        await self.store.change(lambda tx: work(Explained(tx, found)))
        return [plan for plan in found if re.search(r"\b(journal|older|newer|same|one)\b", plan)]

    async def test_each_work_finds_its_rows_by_an_index(self) -> None:
        owner = await self.store.change(partial(upkeep.lease, owner=Owner("me", 0)))
        works = {
            "begin": Begin(WRITE, owner),
            "begin alone": partial(begin, entry=WRITE.entry, owner=owner),
            "finish": Finish("riverside", "key", Event.DONE, Told.OK, "", None, KEYS),
            "due": partial(claims.due, libraries=("riverside",), most_rows=4),
            "hurry": partial(claims.hurry, library="riverside"),
            "adopt": partial(upkeep.adopt, owner=owner, in_progress=frozenset()),
            "count": upkeep.count,
            "list": partial(listing.find, wanted=Wanted()),
            "unheard": upkeep.unheard,
            "give up": upkeep.give_up,
            "purge": upkeep.purge,
        }
        for name, work in works.items():
            for plan in await self.plans(work):
                self.assertNotRegex(plan, r"^SCAN (?!.*journal_unfinished)", name)

    async def test_a_write_does_not_read_the_finished_rows_of_its_item(self) -> None:
        owner = await self.store.change(partial(upkeep.lease, owner=Owner("me", 0)))
        (on_item,) = [
            plan for plan in await self.plans(Begin(WRITE, owner)) if re.search("SEARCH journal ", plan)
        ]
        self.assertIn("journal_unfinished (library=? AND item_tag=?)", on_item)

    async def test_all_that_is_old_is_deleted_at_once(self) -> None:
        await self.store.change(many)
        await self.gateway.journal.beat()
        (left,) = await self.store.read(lambda tx: tx.rows("SELECT count(*) AS many FROM journal"))
        self.assertEqual(left["many"], 0)


def many(tx: Transaction) -> None:
    """Store more finished rows than are deleted in one transaction."""
    tx.rows(
        "INSERT INTO journal (library, terminal, method, key, state, created, changed, told, arguments)"
        " WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 2500)"
        " SELECT 'riverside', 'kiosk-1', 'lend', 'key ' || n, 'DONE', 0, 0, 'ok', 'said' FROM numbers"
    )
