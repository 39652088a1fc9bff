"""The pages under /api on real sockets: the token, the machine, bodies, and what is in the audit table."""

from __future__ import annotations

import json
import socket
from typing import Any

from record.room import CHECKOUT, LOGIN, Room
from twisted.internet import reactor
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.threads import deferToThread
from twisted.trial.unittest import TestCase

from sip2gw.admin.api import API
from sip2gw.admin.guard import Guard
from sip2gw.admin.health import Health, Status, site
from sip2gw.secret import Secret
from sip2gw.store.port import StoreFailed
from sip2gw.wiring.recording import alone

TOKEN = "t" * 32
CARD = "M-1001"


def fetched(port: int, request: bytes) -> tuple[int, dict[bytes, bytes], bytes]:
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(request)
        said = b"".join(iter(lambda: client.recv(65536), b""))
    head, _, body = said.partition(b"\r\n\r\n")
    status, *lines = head.split(b"\r\n")
    headers = dict(line.lower().split(b": ", 1) for line in lines)
    return int(status.split()[1]), headers, body


class Pages(TestCase):
    async def setUp(self) -> None:
        self.room = Room()
        self.addCleanup(self.room.sandbox.close)
        self.entered: list[tuple[str, ...]] = []
        self.broken = False
        self.guard = Guard(Secret(TOKEN))
        self.joined_record = alone(self.room.record)
        page = API(self.guard, self.joined_record, self.enter)
        window = site(
            lambda: Health(Status.OK, "1", terminals=0), {"api": page}, self.guard, status=lambda: Status.OK
        )
        port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(window)
        self.addCleanup(port.stopListening)
        self.port = port.getHost().port
        self.room.say(LOGIN)
        self.room.say(CHECKOUT)

    async def enter(self, *entry: str) -> None:
        if self.broken:
            raise StoreFailed("full", "the disk is full")
        self.entered.append(entry)

    async def ask(
        self, path: str, said: Any = None, *, token: str = TOKEN, host: str = "localhost", method: str = ""
    ) -> tuple[int, Any]:
        body = b"" if said is None else said if isinstance(said, bytes) else json.dumps(said).encode()
        method = method or ("GET" if said is None else "POST")
        head = f"{method} /api/{path} HTTP/1.1\r\nhost: {host}\r\nx-operator: ann\r\n"
        head += f"authorization: Bearer {token}\r\n" if token else ""
        head += f"content-length: {len(body)}\r\n\r\n" if said is not None else "\r\n"
        code, self.headers, answer = await deferToThread(fetched, self.port, head.encode() + body)
        text = self.headers.get(b"content-type", b"").startswith(b"text/plain")
        return code, answer.decode() if text or not answer else json.loads(answer)

    async def test_each_page_answers_with_the_token_alone(self) -> None:
        for path in ("now", "libraries", "libraries/riverside", "terminals", "exchanges", "door", "traces"):
            assert (await self.ask(path))[0] == 200, path
            assert (await self.ask(path, token=""))[0] in (401, 429)
            assert (await self.ask(path, token="wrong"))[0] in (401, 429)
        assert self.headers[b"cache-control"] == b"no-store"

    async def test_what_is_not_there_is_a_404_and_nonsense_a_400(self) -> None:
        for path in (
            "",
            "nothing",
            "libraries/nowhere",
            "terminals/zzzzz",
            "exchanges/0000",
            "traces/none",
            "x" * 300,
        ):
            assert (await self.ask(path))[0] == 404, path
        for path in ("exchanges?card=1", "exchanges?limit=0", "terminals?state=odd"):
            code, said = await self.ask(path)
            assert (code, list(said)) == (400, ["error"])
        assert (await self.ask("now", method="PUT"))[0] == 405
        for body in (b"{", b"[]", b'{"why": 1}', b"[" * 10_000):
            assert (await self.ask("traces", body))[0] == 400

    async def test_without_a_token_this_machine_alone_looks_and_changes_nothing(self) -> None:
        self.guard.token = None
        assert (await self.ask("now", token=""))[0] == 200
        assert (await self.ask("now", token="", host="evil.example"))[0] == 403
        assert (await self.ask("traces", {"library": "riverside", "why": "x"}, token=""))[0] == 403
        assert self.entered == []

    async def test_a_disconnect_is_in_the_audit_table_and_needs_a_reason(self) -> None:
        conn = (await self.ask("terminals"))[1]["rows"][0]["conn"]
        assert (await self.ask(f"terminals/{conn}/disconnect", {}))[0] == 400
        assert not self.room.transport.disconnecting
        assert await self.ask(f"terminals/{conn}/disconnect", {"why": "a spare"}) == (200, {"done": True})
        assert self.room.transport.disconnecting
        assert self.entered == [("ann (admin token)", "disconnect", "riverside/Desk", "a spare")]

    async def test_nothing_is_done_that_can_not_be_entered_in_the_audit_table(self) -> None:
        self.broken = True
        conn = (await self.ask("terminals"))[1]["rows"][0]["conn"]
        assert (await self.ask(f"terminals/{conn}/disconnect", {"why": "a spare"}))[0] == 503
        assert not self.room.transport.disconnecting
        assert (await self.ask("traces", {"library": "riverside", "why": "x"}))[0] == 503
        assert (await self.ask("traces"))[1] == {"rows": []}

    async def test_a_look_at_an_exchange_and_a_search_are_in_the_audit_table(self) -> None:
        wanted = {"kind": "patron", "library": "riverside", "number": CARD}
        code, found = await self.ask("exchanges/search", wanted)
        assert code == 200
        ref = found["rows"][0]["ref"]
        assert (await self.ask(f"exchanges/{ref}"))[1]["api"]
        assert [entry[1:3] for entry in self.entered] == [
            ("exchange search", f"riverside {found['tag']}"), ("exchange look", f"riverside {ref}"),
        ]  # fmt: skip
        assert CARD not in str(self.entered)

    async def test_a_trace_is_begun_fetched_as_text_and_ended(self) -> None:
        assert (await self.ask("traces", {"why": "x"}))[0] == 400
        begun = (await self.ask("traces", {"library": "riverside", "patron": CARD, "why": "a lost book"}))[1]
        self.room.say(CHECKOUT)
        code, text = await self.ask(f"traces/{begun['trace']}")
        assert code == 200
        assert " > 11" in text
        assert CARD not in text
        assert (await self.ask(f"traces/{begun['trace']}/stop", {}))[0] == 200
        assert CARD not in str(self.entered)
        assert ("trace", "riverside one patron", "a lost book") in [entry[1:] for entry in self.entered]

    async def test_a_body_that_is_long_is_refused_unread(self) -> None:
        head = f"POST /api/traces HTTP/1.1\r\nhost: a\r\nauthorization: Bearer {TOKEN}\r\ncontent-length: 70000\r\n\r\n"
        assert (await deferToThread(fetched, self.port, head.encode()))[0] == 413
        get = "GET /api/now HTTP/1.1\r\nhost: a\r\ncontent-length: 1\r\n\r\n"
        assert (await deferToThread(fetched, self.port, get.encode()))[0] == 413

    async def test_a_warning_of_another_process_needs_a_person(self) -> None:
        self.joined_record._warnings = lambda: ["the file was refused"]
        [need] = (await self.ask("now"))[1]["needs"]
        assert need["text"] == "The file was refused."

    async def test_head_has_no_body(self) -> None:
        assert await self.ask("now", method="HEAD") == (200, "")
