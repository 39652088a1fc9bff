"""A write whose answer is lost: what the sandbox has done, by its ledger, and what the adapter makes of it."""

from __future__ import annotations

from typing import Any

from test_librarika_failures import OCCASION
from test_librarika_library import KIOSK
from twisted.internet import reactor
from twisted.trial.unittest import TestCase
from wire_server import ServerCase

from sip2gw.library import InDoubt, Refused, Unavailable
from sip2gw.sandbox import Sandbox
from sip2gw.secret import Secret

DONE = (
    "reset_after_commit",
    "error_after_commit",
    "cut_body",
    "garbage",
    "huge_body",
    "huge_headers",
    "wrong_type",
)
NOT_DONE = ("reset_before", "error", "redirect")


class Doubt(ServerCase, TestCase):
    """A sandbox behind a real socket."""

    timeout = 120

    async def opened(self) -> Any:
        self.sandbox = Sandbox()
        self.addCleanup(self.sandbox.close)
        self.site = self.sandbox.site()
        self.where = self.listen(self.site)
        librarika = self.adapter(f"http://127.0.0.1:{self.where}/{{library}}/api/v1")
        library = await librarika("riverside", KIOSK)
        await library.rules()
        return library

    async def test_F61_F62_F66_F68_F70_R1_a_lost_answer_is_settled_and_done_once(self) -> None:
        library = await self.opened()
        for kind in DONE + NOT_DONE:
            self.sandbox.misbehave(kind, endpoint="issue", times=1)
            loan = await self.settled(library.lend("M-1001", "10001", OCCASION, renewal=False))
            self.assertEqual((loan.item.item_id, loan.renewed), ("10001", False), kind)
            self.assertEqual(len(self.sandbox.ledger()), 1, kind)
            self.sandbox.reset()
            library = await self.adapter(f"http://127.0.0.1:{self.where}/{{library}}/api/v1")(
                "riverside", KIOSK
            )
            await library.rules()

    async def test_K2_a_wrong_password_whose_call_was_lost_on_the_way_lends_nothing(self) -> None:
        library = await self.opened()
        for kind in ("reset_before", "reset_after_commit"):
            self.sandbox.misbehave(kind, endpoint="issue", times=1)
            lending = library.lend("M-1001", "10001", OCCASION, renewal=False, password=Secret("wrong"))
            with self.assertRaises((InDoubt, Refused)):
                await self.settled(lending)
            self.assertEqual(self.sandbox.ledger(), [], kind)

    async def test_F60_gone_and_back(self) -> None:
        library = await self.opened()
        self.sandbox.misbehave("refuse")
        with self.assertRaises(Unavailable):
            await library.patron("M-1001")
        with self.assertRaises(InDoubt):
            await self.settled(library.lend("M-1001", "10001", OCCASION, renewal=False))
        self.assertFalse(await library.reachable())
        self.assertEqual(self.sandbox.ledger(), [])
        self.sandbox.behave()
        self.assertTrue(await library.reachable())
        self.assertEqual(
            (await library.lend("M-1001", "10001", OCCASION, renewal=False)).item.item_id, "10001"
        )

    def tearDown(self) -> Any:
        from twisted.internet.task import deferLater

        return deferLater(reactor, 0.01)
