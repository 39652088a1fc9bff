"""The kiosk in the browser, over HTTP: it speaks SIP2 over TLS to a real gateway in front of a real sandbox."""

import io
import json
import sys
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st
from twisted.internet import reactor
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from sip2gw.demo import Demo
from sip2gw.kiosk.devices import DEVICES
from sip2gw.kiosk.played_device import PlayedDevice
from sip2gw.kiosk.sessions import MOST
from sip2gw.kiosk.trial_library import trial_library
from sip2gw.tools.address import Address, Unreachable

OURS = {"X-Kiosk": "1"}
PORTS = ("tls-port", "plain-port", "admin-port", "sandbox-port")


class KioskTests(TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.patch(sys, "__stdout__", io.StringIO())
        state = str(Path(folder.name) / "state")
        self.demo = Demo(
            {**dict.fromkeys(PORTS, 0), "demo-data": None, "state-dir": state, "workers": 1}, reactor
        )
        self.demo.privilegedStartService()
        self.demo.startService()
        self.addCleanup(lambda: self.demo.stopService())
        self.port = self.demo.gateway.admin_listener.port.getHost().port

    async def call(
        self, path: str, said: object = None, *, ours: bool = True, **headers: str
    ) -> tuple[int, dict, dict]:
        def ask() -> tuple[int, dict, bytes]:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
            named = {name.replace("_", "-"): value for name, value in headers.items()}
            body = None if said is None else json.dumps(said)
            connection.request(
                "GET" if said is None else "POST", path, body, {**(OURS if body and ours else {}), **named}
            )
            answer = connection.getresponse()
            found = answer.status, {k.lower(): v for k, v in answer.getheaders()}, answer.read()
            connection.close()
            return found

        status, sent, body = await deferToThread(ask)
        text = body.decode()
        is_json = sent.get("content-type") == "application/json"
        return status, sent, json.loads(text) if is_json else {"text": text}

    async def device(self, name: str, library: str = "riverside") -> str:
        status, _, found = await self.call("/kiosk/device", {"device": name, "library": library})
        assert status == 200, (status, found)
        return found["session"]

    async def ask(self, session: str, request: str, **values: str) -> list[dict]:
        status, _, found = await self.call("/kiosk/ask", {"session": session, "request": request, **values})
        assert status == 200, found
        return found["exchanges"]

    async def test_a_checkout_shows_both_lines_and_the_screen(self) -> None:
        session = await self.device("checkout")
        login, loan = await self.ask(session, "checkout", card="M-1001", pin="1234", item="10001")
        assert login["sent"]["line"].startswith("9300")
        assert login["answer"]["line"].startswith("941")
        assert loan["ok"]
        assert loan["known"]["title"] == "Emma"
        assert loan["sent"]["heading"].startswith("11 ")
        assert ["AB", "item_identifier", "10001", ""] in loan["answer"]["rows"]
        (back,) = await self.ask(session, "checkin", item="10001")
        assert back["ok"]

    async def test_no_password_is_on_the_page_or_in_an_exchange(self) -> None:
        session = await self.device("checkout")
        shown = json.dumps(await self.ask(session, "patron-info", card="M-1001", pin="4711"))
        assert "kiosk-secret" not in shown
        assert "4711" not in shown
        assert "kiosk-secret" not in json.dumps((await self.call("/kiosk/table"))[2])

    async def test_a_sorter_gets_a_bin_also_for_an_unknown_item(self) -> None:
        session = await self.device("sorter")
        assert (await self.ask(session, "checkin", item="no-such-item"))[-1]["known"]["bin"] == "99"

    async def test_each_device_can_play_its_example_in_each_library(self) -> None:
        table = (await self.call("/kiosk/table"))[2]
        for library in table["libraries"]:
            card, item = library["cards"][0], library["items"][0]["number"]
            for device in table["devices"]:
                session = await self.device(device["name"], library["library"])
                values = {"card": card["number"], "pin": card["pin"], "item": item}
                for name, *_ in device["example"]:
                    shown = await self.ask(session, name, **values)
                    assert shown[-1]["answer"]["line"][:2] != "96"

    async def test_a_device_sends_only_its_own_requests(self) -> None:
        session = await self.device("sorter")
        status, _, found = await self.call(
            "/kiosk/ask", {"session": session, "request": "checkout", "card": "M-1001", "item": "10001"}
        )
        assert (status, found) == (400, {"error": "a sorter does not send this request"})

    async def test_a_request_without_a_card_says_what_to_scan(self) -> None:
        session = await self.device("checkout")
        status, _, found = await self.call(
            "/kiosk/ask", {"session": session, "request": "checkout", "item": "10001"}
        )
        assert (status, found["error"]) == (400, "scan a card first")

    async def test_the_device_used_least_lately_is_switched_off(self) -> None:
        first = await self.device("returns")
        for _ in range(MOST):
            await self.device("returns")
        status, _, found = await self.call("/kiosk/ask", {"session": first, "request": "status"})
        assert (status, found["error"]) == (400, "this device was switched off: choose it again")

    async def test_the_page_may_load_only_its_own_files(self) -> None:
        for path in (
            "/kiosk/",
            "/kiosk/static/kiosk.js",
            "/kiosk/static/kiosk.css",
            "/kiosk/static/frame.css",
        ):
            status, sent, found = await self.call(path)
            assert status == 200
            assert sent["content-security-policy"].startswith("default-src 'self';")
            assert "unsafe" not in sent["content-security-policy"]
            assert "http:" not in found["text"]
            assert "innerHTML" not in found["text"]
        assert (await self.call("/kiosk"))[0] == 303
        assert (await self.call("/kiosk/../demo/__init__.py"))[0] == 404

    async def test_a_page_of_another_site_is_refused(self) -> None:
        begin = {"device": "sorter", "library": "riverside"}
        assert (await self.call("/kiosk/device", begin, Sec_Fetch_Site="cross-site"))[0] == 403
        assert (await self.call("/kiosk/device", begin, Host="evil.example"))[0] == 403
        assert (await self.call("/kiosk/device", begin, ours=False))[0] == 403
        assert (await self.call("/kiosk/device"))[0] == 403
        assert (await self.call("/kiosk/table", Host="evil.example"))[0] == 403

    async def test_a_question_that_is_not_texts_is_refused(self) -> None:
        for said in ([], 1, {"session": 1}, {"session": ["x"]}, {"session": "x" * 5000}):
            status, _, found = await self.call("/kiosk/ask", said)
            assert (status, found["error"]) == (400, "not an object of texts in JSON")

    async def test_the_devices_disconnect_when_the_demo_stops(self) -> None:
        await self.ask(await self.device("returns"), "status")
        assert (await self.call("/health"))[2]["terminals"] == 1
        await self.demo.stopService()
        assert len(self.demo.gateway.terminals.sessions) == 0


LIBRARY_TO_TRY = trial_library("riverside", "Riverside", ("kiosk", "secret"), [], [])
NOWHERE = Address("127.0.0.1", 1)


@given(
    st.sampled_from(sorted(DEVICES)),
    st.text(),
    st.dictionaries(st.sampled_from(("card", "pin", "item")), st.text()),
)
def test_what_is_typed_is_refused_in_words_or_sent(device: str, name: str, values: dict[str, str]) -> None:
    played = PlayedDevice(DEVICES[device], LIBRARY_TO_TRY, NOWHERE)
    for request in (name, *DEVICES[device].requests):
        with pytest.raises((ValueError, Unreachable)) as refused:
            played.ask(request, values)
        assert str(refused.value).isprintable()
