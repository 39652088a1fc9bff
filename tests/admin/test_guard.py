"""The window is for whoever has the token, it bounds how often one may guess, and no browser shows it elsewhere."""

from treq.client import HTTPClient
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.task import Clock
from twisted.internet.threads import deferToThread
from twisted.logger import LogLevel, capturedLogs
from twisted.trial.unittest import TestCase
from twisted.web.client import Agent

from sip2gw.admin.figures import MetricsPage
from sip2gw.admin.guard import Guard
from sip2gw.admin.health import Health, Status, site
from sip2gw.metrics import Metrics
from sip2gw.secret import Secret

from .test_admin_attacks import exchange

TOKEN = "0123456789abcdef" * 2


def warnings(logs) -> list[str]:
    return [event["log_format"].format(**event) for event in logs if event["log_level"] is LogLevel.warn]


class GuardTests(TestCase):
    async def setUp(self) -> None:
        self.clock = Clock()
        self.guard = Guard(Secret(TOKEN), self.clock.seconds)
        self.metrics = Metrics()
        pages = {"metrics": MetricsPage(lambda: self.metrics.registry)}
        health = Health(Status.OK, "1.2.3", terminals=7)
        window = site(lambda: health, pages, self.guard, status=lambda: health.status)
        port = await TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1").listen(window)
        self.addCleanup(port.stopListening)
        self.base = f"http://127.0.0.1:{port.getHost().port}"
        self.client = HTTPClient(Agent(reactor))

    async def ask(self, path: str, token: str | None = None, method: str = "GET"):
        """Status, headers and text."""
        headers = {} if token is None else {"Authorization": f"Bearer {token}"}
        response = await self.client.request(method, self.base + path, headers=headers)
        return response.code, response.headers, await response.text()

    async def test_F95_a_client_without_the_token_is_refused(self) -> None:
        for path in ("/health", "/metrics", "/nothing", "/"):
            for token in (None, TOKEN[:-1], TOKEN.upper(), ""):
                self.guard._wrong.clear()
                code, headers, text = await self.ask(path, token)
                assert (code, text) == (401, '{"error": "a token is needed"}\n')
                assert headers.getRawHeaders("www-authenticate") == ["Bearer"]
        assert (await self.ask("/health", TOKEN))[0] == 200
        for path in ("/health/live", "/health/ready", "/health/ready/"):
            assert (await self.ask(path))[0] == 200

    async def test_F95_without_a_token_this_machine_alone_is_admitted(self) -> None:
        self.guard.token = None
        for path in ("/health", "/metrics"):
            assert (await self.ask(path))[0] == 200
            for said in (
                {"Host": "evil.example"},  # its name leads a browser on this machine here
                {"X-Forwarded-For": "192.0.2.7"},
                {"Via": "1.1 proxy"},
            ):
                response = await self.client.get(self.base + path, headers=said)
                assert response.code == 403, said
                assert "from this machine" in await response.text()
        assert (await self.client.get(f"{self.base}/health/ready", headers={"Host": "10.0.0.11"})).code == 200

    async def test_a_monitor_on_this_machine_that_names_no_host_is_admitted(self) -> None:
        """As HTTP/1.0 allows; a browser always names one."""
        self.guard.token = None
        port = int(self.base.rpartition(":")[2])
        answer = await deferToThread(exchange, port, b"GET /health HTTP/1.0\r\n\r\n")
        assert answer.startswith(b"HTTP/1.0 200 "), answer

    async def test_F95_guessing_gets_nowhere(self) -> None:
        for _ in range(5):
            assert (await self.ask("/health", "guess"))[0] == 401
        assert (await self.ask("/health", "guess"))[0] == 429
        assert (await self.ask("/health/ready"))[0] == 200
        self.clock.advance(59)
        assert (await self.ask("/health", "guess"))[0] == 429
        self.clock.advance(1)
        assert (await self.ask("/health", "guess"))[0] == 401

    async def test_R9_the_right_token_is_right_after_any_number_of_wrong_ones(self) -> None:
        for _ in range(20):
            await self.ask("/health", "guess")
            assert (await self.ask("/health", TOKEN))[0] == 200

    async def test_F95_wrong_tokens_are_logged_sparingly_and_not_quoted(self) -> None:
        with capturedLogs() as logs:
            await self.ask("/health")
            assert not warnings(logs)
            for minute in range(3):
                for _ in range(7):
                    await self.ask("/health", "guess")
                self.clock.advance(60)
                assert len(warnings(logs)) == 5 * (minute + 1)
        for line in warnings(logs):
            assert line == (
                "127.0.0.1 sent a wrong token for the admin pages: give it the token in admin.token_file, "
                "or block that address"
            )

    async def test_F95_no_browser_stores_or_frames_a_page(self) -> None:
        for path, token in (("/health", TOKEN), ("/metrics", TOKEN), ("/health", None), ("/<b>", TOKEN)):
            _, headers, text = await self.ask(path, token)
            for name, value in (
                ("cache-control", "no-store"),
                ("content-security-policy", "default-src 'none'; frame-ancestors 'none'"),
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", "DENY"),
            ):
                assert headers.getRawHeaders(name) == [value], (path, name)
            assert "<b>" not in text

    async def test_prometheus_can_read_the_metrics_page(self) -> None:
        self.metrics.struck("line")
        code, headers, text = await self.ask("/metrics", TOKEN)
        assert code == 200
        assert headers.getRawHeaders("content-type") == ["text/plain; version=0.0.4; charset=utf-8"]
        assert 'sip2gw_limit_strikes_total{limit="line"} 1.0' in text
        assert "process_resident_memory_bytes" in text
        assert (await self.ask("/metrics", TOKEN, "POST"))[0] == 405

    def tearDown(self) -> Deferred[None]:
        done: Deferred[None] = Deferred()
        reactor.callLater(0, done.callback, None)
        return done
