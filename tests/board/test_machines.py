"""Other machines on the screens: in words, escaped, and only as far as the visitor may see."""

from __future__ import annotations

import re

from attrs import evolve
from twisted.internet import reactor

from board.support import HOSTILE, BoardCase, Browser
from board.test_look import Page
from sip2gw.machines import Rounds, table
from sip2gw.record import Machine, Machines, Summary
from sip2gw.record.needs import Need
from sip2gw.record.other_machines import terminal_elsewhere
from sip2gw.seats import Holder

AT = 1_790_000_000.0
NEED = Need("limit", HOSTILE, HOSTILE, HOSTILE, AT, 2)
SUMMARY = Summary(5, 6, 7.5, 0.5, (NEED,), {HOSTILE: 3}, {"riverside": (5, True), HOSTILE: (1, True)})
ONE = Machine("1", "gw1", "10.0.0.1:6009", "1.0", "serving", AT, AT, "gw1:8080")
OTHER = Machine("2", HOSTILE, HOSTILE, HOSTILE, HOSTILE, AT, AT, HOSTILE, SUMMARY)
SILENT = evolve(OTHER, id="3", name="gw3", seen=AT - 60, state="serving")
SCREENS = "", "libraries", "libraries/riverside", "terminals", "exchanges", "door"


class OtherMachines(BoardCase):
    def others(self) -> Rounds:
        self.rounds = Rounds(self.store, reactor, self.facts, self.seats, str, list)
        return self.rounds

    async def setUp(self) -> None:
        await super().setUp()
        there = self.rounds.known = Machines.read("1", AT, (ONE, OTHER, SILENT))
        for what in ("now", "library", "terminals", "exchanges", "door"):
            answer = {"needs": [], "library": "riverside"}
            there.add_to(what, answer)
            self.facts.others[what] = answer
        self.facts.others["libraries"] = {
            "rows": [{"library": "riverside", "state": "online", "terminals": 6, "elsewhere": 5}]
        }
        await self.browser.log_in()

    async def page(self, name: str) -> str:
        answer = await self.browser.get(f"/board/{name}")
        assert answer.code == 200, name
        return answer.text

    async def test_what_a_machine_says_is_escaped_on_every_screen(self) -> None:
        self.facts.others["terminals"]["elsewhere"] = [
            terminal_elsewhere(HOSTILE, "riverside", HOSTILE, "203.0.113.9", AT)
        ]
        for name in SCREENS:
            text = await self.page(name)
            assert "<script>alert" not in text, name
            assert name == "libraries" or "&lt;script&gt;alert" in text, name
        assert "203.0.113.9" not in await self.page("terminals")

    async def test_now_has_each_machine_in_words(self) -> None:
        text = await self.page("")
        assert "3 machines, 5 terminals" in text
        assert "gw1 (this one)" in text
        assert re.search(r"silent</span> since <time[^>]*>2026-09-21 14:12:20 UTC</time>", text)
        assert re.search(r"The machine gw3 is silent.*?At gw3", text, re.DOTALL)
        assert "How this machine is" in text
        page = Page(text)
        assert page.headings == sorted(page.headings)
        assert len(page.ids) == len(set(page.ids))

    async def test_a_store_that_fails_is_said_with_the_age_of_what_is_shown(self) -> None:
        self.facts.others["now"]["machines_failed"] = True
        assert "The store can't be asked: this is what it had at <time" in await self.page("")

    async def test_a_silent_machine_alone_can_be_forgotten_with_a_reason(self) -> None:
        text = await self.page("")
        assert re.findall(r'action="/board/machines/([^"]+)/forget"', text) == ["3"]
        assert set(Page(text).fields) <= Page(text).labelled
        form = {"csrf": await self.browser.csrf(), "why": "sold"}
        await self.store.change(lambda tx: table.keep(tx, Machine("3", "gw3"), "serving", "{}"))
        answer = await self.browser.post("/board/machines/3/forget", form)
        assert answer.code == 409
        assert "is not silent" in answer.text
        await self.store.change(lambda tx: tx.changed("UPDATE machines SET seen = 0"))
        done = await self.browser.post("/board/machines/3/forget", form)
        assert "gw3 is forgotten." in (await self.browser.get(done.header("location"))).text
        assert ("ann", "machine forgotten", "gw3", "sold") in await self.audited()
        assert await self.store.read(lambda tx: tx.rows("SELECT * FROM machines")) == []

    async def test_a_seat_names_the_machine_of_its_terminal(self) -> None:
        self.rounds.known = Machines.read("1", AT, (ONE, evolve(SILENT, summary=Summary(processes=("aa",)))))
        for session in ("aa.1", "bb.1"):
            await self.seats.take("riverside", Holder(session, session, AT), most=None, seconds=45)
        assert (
            len(
                re.findall(
                    "a terminal, at gw3<|a terminal, not connected", await self.page("libraries/riverside")
                )
            )
            == 2
        )

    async def test_terminals_elsewhere_are_counted_and_named(self) -> None:
        assert "6, 5 of them at other machines" in await self.page("libraries")
        text = await self.page("libraries/riverside")
        assert re.search(r"5 terminals at &lt;script.*There its system does not answer", text)
        assert "has 5 terminals" in await self.page("terminals")

    async def test_the_staff_of_a_library_do_not_see_where_the_boards_are(self) -> None:
        made = await self.browser.post("/board/libraries/riverside/link", {"csrf": await self.browser.csrf()})
        secret = re.search(r"#([\w-]+)</code>", made.text)[1]
        staff = Browser(self.base)
        await staff.post("/board/link", {"secret": secret})
        for name in ("libraries/riverside", "terminals", "exchanges"):
            answer = await staff.get(f"/board/{name}?json")
            assert answer.code == 200
            assert "boards" not in answer.json()
            assert "own boards" not in (await staff.get(f"/board/{name}")).text
