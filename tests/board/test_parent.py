"""The board of a gateway with a worker process, and of one alone: what the parent serves, and who stops it."""

import os
from pathlib import Path
from tempfile import TemporaryDirectory

from attrs import evolve
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase

from board.support import HASH, Browser, Collected
from sip2gw.board import operators
from sip2gw.config import Process, load
from sip2gw.store.upkeep import bring_up_to_date, run_once
from sip2gw.wiring.gateway import Gateway
from sip2gw.workers import Workers

CONFIG = """
[[listen]]
endpoint = "tcp:0:interface=127.0.0.1"
[admin]
endpoint = "tcp:0:interface=127.0.0.1"
board = true
[limits]
drain_deadline = 2
drain_spread = 0
[librarika]
url = "http://127.0.0.1:9/{library}/api/v1"
[[libraries]]
nickname = "riverside"
"""


class Served(TestCase):
    timeout = 60

    def setUp(self) -> None:
        kept = TemporaryDirectory()
        self.addCleanup(kept.cleanup)
        self.folder = Path(kept.name)
        self.patch(os, "environ", {**os.environ, "STATE_DIRECTORY": kept.name})
        (self.folder / "sip2gw.toml").write_text(CONFIG)

    async def board_of(self, service) -> Browser:
        """Start the service, and return a browser that is logged in."""
        store = self.folder / "sip2gw.sqlite3"
        bring_up_to_date(store)
        run_once(store, lambda tx: operators.keep(tx, "ann", HASH), write=True)
        service.privilegedStartService()
        service.startService()
        self.addCleanup(lambda: service.stopService() if service.running else None)
        if hasattr(service, "serving"):
            await service.serving
        browser = Browser(f"http://127.0.0.1:{service.admin_listener.port.getHost().port}")
        assert (await browser.log_in()).code == 303
        return browser

    async def pages_of(self, browser: Browser) -> None:
        for named in ("/", "/?x=1"):
            led = await Browser(browser.base).get(named)  # a person who types the host and the port
            assert (led.code, led.header("location")) == (302, "/board/")
        assert (await browser.post("/", {})).code == 404
        for page in ("", "libraries", "terminals", "exchanges", "door", "journal", "configuration", "audit"):
            answer = await browser.get(f"/board/{page}")
            assert answer.code == 200, page
            assert (await browser.get(f"/board/{page}?json")).json() is not None
        limits = (await browser.get("/board/configuration?json")).json()["limits"]
        assert {"name": "drain_deadline", "value": 2.0, "hits": 0.0} in limits

    async def test_the_parent_of_a_worker_serves_every_screen(self) -> None:
        config = evolve(load(self.folder / "sip2gw.toml"), process=Process(1))
        workers = Workers(config, reactor)
        await self.pages_of(await self.board_of(workers))
        await workers.stopService()

    async def test_a_gateway_that_stops_ends_its_streams(self) -> None:
        gateway = Gateway(load(self.folder / "sip2gw.toml"), reactor)
        browser = await self.board_of(gateway)
        await self.pages_of(browser)
        stream = Collected()
        ended: Deferred[None] = Deferred()
        stream.connectionLost = lambda _: ended.callback(None)
        await browser.stream("/board/events/now", stream)
        await stream.until("How it is")
        await gateway.stopService()
        await ended

    async def test_a_token_that_is_set_later_closes_the_board(self) -> None:
        config = load(self.folder / "sip2gw.toml")
        gateway = Gateway(config, reactor)
        gateway.privilegedStartService()
        gateway.startService()
        self.addCleanup(gateway.stopService)
        browser = Browser(f"http://127.0.0.1:{gateway.admin_listener.port.getHost().port}")
        assert (await browser.get("/board/")).code == 200
        token = self.folder / "token"
        token.write_text("x" * 32)
        token.chmod(0o600)
        gateway.reload(evolve(config, admin=evolve(config.admin, token_file=token)))
        assert (await browser.get("/board/")).code == 401
        assert (await browser.get("/")).header("location") == "/board/"
        assert (await browser.get("/health")).code == 401

    async def test_a_board_that_is_switched_off_is_not_there(self) -> None:
        (self.folder / "sip2gw.toml").write_text(CONFIG.replace("board = true", ""))
        gateway = Gateway(load(self.folder / "sip2gw.toml"), reactor)
        gateway.privilegedStartService()
        gateway.startService()
        self.addCleanup(gateway.stopService)
        browser = Browser(f"http://127.0.0.1:{gateway.admin_listener.port.getHost().port}")
        for path in ("/", "/board/", "/board/login", "/board/static/board.css"):
            assert (await browser.get(path)).code == 404
