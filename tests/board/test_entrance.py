"""Who sees the board: accounts, sessions, forms of other sites, proxies, links, and strangers, who see nothing."""

from ipaddress import ip_network

from attrs import evolve

from board.support import PASSWORD, BoardCase, Browser
from sip2gw.board import entrance, operators, sessions
from sip2gw.board.sessions import Sessions, Visitor

PAGES = (
    "", "libraries", "libraries/riverside", "libraries/nothing", "terminals", "terminals/c7f3a", "exchanges", "door",
    "exchanges/K7Q2", "journal", "configuration", "audit", "nothing", "events/now", "events/nothing", "a/b/c",
)  # fmt: skip


class Strangers(BoardCase):
    async def test_a_stranger_gets_one_answer_under_every_path(self) -> None:
        seen = set()
        for page in PAGES:
            for method in ("GET", "POST"):
                answer = await self.browser.send(method, f"/board/{page}", None)
                body = answer.text.replace(f'value="/board/{page}"', 'value="/board/"')
                assert answer.code == 401
                assert answer.header("location") is None
                assert "riverside" not in body.replace("/board/", "")
                seen.add(body)
        assert len(seen) == 1
        assert self.facts.told == []

    async def test_every_answer_has_the_strict_headers(self) -> None:
        await self.browser.log_in()
        for page in ("/board/", "/board/login", "/board/static/board.css", "/board/nothing"):
            answer = await self.browser.get(page)
            policy = answer.header("content-security-policy")
            assert policy.startswith("default-src 'self'; base-uri 'none'")
            assert "unsafe" not in policy
            assert answer.header("x-content-type-options") == "nosniff"
            assert answer.header("referrer-policy") == "no-referrer"
            assert answer.header("server") is None
        assert (await self.browser.get("/board/")).header("cache-control") == "no-store"

    async def test_the_admin_token_does_not_open_the_board(self) -> None:
        token = {"authorization": "Bearer " + "x" * 32}
        assert (await self.browser.get("/board/", **token)).code == 401
        assert (await self.browser.get("/health", **token)).code == 200

    async def test_a_doubled_slash_does_not_pass_the_guard(self) -> None:
        for path in (
            "//board/../health",
            "/board/../health",
            "/%62oard%2f..%2fhealth",
            "//health",
            "/Board/",
        ):
            assert (await self.browser.get(path)).code in (401, 404), path

    async def test_a_body_that_is_too_long_is_refused(self) -> None:
        assert (await self.browser.post("/board/login", {"name": "a" * 70_000})).code == 413

    async def test_a_static_file_outside_its_folder_is_not_served(self) -> None:
        for name in ("../web.py", "%2e%2e%2fweb.py", "board.py", ".css", ""):
            assert (await self.browser.get(f"/board/static/{name}")).code in (401, 404)


class Logins(BoardCase):
    async def test_a_right_password_opens_the_board_and_is_audited(self) -> None:
        answer = await self.browser.post(
            "/board/login", {"name": "ann", "password": PASSWORD, "to": "/board/door"}
        )
        assert (answer.code, answer.header("location")) == (303, "/board/door")
        assert "HttpOnly; SameSite=Strict" in answer.header("set-cookie")
        assert (await self.browser.get("/board/door")).code == 200
        assert (await self.browser.get("/board/login")).header("location") == "/board/"
        assert ("ann", "login", "127.0.0.1", "") in await self.audited()

    async def test_a_wrong_password_and_an_unknown_name_look_alike(self) -> None:
        wrong = await self.browser.log_in(password="wrong")
        unknown = await self.browser.log_in(name="bob")
        assert (wrong.code, wrong.text) == (unknown.code, unknown.text)
        assert wrong.code == 401
        assert self.browser.cookie == ""

    async def test_many_wrong_passwords_have_to_wait_from_one_network(self) -> None:
        for _ in range(entrance.PER_NETWORK.free):
            assert (await self.browser.log_in(password="wrong")).code == 401
        refused = await self.browser.log_in(password="wrong")
        assert refused.code == 429
        assert "Too many tries" in refused.text

    async def test_guesses_of_others_do_not_lock_an_operator_out(self) -> None:
        self.browser.headers = {"x-forwarded-for": "192.0.2.1"}
        assert (await self.browser.log_in()).code == 303
        other = Browser(self.base)
        for number in range(entrance.PER_NAME.free):
            other.headers = {"x-forwarded-for": f"198.51.100.{number}"}
            refused = await other.log_in(password="wrong")
        assert refused.code == 401
        assert (await other.log_in(password="wrong")).code == 429
        assert (await self.browser.log_in()).code == 303

    async def test_a_name_that_leads_elsewhere_leads_to_the_first_page(self) -> None:
        for to in (
            "https://evil.example/",
            "//evil.example",
            "/board/..//evil.example",
            "/board/logout",
            "/metrics",
        ):
            form = {"name": "ann", "password": PASSWORD, "to": to}
            assert (await self.browser.post("/board/login", form)).header("location") == "/board/"

    async def test_a_login_form_of_another_site_is_refused(self) -> None:
        form = {"name": "ann", "password": PASSWORD}
        for headers in ({"sec_fetch_site": "cross-site"}, {"origin": "https://evil.example"}):
            assert (await self.browser.post("/board/login", form, **headers)).code == 403
        assert self.browser.cookie == ""

    async def test_a_cookie_is_secure_by_any_name_but_this_machines(self) -> None:
        self.browser.headers = {"host": "board.example.org"}
        answer = await self.browser.log_in()
        assert answer.header("set-cookie").startswith("__Host-sip2gw=")
        assert answer.header("set-cookie").endswith("; Secure")
        assert (await self.browser.get("/board/")).code == 200

    async def test_a_removed_account_loses_its_sessions(self) -> None:
        await self.browser.log_in()
        await self.store.change(lambda tx: operators.remove(tx, "ann"))
        self.board.entrance.forget()
        assert (await self.browser.get("/board/")).code in (200, 401)
        assert len(self.board.entrance.sessions) == 0

    async def test_logging_out_ends_the_session(self) -> None:
        await self.browser.log_in()
        kept, csrf = self.browser.cookie, await self.browser.csrf()
        assert (await self.browser.post("/board/logout", {"csrf": csrf})).code == 303
        self.browser.cookie = kept
        assert (await self.browser.get("/board/")).code == 401


class Forms(BoardCase):
    async def test_a_form_without_the_sessions_token_does_nothing(self) -> None:
        await self.browser.log_in()
        path = "/board/terminals/c7f3a/disconnect"
        for form in ({}, {"csrf": ""}, {"csrf": "x"}, {"csrf": "\N{SNOWMAN}"}):
            assert (await self.browser.post(path, {**form, "why": "test"})).code == 403
        csrf = await self.browser.csrf()
        other = await self.browser.post(path, {"csrf": csrf, "why": "test"}, sec_fetch_site="cross-site")
        assert other.code == 403
        assert "disconnect" not in {what for what, _ in self.facts.told}

    async def test_a_token_of_another_session_is_refused(self) -> None:
        await self.browser.log_in()
        other = Browser(self.base)
        await other.log_in()
        form = {"csrf": await other.csrf(), "why": "test"}
        assert (await self.browser.post("/board/terminals/c7f3a/disconnect", form)).code == 403


class OnThisMachine(BoardCase):
    accounts = False

    async def test_without_an_account_this_machine_may_read_and_not_act(self) -> None:
        answer = await self.browser.get("/board/terminals/c7f3a")
        assert answer.code == 200
        assert "read-only" in answer.text
        assert "Disconnect" not in answer.text

    async def test_a_client_behind_a_proxy_is_not_on_this_machine(self) -> None:
        for header in ("x_forwarded_for", "forwarded", "via", "x_real_ip", "x_forwarded_user"):
            assert (await self.browser.get("/board/", **{header: "ann"})).code == 401
        assert (await self.browser.get("/board/", host="evil.example")).code == 401

    async def test_the_first_account_closes_the_board_to_others(self) -> None:
        assert (await self.browser.get("/board/")).code == 200
        await self.store.change(lambda tx: operators.keep(tx, "ann", "x"))
        self.board.entrance.forget()
        assert (await self.browser.get("/board/")).code == 401


class BehindAProxy(BoardCase):
    admin = evolve(BoardCase.admin, proxy_users=(ip_network("127.0.0.0/8"),))

    async def test_a_listed_proxy_names_the_person(self) -> None:
        answer = await self.browser.get("/board/terminals/c7f3a", x_forwarded_user="carol")
        assert (answer.code, "carol" in answer.text) == (200, True)
        form = {"csrf": answer.csrf, "why": "moved"}
        done = await self.browser.post("/board/terminals/c7f3a/disconnect", form, x_forwarded_user="carol")
        assert done.code == 303
        assert ("carol", "disconnect", "riverside/\x1b[31mHall\x07", "moved") in await self.audited()
        assert (await self.browser.get("/board/")).code == 401

    async def test_a_name_that_is_not_one_is_refused(self) -> None:
        for name in ("", "<b>", "a b", "x" * 65):
            assert (await self.browser.get("/board/", x_forwarded_user=name)).code == 401


class BehindAnUnlistedProxy(BoardCase):
    admin = evolve(BoardCase.admin, proxy_users=(ip_network("192.0.2.0/24"),))

    async def test_a_name_from_an_unlisted_address_is_not_believed(self) -> None:
        assert (await self.browser.get("/board/", x_forwarded_user="carol")).code == 401


class Links(BoardCase):
    async def followed(self) -> tuple[Browser, str]:
        """Return the browser of a library's staff, and the link's secret."""
        await self.browser.log_in()
        form = {"csrf": await self.browser.csrf()}
        made = await self.browser.post("/board/libraries/riverside/link", form)
        secret = made.text.partition("/board/link#")[2].partition('"')[0]
        staff = Browser(self.base)
        answer = await staff.post("/board/link", {"secret": secret})
        assert (answer.code, answer.header("location")) == (303, "/board/")
        return staff, secret

    async def test_a_link_shows_its_library_alone(self) -> None:
        staff, _ = await self.followed()
        assert (await staff.get("/board/")).header("location") == "/board/libraries/riverside"
        for path in ("libraries/riverside", "terminals/c7f3a", "exchanges/K7Q2", "terminals", "exchanges"):
            answer = await staff.get(f"/board/{path}")
            assert answer.code == 200
            assert "hillside" not in answer.text
        listed = (await staff.get("/board/exchanges?json=1&library=hillside")).json()
        assert {one["library"] for one in listed["rows"]} == {"riverside"}

    async def test_a_link_opens_nothing_of_other_libraries(self) -> None:
        staff, _ = await self.followed()
        for path in ("libraries/hillside", "terminals/aaaaa", "exchanges/Z9Z9", "libraries", "door", "journal",
                     "audit", "configuration"):  # fmt: skip
            answer = await staff.get(f"/board/{path}")
            assert answer.code == 404
            assert "hillside" not in answer.text
        assert (await staff.get("/board/events/exchanges")).code == 401
        form = {"csrf": (await staff.get("/board/exchanges")).csrf, "why": "x"}
        assert (await staff.post("/board/terminals/c7f3a/disconnect", form)).code == 403

    async def test_a_revoked_link_is_closed_at_once(self) -> None:
        staff, secret = await self.followed()
        page = await self.browser.get("/board/libraries/riverside")
        link = page.text.partition("/board/links/")[2].partition("/")[0]
        await self.browser.post(f"/board/links/{link}/revoke", {"csrf": page.csrf})
        assert (await staff.get("/board/exchanges")).code == 401
        assert (await staff.post("/board/link", {"secret": secret})).code == 401

    async def test_the_secret_of_a_link_is_not_in_the_store(self) -> None:
        _, secret = await self.followed()
        rows = await self.store.read(
            lambda tx: (tx.rows("SELECT * FROM board_links"), tx.rows("SELECT * FROM audit"))
        )
        assert secret not in repr(rows)


def test_a_session_ends_after_eight_hours_without_a_request():
    now = [0.0]
    kept = Sessions(lambda: now[0])
    token = kept.begin(Visitor("ann"))
    now[0] = sessions.IDLE - 1
    assert kept.find(token) is not None
    now[0] += sessions.IDLE - 1
    assert kept.find(token, heard=False) is not None
    now[0] += 1
    assert kept.find(token) is None
    assert len(kept) == 0


def test_a_session_is_found_by_its_token_alone():
    kept = Sessions(lambda: 0.0)
    tokens = [kept.begin(Visitor(str(n))) for n in range(sessions.MOST + 1)]
    assert kept.find(tokens[0]) is None
    assert kept.find(tokens[-1]).name == str(sessions.MOST)
    assert kept.find("") is None
    held = repr(vars(kept))
    assert not any(token in held for token in tokens)
