"""The installer's page: invited by a link, it shows how far each attempt of a real terminal comes, in words."""

import io
import json
import re
import socket
import sys
from datetime import datetime
from html import unescape
from http.client import HTTPConnection
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlencode

from click.testing import CliRunner
from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from sip2gw.connect.devices import BOXES, DEVICES, form, stunnel
from sip2gw.connect.qr import svg
from sip2gw.connect.steps import STEPS
from sip2gw.demo import Demo
from sip2gw.events import Noticed
from sip2gw.secret import Secret
from sip2gw.tools.cli import main

PORTS = ("tls-port", "plain-port", "admin-port", "sandbox-port")
ACCOUNT = "kiosk@riverside.example"
RIGHT = f"9300CN{ACCOUNT}|COkiosk-secret|CPMain|AOriverside|"
NOW = f"{datetime.now():%Y%m%d    %H%M%S}"
PATRON = f"23000{NOW}AOriverside|AAM-1001|AC|AD1234|"


class ConnectTests(TestCase):
    def setUp(self) -> None:
        folder = TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.patch(sys, "__stdout__", io.StringIO())
        self.state = str(Path(folder.name) / "state")
        self.start(workers=1)

    def start(self, workers: int) -> None:
        ports = dict.fromkeys(PORTS, 0)
        options = {**ports, "demo-data": None, "state-dir": self.state, "workers": workers}
        self.demo = Demo(options, reactor)
        self.demo.privilegedStartService()
        self.demo.startService()
        self.addCleanup(self.demo.stopService)
        self.port = self.demo.gateway.admin_listener.port.getHost().port
        self.tls, self.plain = (listener.port.getHost().port for listener in self.demo.gateway.listeners)

    async def call(self, path: str, said: dict | None = None, **headers: str) -> tuple[int, dict, str]:
        def ask() -> tuple[int, dict, str]:
            connection = HTTPConnection("127.0.0.1", self.port, timeout=20)
            body = None if said is None else urlencode(said)
            connection.request("GET" if said is None else "POST", path, body, headers)
            answer = connection.getresponse()
            found = (
                answer.status,
                {name.lower(): answer.getheader(name) for name in answer.headers},
                answer.read().decode(),
            )
            connection.close()
            return found

        return await deferToThread(ask)

    async def code(self, library: str = "riverside") -> str:
        status, _, body = await self.call(f"/invite/{library}", {})
        assert status == 200, body
        return json.loads(body)["code"]

    async def enter(self, library: str = "riverside") -> str:
        status, sent, _ = await self.call("/connect/enter", {"code": await self.code(library)})
        assert (status, sent["location"]) == (303, "/connect/page")
        return sent["set-cookie"]

    async def ladder(self, cookie: str, query: str = "") -> str:
        status, _, body = await self.call(f"/connect/page{query}", Cookie=cookie.partition(";")[0])
        assert status == 200
        return unescape(re.sub(r"<[^>]+>", " ", body.partition('id="ladder"')[2].partition("</div>")[0]))

    async def say(self, *lines: str, port: int = 0) -> list[str]:
        """Be a terminal: send lines, take an answer to each, and go."""

        def talk() -> list[str]:
            answers = []
            with socket.create_connection(("127.0.0.1", port or self.plain), timeout=20) as terminal:
                reader = terminal.makefile("rb")
                for line in lines:
                    terminal.sendall(line.encode() + b"\r")
                    answer = b""
                    while not answer.endswith(b"\r"):
                        one = reader.read(1)
                        if not one:
                            return answers
                        answer += one
                    answers.append(answer.decode())
                terminal.shutdown(socket.SHUT_WR)
                reader.read()
            return answers

        return await deferToThread(talk)

    async def test_a_right_terminal_reaches_its_first_reader(self) -> None:
        cookie = await self.enter()
        await self.say(RIGHT, "9900802.00", PATRON)
        seen = await self.ladder(cookie)
        assert "k...@riverside.example is right." in seen
        assert "generic-kiosk: charset utf-8" in seen
        assert re.search(r"First reader \(23 or 63\) : +✓ done", seen)
        assert "✗" not in seen
        _, _, sheet = await self.call("/connect/sheet", Cookie=cookie.partition(";")[0])
        assert "Date, installer" in sheet
        assert "Main" in sheet

    async def test_each_mistake_is_named_with_its_fix(self) -> None:
        cookie = await self.enter()
        for line, step, words, fix in (
            ("9300CNkiosk@riverside.example|COwrong|AOriverside|", "Account", "Invalid credentials", "password"),
            ("9300CNkiosk-secret|COkiosk@riverside.example|AOriverside|", "Account", "look swapped", "swap them"),
            ("9300CNkiosk@riverside.example|CO|AOriverside|", "Account", "the password is empty", "password"),
            ("9300CNkiosk@riverside.example|COkiosk-secret |AOriverside|", "Account", "ends with a blank", "blank"),
            (RIGHT.replace("AOriverside", "AOriversid"), "Library", "did you mean riverside?", "riverside"),
            (RIGHT.replace("kiosk@", "desk@").replace("kiosk-s", "desk-s"), "Activation", "not activated", "SIP2"),
            (RIGHT.replace("kiosk@", "intern@").replace("kiosk-s", "intern-s"), "Permission", "missing", "Staff"),
        ):  # fmt: skip
            await self.say(line)
            newest = (await self.ladder(cookie)).split("connection ")[1]
            found = re.search(
                rf"{step} : +(?:✗ stopped here)(.*?)To do: (.*?)What this means", newest, re.DOTALL
            )
            assert found, (line, newest)
            assert words in found[1], (line, found[1])
            assert fix in found[2], (line, found[2])

    def reads(self) -> int:
        """How many cards and copies the library was asked for."""
        made = self.demo._sandbox.requests("riverside")["riverside"]
        return sum(count for name, count in made.items() if "find" in name)

    async def near(self, cookie: str) -> str:
        """Wait until the page says what a number is found as."""
        while "is found" not in (seen := await self.ladder(cookie)):
            await deferLater(reactor, 0.05)
        return seen

    async def test_a_number_is_sought_in_other_spellings_only_while_a_page_is_open(self) -> None:
        lend = f"11NN{NOW}{NOW}AOriverside|AAM-1001|ABA10002|AC|"
        await self.say(RIGHT, lend)
        before = self.reads()
        cookie = await self.enter()
        await self.ladder(cookie)
        assert self.reads() == before
        await self.say(RIGHT, lend)
        seen = await self.near(cookie)
        assert (
            "found without the prefix A To do: set the barcode reader, or the terminal, to leave out A"
            in (" ".join(seen.split()))
        )
        assert self.reads() == before + 1

    async def test_a_trace_looks_on_as_a_page_does(self) -> None:
        await self.demo.gateway.joined_record.ask("trace", {"library": "riverside"})
        noticed: list[str] = []
        self.demo.gateway.terminals.events.subscribe(
            lambda event: noticed.append(event.text) if isinstance(event, Noticed) else None
        )
        await self.say(RIGHT, PATRON.replace("M-1001", "m-1001"))
        while not noticed:
            await deferLater(reactor, 0.05)
        assert noticed == ["the card is found in capitals"]

    async def test_plain_sip2_at_the_tls_port_stops_at_tls(self) -> None:
        cookie = await self.enter()
        await self.say(RIGHT, port=self.tls)
        assert re.search(r"TLS : +✗ stopped here +[^:]*plain SIP2", await self.ladder(cookie))

    async def test_no_secret_of_a_terminal_is_on_the_page(self) -> None:
        cookie = await self.enter()
        for line in (RIGHT, "9300CNpass-canary|COword-canary|CPx|AOriverside|"):
            await self.say(line, PATRON)
        seen = await self.ladder(cookie)
        for secret in ("kiosk-secret", "pass-canary", "word-canary", "M-1001", "1234", "Amina"):
            assert secret not in seen

    async def test_a_location_with_a_script_is_escaped(self) -> None:
        cookie = await self.enter()
        await self.say(RIGHT.replace("CPMain", "CP<script>alert(1)</script>\x1b[31m"))
        _, _, body = await self.call("/connect/page", Cookie=cookie.partition(";")[0])
        assert "<script>alert" not in body
        assert "&lt;script&gt;alert" in body

    async def test_the_attempts_at_all_workers_are_shown(self) -> None:
        await self.demo.stopService()
        self.start(workers=2)
        await self.demo.gateway.serving
        cookie = await self.enter()
        for terminal in ("one", "two", "three", "four"):
            assert await self.say(RIGHT.replace("CPMain", f"CP{terminal}")) == ["941\r"]
        seen = await self.ladder(cookie)
        assert [name for name in ("one", "two", "three", "four") if f"{name}, connection" not in seen] == []

    async def test_attempts_at_another_library_are_not_shown(self) -> None:
        cookie = await self.enter("hillcrest")
        await self.say(RIGHT)
        await self.say(RIGHT.replace("kiosk-secret", "wrong"))
        assert "Nothing from your network yet" in await self.ladder(cookie)

    async def test_a_stranger_gets_the_entrance_and_nothing_else(self) -> None:
        bodies = set()
        for path in ("page", "events", "sheet", "help", "stunnel.conf", "qr.svg", "no-such-page"):
            for cookie in ("", "sip2gw_connect=x"):
                status, _, body = await self.call(f"/connect/{path}", Cookie=cookie)
                assert status == 401
                bodies.add(body)
        assert len(bodies) == 1
        assert "riverside" not in bodies.pop()

    async def test_a_browser_with_a_session_is_led_from_the_entrance_to_its_page(self) -> None:
        cookie = (await self.enter()).partition(";")[0]
        assert "riverside" not in (await self.call("/connect/"))[2]
        status, _, body = await self.call("/connect/", Cookie=cookie)
        assert status == 200
        assert "the page of riverside already" in body
        assert 'href="/connect/page"' in body
        assert 'action="/connect/enter"' in body, "a new link counts"

    async def test_a_wrong_code_is_refused_and_later_slowed_down(self) -> None:
        for _ in range(30):
            assert (await self.call("/connect/enter", {"code": "x" * 32}))[0] == 401
        assert (await self.call("/connect/enter", {"code": await self.code()}))[0] == 401

    async def test_an_invitation_lets_five_browsers_in(self) -> None:
        code = await self.code()
        assert [(await self.call("/connect/enter", {"code": code}))[0] for _ in range(6)] == [303] * 5 + [401]

    async def test_a_browser_that_opens_the_link_again_is_counted_once(self) -> None:
        code = await self.code()
        said = {"code": code, "origin": "https://sip2.example.org"}
        _, sent, _ = await self.call("/connect/enter", said)
        cookies = "; ".join(one.partition(";")[0] for one in sent["set-cookie"].split(", "))
        for _ in range(6):
            status, again, _ = await self.call("/connect/enter", said, Cookie=cookies)
            assert (status, again["location"], "set-cookie" in again) == (303, "/connect/page", False)
        assert (await self.call("/connect/enter", said))[0] == 303
        link_alone = cookies.partition("; ")[2]
        tries = [(await self.call("/connect/enter", said, Cookie=link_alone))[0] for _ in range(4)]
        assert tries == [303] * 3 + [401]

    async def test_codes_and_browsers_are_known_after_a_restart_and_to_workers(self) -> None:
        code, cookie = await self.code(), await self.enter()
        await self.demo.stopService()
        self.start(workers=2)
        assert (await self.call("/connect/page", Cookie=cookie.partition(";")[0]))[0] == 200
        assert [(await self.call("/connect/enter", {"code": code}))[0] for _ in range(6)] == [303] * 5 + [401]

    async def test_what_has_ended_lets_nobody_in(self) -> None:
        code, cookie = await self.code(), await self.enter()
        store = self.demo.gateway.journaling.store
        for table in ("invitations", "invited_browsers"):
            await store.change(lambda tx, table=table: tx.rows(f"UPDATE {table} SET ends = ends - 28800"))  # noqa: S608
        assert (await self.call("/connect/page", Cookie=cookie.partition(";")[0]))[0] == 401
        assert (await self.call("/connect/enter", {"code": code}))[0] == 401

    async def test_the_cookie_is_for_this_page_alone(self) -> None:
        cookie = (await self.enter()).lower()
        for part in ("httponly", "samesite=strict", "path=/connect", "max-age=28800"):
            assert part in cookie

    async def test_a_page_of_another_site_makes_no_invitation(self) -> None:
        for headers in ({"Origin": "http://evil.example"}, {"Origin": "null"}):
            assert (await self.call("/invite/riverside", {}, **headers))[0] == 403
        assert (await self.call("/invite/..%2Fx", {}))[0] == 400

    async def test_a_token_is_needed_to_invite_and_not_to_enter(self) -> None:
        code = await self.code()
        self.demo.gateway.admin.guard.token = Secret("t" * 32)
        assert (await self.call("/invite/riverside", {}))[0] == 401
        right = {"Authorization": f"Bearer {'t' * 32}"}
        assert (await self.call("/invite/riverside", {}, **right))[0] == 200
        assert (await self.call("/connect/enter", {"code": code}))[0] == 303

    async def test_the_command_prints_a_link_whose_code_opens_the_page(self) -> None:
        url = f"http://127.0.0.1:{self.port}"
        made = await deferToThread(CliRunner().invoke, main, ["invite", "riverside", "--admin", url])
        assert made.exit_code == 0, made.output
        page, _, code = made.output.strip().partition("#")
        assert page == f"{url}/connect/"
        status, sent, body = await self.call("/connect/")
        assert status == 200
        assert sent["content-security-policy"].startswith("default-src 'self';")
        assert "<script>" not in body
        assert (await self.call("/connect/enter", {"code": code}))[0] == 303
        refused = await deferToThread(CliRunner().invoke, main, ["invite", "a b", "--admin", url])
        assert refused.exit_code == 1
        assert "nickname" in refused.output

    async def test_the_page_shows_its_link_as_a_qr_code_for_a_phone(self) -> None:
        code = await self.code()
        said = {"code": code, "origin": "https://sip2.example.org"}
        _, sent, _ = await self.call("/connect/enter", said)
        cookies = "; ".join(one.partition(";")[0] for one in sent["set-cookie"].split(", "))
        assert f"sip2gw_connect_link=https://sip2.example.org/connect/#{code}" in cookies
        _, _, page = await self.call("/connect/page", Cookie=cookies)
        assert 'src="/connect/qr.svg"' in page
        assert code not in page
        status, sent, body = await self.call("/connect/qr.svg", Cookie=cookies)
        assert (status, sent["content-type"]) == (200, "image/svg+xml")
        assert body == svg(f"https://sip2.example.org/connect/#{code}").decode()

    async def test_a_link_that_leads_elsewhere_gives_no_qr_code(self) -> None:
        session = (await self.enter()).partition(";")[0]
        for link in ("https://evil.example/", "javascript:alert(1)//connect/#x", ""):
            status, _, _ = await self.call("/connect/qr.svg", Cookie=f"{session}; sip2gw_connect_link={link}")
            assert status == 404

    async def test_each_step_that_failed_leads_to_its_help(self) -> None:
        cookie = await self.enter()
        await self.say(RIGHT.replace("kiosk-secret", "wrong"))
        _, _, page = await self.call("/connect/page", Cookie=cookie.partition(";")[0])
        to = re.search(r'href="(/connect/help)#(account)"', page)
        assert to
        _, _, help_page = await self.call(to[1], Cookie=cookie.partition(";")[0])
        assert f'<h2 id="{to[2]}">Account</h2>' in help_page

    async def test_an_earlier_attempt_says_in_its_headline_where_it_stopped(self) -> None:
        cookie = await self.enter()
        await self.say(RIGHT.replace("kiosk-secret", "wrong"))
        await self.say(RIGHT, "9900802.00")
        seen = await self.ladder(cookie)
        assert "All is right so far" in seen
        assert re.search(r"UTC, closed\. +✗ Stopped at Account", seen)

    async def test_the_page_says_what_98_offers(self) -> None:
        cookie = await self.enter()
        await self.say(RIGHT, "9900802.00")
        assert "98 says online and offers returns, loans, renewals" in await self.ladder(cookie)

    async def test_stunnel_conf_names_the_host_and_the_tls_port(self) -> None:
        cookie = await self.enter()
        status, sent, body = await self.call("/connect/stunnel.conf", Cookie=cookie.partition(";")[0])
        assert status == 200
        assert "attachment" in sent["content-disposition"]
        assert f"connect = 127.0.0.1:{self.tls}\n" in body
        assert "verifyChain = yes\ncheckIP = 127.0.0.1\n" in body

    async def test_what_the_page_says_to_type_in_logs_a_terminal_in(self) -> None:
        for boxes in ("AO CN CO CP", "AO CN CO", "AO AC", "AO AC CP", "CN CO", "CN CO CP"):
            typed = form("riverside", boxes.split(), "Main")
            assert set(typed) <= set(boxes.split())
            fields = "".join(
                f"{code}{value}|" for code, value in sorted(typed.items(), key=lambda one: one[0] != "CN")
            )
            fields = fields.replace("the account's e-mail address", ACCOUNT)
            fields = fields.replace("the account's password", "kiosk-secret")
            if "CN" not in typed:
                fields = f"CN|CO|{fields}"
            assert await self.say(f"9300{fields}") == ["941\r"], boxes


def test_boxes_that_cannot_say_the_account_give_no_form() -> None:
    assert form("riverside", ["CP"]) == form("riverside", ["AO", "CP"]) == form("riverside", []) == {}


def test_each_device_of_the_page_has_a_page_in_the_manual() -> None:
    pages = Path(__file__).parents[2] / "docs" / "devices"
    text = "".join(page.read_text("utf-8") for page in pages.glob("*.md"))
    assert [name for name in DEVICES if name not in text] == []
    assert set(BOXES) == {"AO", "AC", "CN", "CO", "CP"}


def test_each_step_names_a_heading_of_the_manual() -> None:
    docs = Path(__file__).parents[2] / "docs"
    for step in STEPS:
        page, _, heading = step.manual.partition(": ")
        assert re.search(
            rf"^#+ {re.escape(heading)}$", (docs / f"{page}.md").read_text("utf-8"), re.MULTILINE
        )


def test_stunnel_conf_checks_the_gateway() -> None:
    assert "checkHost = sip2.example.org\n" in stunnel("sip2.example.org", 6009)
