"""The pages `/journal` and `/audit` over real sockets: rows for people, and what people do with them."""

from __future__ import annotations

import json
import socket
from typing import Any

from journal_support import JournalCase
from twisted.internet import reactor
from twisted.internet.defer import Deferred, ensureDeferred
from twisted.internet.threads import deferToThread

from sip2gw.admin.channel import BODY
from sip2gw.admin.guard import Guard
from sip2gw.admin.health import Content, Health, Status, site
from sip2gw.admin.journal import JournalPage, Question
from sip2gw.admin.journal_answers import answer
from sip2gw.secret import Secret

TOKEN = "x" * 32
WHY = json.dumps({"why": "it is on the shelf"}).encode()


def exchange(port: int, sent: bytes) -> tuple[int, dict[str, Any]]:
    """Status and JSON of an answer."""
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(sent)
        heard = b"".join(iter(lambda: client.recv(65536), b""))
    head, _, body = heard.partition(b"\r\n\r\n")
    return int(head.split()[1]), json.loads(body) if body else {}


class Pages(JournalCase):
    def setUp(self) -> None:
        super().setUp()
        self.guard = Guard(Secret(TOKEN))

        def look(question: Question) -> Deferred[Content]:
            return ensureDeferred(answer(self.store, self.gateway.accounts, question))

        further = {page: JournalPage(page, self.guard, look) for page in ("journal", "audit")}
        window = site(
            lambda: Health(Status.OK, "1", terminals=0), further, self.guard, status=lambda: Status.OK
        )
        port: Any = reactor.listenTCP(0, window, interface="127.0.0.1")
        self.addCleanup(port.stopListening)
        self.admin = int(port.getHost().port)

    async def ask(
        self, path: str, body: bytes | None = None, *, token: str = TOKEN, method: str = "", head: str = ""
    ) -> tuple[int, dict[str, Any]]:
        method = method or ("GET" if body is None else "POST")
        length = "" if body is None else f"content-length: {len(body)}\r\n"
        said = f"{method} {path} HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {token}\r\n{length}{head}\r\n"
        return await deferToThread(exchange, self.admin, said.encode() + (body or b""))

    async def dead(self) -> int:
        """A return that the library refuses; its number."""
        number = await self.queued("no such item")
        await self.gateway.forward()
        return number

    async def queued(self, item: str) -> int:
        library = await self.gateway.open()
        await self.stop_listening()
        await library.take_back(item, self.occasion(when_down=True), reader="M-1001")
        self.listen_again()
        return (await self.listed())[-1].number

    async def test_rows_are_listed_and_shown_without_data_of_a_reader(self) -> None:
        number = await self.dead()
        status, page = await self.ask("/journal")
        self.assertEqual((status, page["more"], len(page["rows"])), (200, False, 1))
        row = page["rows"][0]
        self.assertEqual((row["number"], row["state"], row["operation"]), (number, "DEAD", "take_back"))
        self.assertEqual(row["to_do"], "look at the library, then retry, applied or discard")
        self.assertEqual(await self.ask(f"/journal/{number}"), (200, {**row, "age": row["age"]}))
        self.assertNotIn("no such item", str(page))
        self.assertNotIn("M-1001", str(page))

    async def test_rows_are_filtered(self) -> None:
        await self.dead()
        for query, many in (
            ("library=Riverside&state=dead,mismatch&terminal=kiosk-1&older=0&after=0", 1),
            ("library=openall", 0),
            ("state=queued", 0),
            ("older=600", 0),
            ("terminal=kiosk-2", 0),
            ("after=99", 0),
        ):
            status, page = await self.ask(f"/journal?{query}")
            self.assertEqual((status, len(page["rows"])), (200, many), query)

    async def test_a_question_with_faults_is_refused_with_400(self) -> None:
        for path in ("/journal?state=lost", "/journal?older=soon", "/journal?colour=red", "/audit?before=-1"):
            status, page = await self.ask(path)
            self.assertEqual(status, 400, path)
            self.assertTrue(page["error"])
        self.assertEqual((await self.ask("/journal/one"))[0], 400)
        self.assertEqual((await self.ask(f"/journal?after={'9' * 30}"))[0], 400)

    async def test_an_open_row_says_that_it_waits_for_a_login(self) -> None:
        await self.queued("10001")
        self.die()
        _, page = await self.ask("/journal")
        self.assertEqual(page["rows"][0]["to_do"], "waits for a login at riverside")

    async def test_actions_change_the_row_and_enter_who_and_why(self) -> None:
        number = await self.dead()
        status, row = await self.ask(f"/journal/{number}/retry", WHY, head="x-operator: Ann\r\n")
        self.assertEqual((status, row["state"]), (200, "UNKNOWN"))
        self.assertEqual((await self.ask(f"/journal/{number}/settle", WHY))[0], 200)
        await self.gateway.forward()
        status, row = await self.ask(f"/journal/{number}/applied", WHY)
        self.assertEqual((status, row["state"]), (200, "CLOSED"))
        _, page = await self.ask("/audit")
        self.assertEqual(
            [(one["who"], one["what"], one["why"]) for one in page["entries"]],
            [
                ("(admin token)", "journal applied", "it is on the shelf"),
                ("(admin token)", "journal settle", "it is on the shelf"),
                ("Ann (admin token)", "journal retry", "it is on the shelf"),
            ],
        )
        oldest = page["entries"][-1]["number"]
        self.assertEqual((await self.ask(f"/audit?before={oldest}"))[1]["entries"], [])

    async def test_an_action_that_does_not_fit_is_refused(self) -> None:
        number = await self.queued("10001")
        self.assertEqual((await self.ask(f"/journal/{number}/discard", WHY))[0], 409)
        self.assertEqual((await self.ask(f"/journal/{number + 1}/discard", WHY))[0], 404)
        self.assertEqual((await self.ask(f"/journal/{number}/burn", WHY))[0], 404)
        self.assertEqual((await self.ask(f"/journal/{number}/discard"))[0], 405)
        self.assertEqual((await self.ask("/audit", method="DELETE"))[0], 405)
        self.assertEqual((await self.rows())[-1][1], "QUEUED")

    async def test_an_action_without_a_reason_in_json_is_refused(self) -> None:
        number = await self.dead()
        bodies = (b"", b"why", b"[]", b'{"why": ""}', b'{"why": 1}', b'{"why": "x", "who": "y"}', b"[" * 9999)
        for body in (*bodies, json.dumps({"why": "two\nlines"}).encode()):
            self.assertEqual((await self.ask(f"/journal/{number}/discard", body))[0], 400, body)
        self.assertEqual((await self.rows())[-1][1], "DEAD")

    async def test_a_body_of_64_kib_is_read_and_a_longer_one_refused(self) -> None:
        number = await self.dead()
        most = WHY + b" " * (BODY - len(WHY))
        self.assertEqual((await self.ask(f"/journal/{number}/discard", most + b" "))[0], 413)
        self.assertEqual((await self.rows())[-1][1], "DEAD")
        self.assertEqual((await self.ask(f"/journal/{number}/discard", most))[0], 200)

    async def test_a_body_is_json_whatever_its_type_says(self) -> None:
        number = await self.dead()
        for kind in ("application/x-www-form-urlencoded", "multipart/form-data"):
            head = f"content-type: {kind}\r\n"
            answered, _ = await self.ask(f"/journal/{number}/discard", WHY, token="wrong", head=head)
            self.assertEqual(answered, 401)
        head = "content-type: multipart/form-data; boundary=why\r\n"
        self.assertEqual((await self.ask(f"/journal/{number}/discard", WHY, head=head))[0], 200)

    async def test_the_pages_need_the_token(self) -> None:
        number = await self.dead()
        for path, body in (("/journal", None), ("/audit", None), (f"/journal/{number}/discard", WHY)):
            self.assertEqual((await self.ask(path, body, token="wrong"))[0], 401)
        self.guard.token = None
        for path, body in (("/journal", None), ("/audit", None), (f"/journal/{number}/discard", WHY)):
            status, page = await self.ask(path, body)
            self.assertEqual(status, 403)
            self.assertIn("admin.token_file", page["error"])
        self.assertEqual((await self.rows())[-1][1], "DEAD")

    async def test_a_store_that_fails_is_reported_with_503(self) -> None:
        await self.store.close()
        status, page = await self.ask("/journal")
        self.assertEqual(status, 503)
        self.assertIn("the store", page["error"])
