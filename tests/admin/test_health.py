"""Health answers in JSON, with a status that a load balancer understands, and says nothing of anybody."""

import json

from attrs import evolve
from treq.client import HTTPClient
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.logger import capturedLogs
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent

from sip2gw.admin.health import Health, Status, site


class HealthTests(TestCase):
    async def setUp(self) -> None:
        self.health = Health(Status.OK, "1.2.3", terminals=7, listening=("127.0.0.1:6009",))
        port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(
            site(lambda: self.health, status=lambda: self.health.status)
        )
        self.addCleanup(port.stopListening)
        self.base = f"http://127.0.0.1:{port.getHost().port}"
        self.client = HTTPClient(Agent(reactor))

    async def ask(self, path: str, method: str = "GET"):
        """Status, headers and body."""
        response = await self.client.request(method, self.base + path, unbuffered=True)
        body = await response.content()
        assert response.headers.getRawHeaders("content-type") == ["application/json"]
        return response, json.loads(body) if body else None

    async def test_figures(self) -> None:
        response, body = await self.ask("/health")
        assert response.code == 200
        assert body == {
            "status": "ok",
            "version": "1.2.3",
            "terminals": 7,
            "listening": ["127.0.0.1:6009"],
            "warnings": [],
            "back_ends": [],
        }
        assert response.headers.getRawHeaders("cache-control") == ["no-store"]

    async def test_health_is_collected_at_each_request(self) -> None:
        await self.ask("/health")
        self.health = evolve(self.health, terminals=8)
        assert (await self.ask("/health"))[1]["terminals"] == 8

    async def test_ready_only_while_terminals_should_come(self) -> None:
        for status, code in ((Status.STARTING, 503), (Status.OK, 200), (Status.STOPPING, 503)):
            self.health = evolve(self.health, status=status)
            response, body = await self.ask("/health/ready")
            assert (response.code, body) == (code, {"status": status.value})
            assert (await self.ask("/health"))[0].code == code
            response, body = await self.ask("/health/live")
            assert (response.code, body) == (200, {"status": "ok"})

    async def test_a_slash_at_the_end_means_nothing(self) -> None:
        assert (await self.ask("/health/"))[0].code == 200
        assert (await self.ask("/health/live/"))[0].code == 200

    async def test_head(self) -> None:
        with capturedLogs() as logs:
            response, body = await self.ask("/health", "HEAD")
        assert (response.code, body) == (200, None)
        assert int(response.headers.getRawHeaders("content-length")[0]) > 50
        assert not [event for event in logs if "Warning" in str(event.get("log_format"))]

    async def test_an_unknown_page_is_not_found(self) -> None:
        for path in (
            "/",
            "/healthy",
            "/health/x",
            "/health/live/x",
            "/health//",
            "/x/health",
            "/%2e%2e/health",
        ):
            response, body = await self.ask(path)
            assert (response.code, body) == (404, {"error": "not found"}), path
            assert (await self.ask(path, "POST"))[0].code == 404

    async def test_health_accepts_only_get_and_head(self) -> None:
        for path in ("/health", "/health/live", "/health/ready"):
            for method in ("POST", "PUT", "DELETE", "OPTIONS"):
                response, body = await self.ask(path, method)
                assert (response.code, body) == (405, {"error": "method not allowed"})
                assert response.headers.getRawHeaders("allow") == ["GET, HEAD"]

    async def test_no_request_is_logged(self) -> None:
        with capturedLogs() as logs:
            await self.ask("/health?patron=M-1001")
        assert not [event for event in logs if "M-1001" in str(event)]

    def tearDown(self) -> Deferred[None]:
        # The connections are closed by the client; give the server's side its turn to notice.
        done: Deferred[None] = Deferred()
        reactor.callLater(0, done.callback, None)
        return done
