"""The seats on the page of a library: who holds each, and an operator who frees one; and what a terminal would get."""

import io
import re
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from e2e.terminal import Terminal, login
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from board.support import ANSI, HASH, HOSTILE, BoardCase, Browser
from sip2gw.board import operators
from sip2gw.demo import Demo
from sip2gw.seats import Holder

PORTS = ("tls-port", "plain-port", "admin-port", "sandbox-port")
PAGE = "/board/libraries/hillcrest"


def holder(location: str, session: str = "dead.1") -> Holder:
    return Holder("terminal", session, 1_790_000_000.0, "203.0.113.9", location)


class SeatsOnThePage(BoardCase):
    async def test_a_seat_is_freed_once_with_a_reason_in_the_audit(self) -> None:
        await self.seats.take("riverside", holder(ANSI + HOSTILE), most=2, seconds=45)
        await self.browser.log_in()
        page = await self.browser.get("/board/libraries/riverside")
        assert "not connected to this gateway" in page.text
        assert "203.0.113.9" in page.text
        assert "<script>alert" not in page.text
        (epoch,) = re.findall(r'name="epoch" value="(\d+)"', page.text)
        form = {"csrf": page.csrf, "epoch": epoch, "why": "its machine was stolen"}
        done = await self.browser.post("/board/libraries/riverside/seats/1/free", form)
        assert done.code == 303
        assert "Seat 1 is free." in (await self.browser.get(done.header("location"))).text
        assert await self.seats.seats("riverside") == []
        assert ("free", {"session": "dead.1"}) in self.facts.told
        (row,) = [one for one in await self.audited() if one[1] == "seat freed"]
        assert (row[0], row[3]) == ("ann", "its machine was stolen")
        assert (await self.browser.post("/board/libraries/riverside/seats/1/free", form)).code == 409

    async def test_a_seat_that_has_changed_hands_is_not_freed(self) -> None:
        await self.seats.take("riverside", holder("Hall"), most=1, seconds=45)
        await self.browser.log_in()
        page = await self.browser.get("/board/libraries/riverside")
        (epoch,) = re.findall(r'name="epoch" value="(\d+)"', page.text)
        await self.seats.take("riverside", holder("Hall", "other.2"), most=1, seconds=45)
        form = {"csrf": page.csrf, "epoch": epoch, "why": "x"}
        assert (await self.browser.post("/board/libraries/riverside/seats/1/free", form)).code == 409
        assert len(await self.seats.seats("riverside")) == 1

    async def test_staff_of_another_library_are_told_nothing_of_its_terminals(self) -> None:
        await self.browser.log_in()
        made = await self.browser.post("/board/libraries/hillside/link", {"csrf": await self.browser.csrf()})
        secret = re.search(r"#([\w-]+)</code>", made.text)[1]
        staff = Browser(self.base)
        await staff.post("/board/link", {"secret": secret})
        csrf = (await staff.get("/board/libraries/hillside")).csrf
        for library, code in (("hillside", 200), ("riverside", 404)):
            answer = await staff.post(f"/board/libraries/{library}/explain", {"csrf": csrf, "account": "x"})
            assert answer.code == code
        assert (await staff.post("/board/libraries/hillside/seats/1/free", {"csrf": csrf})).code == 403


class SeatsOfTerminals(TestCase):
    """Real terminals, at a library with one licence."""

    timeout = 90

    async def started(self, workers: int) -> Demo:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.patch(sys, "__stdout__", io.StringIO())
        state = str(Path(folder.name) / "state")
        ports = {**dict.fromkeys(PORTS, 0), "demo-data": None, "state-dir": state, "workers": workers}
        demo = Demo(ports, reactor)
        demo.privilegedStartService()
        demo.startService()
        self.addCleanup(demo.stopService)
        if workers > 1:
            await demo.gateway.serving
        self.plain = demo.gateway.listeners[1].port.getHost().port
        self.browser = Browser(f"http://127.0.0.1:{demo.gateway.admin_listener.port.getHost().port}")
        return demo

    async def operator(self, change: Callable[..., Awaitable[None]]) -> None:
        await change(lambda tx: operators.keep(tx, "ann", HASH))
        assert (await self.browser.log_in()).code == 303

    def at(self, location: str) -> tuple[Terminal, bool]:
        """A terminal there, and whether it has got a seat."""
        kiosk = Terminal.connect(self.plain)
        asked = login("kiosk@hillcrest.example", "hill-secret", location, extensions=(("AO", "hillcrest"),))
        return kiosk, kiosk.ask(asked).ok

    async def admitted(self, location: str) -> bool:
        kiosk, ok = await deferToThread(self.at, location)
        kiosk.close()
        return ok

    async def free(self) -> None:
        page = await self.browser.get(PAGE)
        (epoch,) = re.findall(r'name="epoch" value="(\d+)"', page.text)
        form = {"csrf": page.csrf, "epoch": epoch, "why": "asked for"}
        assert (await self.browser.post(f"{PAGE}/seats/1/free", form)).code == 303

    async def test_a_terminal_whose_seat_is_freed_is_disconnected(self) -> None:
        demo = await self.started(1)
        await self.operator(demo.gateway.journaling.store.change)
        kiosk, ok = await deferToThread(self.at, "A")
        assert ok
        assert not await self.admitted("B")
        page = await self.browser.get(PAGE)
        assert re.search(r'href="/board/terminals/[0-9a-f]{5}">A</a>', page.text)
        await self.free()
        assert await self.admitted("B")
        assert await deferToThread(kiosk.socket.recv, 10) == b""
        kiosk.close()

    async def test_a_seat_of_a_dead_process_is_freed_for_the_workers(self) -> None:
        demo = await self.started(2)
        store, _, seats = demo.gateway._opened
        await self.operator(store.change)
        await seats.take("hillcrest", holder("A"), most=1, seconds=45)
        assert not await self.admitted("B")
        await self.free()
        assert await self.admitted("B")

    async def test_a_terminal_of_a_worker_is_disconnected_as_well(self) -> None:
        demo = await self.started(2)
        await self.operator(demo.gateway._opened[0].change)
        kiosk, ok = await deferToThread(self.at, "A")
        assert ok
        page = await self.browser.get(PAGE)
        assert re.search(r'href="/board/terminals/[12]-[0-9a-f]{5}">A</a>', page.text)
        await self.free()
        assert await deferToThread(kiosk.socket.recv, 10) == b""
        kiosk.close()
        while not await self.admitted("B"):  # the seat is free; the worker may still count the connection
            await deferLater(reactor, 0.05)

    async def test_the_page_says_what_a_terminal_would_get(self) -> None:
        demo = await self.started(1)
        await self.operator(demo.gateway.journaling.store.change)
        form = {
            "csrf": await self.browser.csrf(),
            "account": "kiosk@riverside.example",
            "location": "sorter-cl",
        }
        shown = await self.browser.post("/board/libraries/riverside/explain", form)
        assert re.search(r"<dt>Profile</dt><dd>sorter-cl</dd>", shown.text)
        assert re.search(r"knobs have their default", shown.text)
