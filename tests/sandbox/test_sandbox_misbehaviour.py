"""Each misbehaviour over a real socket: what the client sees, and whether the effect took place."""

from __future__ import annotations

import json
from typing import Any

import pytest
from sandbox_support import library
from treq.client import HTTPClient
from twisted.internet import reactor
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase, TestCase
from twisted.web.client import Agent, HTTPConnectionPool, ResponseFailed
from twisted.web.http import PotentialDataLoss

from sip2gw.sandbox import Problem, Sandbox
from sip2gw.sandbox.misbehaviour import KINDS, Misbehaviours

LOAN = {"member_no": "A1", "identifier": "1"}


class SocketTests(TestCase):
    """A sandbox on a port of this machine."""

    timeout = 120

    def setUp(self) -> None:
        self.sandbox = Sandbox({"libraries": [library(), library(nickname="elm")]})
        self.addCleanup(self.sandbox.close)
        self.port: Any = reactor.listenTCP(0, self.sandbox.site(), interface="127.0.0.1")
        self.addCleanup(self.port.stopListening)
        pool = HTTPConnectionPool(reactor, persistent=False)
        self.client = HTTPClient(Agent(reactor, pool=pool, connectTimeout=5))

    def url(self, path: str) -> str:
        return f"http://127.0.0.1:{self.port.getHost().port}{path}"

    async def ask(self, method: str, path: str, body: Any = None, token: str = "", **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        response = await self.client.request(
            method, self.url(path), json=body, headers=headers, allow_redirects=False, **more
        )
        return response, await response.content()

    async def sign_in(self, nickname: str = "oak") -> str:
        account = {"username": "kiosk", "password": "secret", "scope": "sip2"}
        _, text = await self.ask("POST", f"/{nickname}/api/v1/auth/tokens", account)
        return str(json.loads(text)["access_token"])

    async def lend(self, token: str, **more: Any) -> Any:
        return await self.ask("POST", "/oak/api/v1/loans", LOAN, token, **more)

    def loans(self) -> int:
        return len(self.sandbox.ledger())

    async def lost(self, attempt: Any) -> None:
        """The attempt ends without a whole answer."""
        try:
            await attempt
        except (ResponseFailed, ConnectionDone, ConnectionLost, PotentialDataLoss):
            return
        self.fail("it was answered")

    async def test_a_request_that_is_lost_before_its_effect_has_none(self) -> None:
        token = await self.sign_in()
        for what in ("reset_before", "refuse"):
            self.sandbox.misbehave(what, endpoint="issue", times=1)
            await self.lost(self.lend(token))
        assert self.loans() == 0
        assert (await self.lend(token))[0].code == 200

    async def test_an_answer_that_is_lost_after_the_effect_leaves_it(self) -> None:
        token = await self.sign_in()
        for what in ("reset_after_commit", "cut_body"):
            self.sandbox.forget()
            self.sandbox.misbehave(what, endpoint="issue", times=1)
            await self.lost(self.lend(token))
            assert self.loans() == 1, what
            await self.ask("POST", "/oak/api/v1/returns", {"identifier": "1"}, token)

    async def test_a_hanging_request_is_never_answered(self) -> None:
        token = await self.sign_in()
        for what, loans in (("hang", 0), ("hang_after_commit", 1)):
            self.sandbox.misbehave(what, method="POST", endpoint="issue", times=1)
            waiting = self.client.post(
                self.url("/oak/api/v1/loans"), json=LOAN, headers={"Authorization": f"Bearer {token}"}
            )
            while self.sandbox.requests("oak").get("oak", {}).get("issue", 0) <= loans:
                # Another whole exchange: the one that hangs has been read by then.
                await self.ask("GET", "/oak/api/v1/health")
            assert self.loans() == loans, what
            waiting.addErrback(lambda _: None)
            waiting.cancel()

    async def test_a_refused_connection_is_closed_at_once(self) -> None:
        self.sandbox.misbehave("refuse", times=2)
        for _ in range(2):
            await self.lost(self.ask("GET", "/oak/api/v1/health"))
        assert (await self.ask("GET", "/oak/api/v1/health"))[0].code == 200
        assert self.sandbox.requests() == {"oak": {"get_health": 1}}

    async def test_wrong_answers_are_sent_as_the_rule_has_them(self) -> None:
        token = await self.sign_in()
        for what, how, code, effect in (
            ("error", {}, 500, False),
            ("error", {"status": 503, "body": "down"}, 503, False),
            ("error_after_commit", {"status": 502}, 502, True),
            ("unauthorized", {}, 401, False),
            ("rate_limited", {"retry_after": 7}, 429, False),
            ("redirect", {"location": "http://evil.invalid/"}, 302, False),
            ("garbage", {}, 200, True),
            ("wrong_type", {}, 200, True),
            ("wrong_type", {"body": '{"id": NaN}'}, 200, True),
            ("huge_headers", {"size": 5000}, 200, True),
            ("slow", {"seconds": 0.01}, 200, True),
            ("late_commit", {"seconds": 0.01}, 200, True),
            ("slow_body", {"seconds": 0.00001}, 200, True),
        ):
            self.sandbox.reset()
            token = await self.sign_in()
            self.sandbox.misbehave(what, endpoint="issue", times=1, **how)
            response, text = await self.lend(token)
            assert (response.code, self.loans()) == (code, int(effect)), what
            if what == "rate_limited":
                assert response.headers.getRawHeaders("retry-after") == ["7"]
            if what == "redirect":
                assert response.headers.getRawHeaders("location") == ["http://evil.invalid/"]
            if what in ("garbage", "wrong_type"):
                assert b'"status"' not in text
            if what in ("slow", "late_commit", "slow_body"):
                assert json.loads(text)["status"] == "Issued"
            assert (await self.ask("GET", "/oak/api/v1/health"))[0].code == 200

    async def test_a_huge_body_is_json_of_the_requested_length(self) -> None:
        token = await self.sign_in()
        self.sandbox.misbehave("huge_body", endpoint="find_member", size=3 << 20)
        response, text = await self.ask("POST", "/oak/api/v1/members/find", {"member_no": "A1"}, token)
        assert (response.code, len(text), json.loads(text)) == (200, 3 << 20, 1)

    async def test_a_late_commit_comes_after_the_client_has_gone(self) -> None:
        token = await self.sign_in()
        self.sandbox.misbehave("late_commit", endpoint="issue", seconds=0.2, times=1)
        waiting = self.client.post(
            self.url("/oak/api/v1/loans"), json=LOAN, headers={"Authorization": f"Bearer {token}"}
        )
        while "issue" not in self.sandbox.requests().get("oak", {}):
            await self.ask("GET", "/oak/api/v1/health")
        waiting.addErrback(lambda _: None)
        waiting.cancel()
        assert self.loans() == 0
        while not self.loans():
            await self.ask("GET", "/oak/api/v1/health")
        assert self.sandbox.ledger()[0]["kind"] == "loan"

    async def test_a_rule_for_one_library_leaves_another_alone(self) -> None:
        self.sandbox.misbehave("error", library="oak")
        assert (await self.ask("GET", "/oak/api/v1/health"))[0].code == 500
        assert (await self.ask("GET", "/elm/api/v1/health"))[0].code == 200
        self.sandbox.behave()
        assert (await self.ask("GET", "/oak/api/v1/health"))[0].code == 200


class RuleTests(SynchronousTestCase):
    """Which rule applies, and how often."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.rules = Misbehaviours(self.clock)

    def picked(self, library: str = "oak", operation: str = "get_library", method: str = "GET") -> str | None:
        rule = self.rules.pick(library, operation, method)
        return None if rule is None else rule.what

    def test_a_rule_matches_library_operation_and_method(self) -> None:
        self.rules.add({"what": "slow", "library": "oak", "endpoint": "get_library"})
        self.rules.add({"what": "hang", "method": "POST"})
        assert self.picked() == "slow"
        assert self.picked("elm") is None
        assert self.picked("elm", "create_token", "POST") == "hang"

    def test_the_oldest_rule_applies_until_it_is_used_up(self) -> None:
        self.rules.add({"what": "slow", "times": 2})
        self.rules.add({"what": "hang"})
        assert [self.picked() for _ in range(4)] == ["slow", "slow", "hang", "hang"]

    def test_a_refusal_ends_after_its_seconds(self) -> None:
        self.rules.add({"what": "refuse", "seconds": 5})
        self.clock.advance(4.9)
        assert self.rules.refuses()
        self.clock.advance(0.1)
        assert not self.rules.refuses()

    def test_a_refusal_for_one_library_leaves_connections_open(self) -> None:
        self.rules.add({"what": "refuse", "library": "oak"})
        assert not self.rules.refuses()
        assert self.picked() == "refuse"

    def test_a_rule_with_an_unknown_value_is_refused(self) -> None:
        for what in KINDS:
            self.rules.add({"what": what})
        for wrong in (
            {"what": "explode"},
            {},
            {"what": "slow", "endpoint": "fly"},
            {"what": "slow", "seconds": -1},
            {"what": "slow", "seconds": "1"},
            {"what": "slow", "times": True},
            {"what": "error", "status": 99},
            {"what": "redirect", "location": "a\nb"},
            {"what": "slow", "colour": "red"},
        ):
            with pytest.raises(Problem) as caught:
                self.rules.add(wrong)
            assert caught.value.code == "validation_failed", wrong
