"""Screens: everything is escaped, looks at a person's exchange are audited, lists have their filter in the URL."""

import re

from twisted.internet import reactor
from twisted.internet.defer import Deferred

from board.support import ANSI, HOSTILE, BoardCase, Collected

SCREENS = (
    "", "libraries", "libraries/riverside", "terminals", "terminals/c7f3a", "exchanges", "exchanges/K7Q2", "door",
    "traces", "journal", "configuration", "audit",
)  # fmt: skip


class Screens(BoardCase):
    async def setUp(self) -> None:
        await super().setUp()
        await self.browser.log_in()

    async def test_what_a_terminal_or_a_library_says_is_escaped(self) -> None:
        self.facts.needs = [{"text": HOSTILE, "link": "javascript:alert(1)", "count": 2, "since": 1.0}]
        await self.browser.get(f"/board/audit?who={HOSTILE}")
        for page in SCREENS:
            answer = await self.browser.get(
                f"/board/{page}?told=%3Cscript%3Ealert(1)%3C/script%3E&q=%22%3E%3Cscript%3E"
            )
            assert answer.code == 200, page
            assert answer.header("content-type") == "text/html; charset=utf-8"
            (script,) = re.findall(r"<script[^>]*>", answer.text)
            assert re.fullmatch(r'<script src="/board/static/frame\.js\?[\w.]+" defer>', script)
            assert "javascript:" not in answer.text
            assert "\x1b" not in answer.text
            assert "\x07" not in answer.text

    async def test_a_control_character_is_shown_as_its_number(self) -> None:
        assert r"\x1b[31mHall\x07" in (await self.browser.get("/board/exchanges/K7Q2")).text

    async def test_no_page_has_a_script_a_style_or_a_handler_of_its_own(self) -> None:
        for page in SCREENS:
            text = (await self.browser.get(f"/board/{page}")).text
            assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?! src=)", text), page
            assert not re.search(r"(src|href|action)=\"(https?:)?//", text), page

    async def test_a_look_at_an_exchange_is_audited_before_it_is_shown(self) -> None:
        answer = await self.browser.get("/board/exchanges/K7Q2")
        assert "827d42fb" in answer.text
        assert ("ann", "exchange look", "riverside K7Q2", "") in await self.audited()

    async def test_without_the_audit_no_exchange_is_shown(self) -> None:
        await self.store.change(lambda tx: tx.rows("DROP TABLE audit"))
        answer = await self.browser.get("/board/exchanges/K7Q2")
        assert answer.code == 500
        assert "827d42fb" not in answer.text
        self.flushLoggedErrors()

    async def test_a_card_number_becomes_a_tag_and_stays_out_of_the_url(self) -> None:
        form = {
            "csrf": await self.browser.csrf(),
            "kind": "patron",
            "number": "M-1001",
            "library": "riverside",
        }
        answer = await self.browser.post("/board/exchanges/search", form)
        tag = self.facts.tags.patron("riverside", "M-1001")
        assert answer.code == 303
        assert (
            answer.header("location")
            == f"/board/exchanges?library=riverside&patron={tag.replace(':', '%3A')}"
        )
        await self.browser.get(answer.header("location"))
        assert self.facts.told[-1] == ("exchanges", {"library": "riverside", "patron": tag})
        assert "M-1001" not in repr(await self.audited()) + repr(self.facts.told)
        assert ("ann", "exchange search", f"riverside {tag}", "") in await self.audited()

    async def test_a_search_without_a_number_says_what_is_missing(self) -> None:
        answer = await self.browser.post("/board/exchanges/search", {"csrf": await self.browser.csrf()})
        assert answer.code == 409
        assert "enter the number and the library" in answer.text

    async def test_a_list_has_its_filter_in_the_url_and_as_json(self) -> None:
        path = "/board/exchanges?library=riverside&outcome=refused&unknown=1&json"
        answer = await self.browser.get(path)
        assert answer.header("content-type") == "application/json"
        assert answer.json()["filters"] == {"library": "riverside", "outcome": "refused"}
        assert [one["ref"] for one in answer.json()["rows"]] == ["K7Q2"]
        assert self.facts.told[-1] == ("exchanges", {"library": "riverside", "outcome": "refused"})

    async def test_disconnect_and_trace_are_done_once_and_audited(self) -> None:
        csrf = await self.browser.csrf()
        for deed in ("disconnect", "trace"):
            answer = await self.browser.post(
                f"/board/terminals/c7f3a/{deed}", {"csrf": csrf, "why": "asked for"}
            )
            assert answer.code == 303
            assert [what for what, _ in self.facts.told].count(deed) == 1
            assert ("ann", deed, f"riverside/{ANSI}", "asked for") in await self.audited()
            answer = await self.browser.post(f"/board/terminals/zzzzz/{deed}", {"csrf": csrf, "why": "x"})
            assert answer.code == 404

    async def test_a_trace_is_text_to_save_and_its_look_is_audited(self) -> None:
        answer = await self.browser.get("/board/traces/aa")
        assert (answer.text, answer.header("content-type")) == (
            "> 11 redacted\n",
            "text/plain; charset=utf-8",
        )
        assert answer.header("content-disposition") == 'attachment; filename="trace-aa.txt"'
        assert ("ann", "trace look", "aa", "") in await self.audited()
        assert (await self.browser.get("/board/traces/bb")).code == 404

    async def test_a_message_in_a_url_is_shown_only_if_the_board_made_it(self) -> None:
        form = {"csrf": await self.browser.csrf(), "why": "asked for"}
        done = await self.browser.post("/board/terminals/c7f3a/disconnect", form)
        assert "is disconnected." in (await self.browser.get(done.header("location"))).text
        forged = await self.browser.get("/board/?told=Call%20this%20number&by=" + 32 * "0")
        assert "Call this number" not in forged.text

    async def test_a_reload_without_a_file_says_so(self) -> None:
        csrf = await self.browser.csrf()
        answer = await self.browser.post("/board/configuration/reload", {"csrf": csrf, "why": "x"})
        assert (answer.code, "no configuration file" in answer.text) == (409, True)

    async def test_a_store_that_fails_is_named(self) -> None:
        await self.store.close()
        answer = await self.browser.get("/board/journal")
        assert answer.code in (500, 503)
        self.flushLoggedErrors()

    async def test_odd_requests_get_a_page_and_no_bug(self) -> None:
        for path in ("/board/exchanges/%00%ff", "/board/journal?after=9" + "9" * 30, "/board/audit?after=-1",
                     "/board/exchanges?" + "&".join(f"a{n}=1" for n in range(99)), "/board/" + "x/" * 200):  # fmt: skip
            assert (await self.browser.get(path)).code in (200, 404), path
        assert (await self.browser.send("DELETE", "/board/", None)).code == 405
        assert (await self.browser.send("HEAD", "/board/", None)).text == ""


class JournalScreens(BoardCase):
    async def setUp(self) -> None:
        await super().setUp()
        await self.browser.log_in()
        self.number = await self.store.change(self._a_dead_row)

    def _a_dead_row(self, tx) -> int:
        rows = tx.rows(
            "INSERT INTO journal (library, terminal, method, key, state, told, created, changed, reason) VALUES "
            "('riverside', 'Desk1', 'take_back', 'k1', 'DEAD', 'ok', :now, :now, :why) RETURNING id",
            now=tx.now, why=HOSTILE,
        )  # fmt: skip
        return int(rows[0]["id"])

    async def test_a_row_is_shown_with_a_reason_and_closed_with_one(self) -> None:
        page = await self.browser.get("/board/journal?library=riverside")
        assert "DEAD" in page.text
        path, csrf = f"/board/journal/{self.number}", page.csrf
        assert (await self.browser.post(path, {"csrf": csrf, "why": ""})).code == 409
        shown = await self.browser.post(path, {"csrf": csrf, "why": "member asks"})
        assert (shown.code, "Its content is deleted" in shown.text) == (200, True)
        form = {"csrf": csrf, "why": "it is on the shelf", "deed": "applied"}
        assert (await self.browser.post(f"{path}/do", form)).code == 303
        assert "no row" in (await self.browser.get("/board/journal")).text.lower()
        done = [(who, what, why) for who, what, _, why in await self.audited()]
        assert ("ann", "journal reveal", "member asks") in done
        assert ("ann", "journal applied", "it is on the shelf") in done

    async def test_a_row_is_not_shown_by_a_link_in_a_page(self) -> None:
        assert (await self.browser.get(f"/board/journal/{self.number}")).code == 404
        assert not any(what == "journal reveal" for _, what, _, _ in await self.audited())


class StreamCase(BoardCase):
    async def setUp(self) -> None:
        await super().setUp()
        await self.browser.log_in()

    async def listen(self, path: str) -> Collected:
        collected = Collected()
        await self.browser.stream(path, collected)
        self.addCleanup(lambda: collected.transport and collected.transport.loseConnection())
        return collected

    async def test_a_page_is_made_once_for_all_who_look(self) -> None:
        streams = [await self.listen("/board/events/exchanges") for _ in range(20)]
        for one in streams:
            await one.until("K7Q2")
        assert len(self.board._streams) == 20
        assert self.board._streams.renderings < 5

    async def test_an_event_is_escaped_and_whole(self) -> None:
        self.facts.needs = [{"text": "\n\ndata: " + HOSTILE, "link": "", "count": 1}]
        stream = await self.listen("/board/events/now")
        await stream.until("How it is")
        assert "<script" not in stream.text
        lines = [line for line in stream.text.splitlines() if line]
        assert all(line.startswith(("data: ", "retry: ", ":")) for line in lines)

    async def test_a_stream_ends_with_its_session(self) -> None:
        stream = await self.listen("/board/events/now")
        await stream.until("How it is")
        ended: Deferred[None] = Deferred()
        stream.connectionLost = lambda _: ended.callback(None)
        self.board.entrance.sessions.end_of(lambda _: True)
        await ended.addTimeout(20, reactor)
        assert len(self.board._streams) == 0

    async def test_more_streams_than_the_most_are_refused(self) -> None:
        from sip2gw.pages import streams

        self.patch(streams, "MOST", 1)
        await self.listen("/board/events/now")
        answer = await self.browser.get("/board/events/now")
        assert answer.code == 503
