"""A real process in the operator's hands: told to stop, to hurry, to read its file again."""

import json
import re
import resource
import signal
import time
from contextlib import ExitStack

import pytest

from sip2gw.wiring.reloading import PAUSE

from .processes import Gateway
from .terminal import checkout, login, patron, status
from .waiting import wait_until

ON_OPEN = (("AO", "openall"),)
OPEN = "kiosk@openall.example:open-secret"
CROWD = """
[limits]
strangers_per_address = 1000
"""
STOPPING = """
[limits]
strangers = 1000
strangers_per_address = 1000
connections_per_address = 1000
drain_spread = 0.3
close_deadline = 20  # we hear of it one terminal after the other
"""


@pytest.fixture
def gateway(demo, tmp_path):
    """Starts a gateway in front of the demo's sandbox."""
    demo.reset()
    started = []

    def start(more: str = "", **how: tuple[str, ...]) -> Gateway:
        started.append(Gateway.start(tmp_path, demo.port, more, **how))
        return started[-1]

    yield start
    demo.behave()
    for one in started:
        one.process.kill()


def test_F88_sigterm_loses_no_answer(gateway, demo):
    few, most = resource.getrlimit(resource.RLIMIT_NOFILE)  # of us; the gateway sees to its own
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(few, min(most, 2000)) if most > 0 else few, most))
    gateway = gateway(STOPPING)
    with ExitStack() as stack:
        idle = [stack.enter_context(gateway.terminal()) for _ in range(800)]
        busy = [stack.enter_context(gateway.terminal(tls=number % 40 == 0)) for number in range(200)]
        assert all(terminal.log_in(OPEN, "openall").ok for terminal in busy)
        demo.misbehave(what="slow", endpoint="find_member", seconds=0.05)
        for terminal in busy:
            terminal.send(terminal.spell(patron("O-2", library="openall")))
        # As many as are asked at the same time; the others wait for their turn.
        wait_for(demo, "find_member", 16, "openall")
        gateway.look("/health/ready")  # when it answers this, it has read all that was sent before

        gateway.process.tell(signal.SIGTERM)
        assert gateway.process.waited(1, "stopping: ")
        assert gateway.look("/health/ready") == (503, '{"status": "stopping"}\n')
        with pytest.raises(ConnectionRefusedError):
            gateway.terminal()
        answers = [terminal.answer() for terminal in busy]
        assert [answer.personal_name for answer in answers] == ["Tom Hale"] * len(busy)
        assert [terminal.receive() for terminal in (*busy, *idle)] == [b""] * 1000
    assert gateway.process.ended() == -signal.SIGTERM
    assert not re.search("Traceback|Unhandled|were disconnected", "".join(gateway.process.printed))


def test_F90_a_kiosk_works_on_through_sighup(gateway, demo):
    gateway = gateway()
    with gateway.terminal(tls=True) as kiosk:
        assert kiosk.log_in().ok
        gateway.write('[terminals]\ntimeout = "x"\n[limits]\nlines = 3\n')
        gateway.process.tell(signal.SIGHUP)
        assert gateway.process.waited(2, "not reloaded, the old configuration stays")
        assert "configuration was refused" in gateway.look("/api/now")[1]
        assert kiosk.ask(status()).timeout_period == 300
        gateway.write("[terminals]\ntimeout = 20\n")
        gateway.process.tell(signal.SIGHUP)
        assert gateway.process.waited(1, "info] reloaded")
        assert "configuration was refused" not in gateway.look("/api/now")[1]
        assert kiosk.ask(status()).timeout_period == 200
        assert kiosk.ask(patron("M-1001")).personal_name == "Amina Rahman"
        figures = gateway.look("/metrics")[1]
        assert 'sip2gw_reloads_total{outcome="ok"} 1.0' in figures
        assert 'sip2gw_reloads_total{outcome="refused"} 1.0' in figures
        (back_end,) = json.loads(gateway.look("/health")[1])["back_ends"]
        assert (back_end["nickname"], back_end["online"]) == ("riverside", True)
    gateway.process.stop()


def test_R11_of_300_sighups_a_few_reload_and_the_last_change_holds(gateway, demo):
    gateway = gateway()
    with gateway.terminal() as kiosk:
        assert kiosk.log_in().ok
        began = time.monotonic()
        for _ in range(300):
            gateway.process.tell(signal.SIGHUP)
            assert kiosk.ask(status()).timeout_period == 300
        gateway.write("[terminals]\ntimeout = 20\n")
        gateway.process.tell(signal.SIGHUP)
        while kiosk.ask(status()).timeout_period != 200:
            assert time.monotonic() < began + 60
        reloads = re.search(r'sip2gw_reloads_total{outcome="ok"} (\d+)', gateway.look("/metrics")[1])
        assert int(reloads[1]) <= 2 + (time.monotonic() - began) / PAUSE
    gateway.process.stop()


def wait_for(demo, operation: str, count: int, library: str = "riverside") -> None:
    """Wait until the sandbox has been asked so often for an operation since it was reset."""
    until = time.monotonic() + 20
    while (asked := demo.requests(library).get(operation, 0)) < count:
        assert time.monotonic() < until, asked
        time.sleep(0.01)


def test_F91_a_crowd_that_comes_back_is_one_login(gateway, demo):
    """Of a few hundred, here; `make bench` comes with more."""
    gateway = gateway(CROWD)
    for _ in range(2):
        with ExitStack() as stack:
            crowd = [stack.enter_context(gateway.terminal(tls=True)) for _ in range(100)]
            for terminal in crowd:
                terminal.send(
                    terminal.spell(login("kiosk@openall.example", "open-secret", extensions=ON_OPEN))
                )
            answers = [terminal.answer().ok for terminal in crowd]
        # There are as many seats as the library has licences; who finds none is told so by the gateway itself.
        assert answers.count(True) >= 20
        wait_until(lambda: 'sip2gw_connections{state="bound"} 0.0' in gateway.look("/metrics")[1])
        assert demo.requests("openall")["create_token"] == 1
        assert "throttled" not in "".join(gateway.process.printed), "all have the right password"


def test_twist_writes_no_more_than_twistd(gateway, demo):
    gateway = gateway(program=("twist", "--log-format=json"))
    with gateway.terminal() as kiosk:
        assert kiosk.log_in().ok
        assert not kiosk.ask(checkout("M-9999", "10001")).ok
    gateway.process.stop()
    events = [json.loads(line.strip("\x1e")) for line in gateway.process.printed if line.startswith("\x1e")]
    facts = [event.get("facts", {}) for event in events]
    (told,) = [one for one in facts if one.get("message") == "11"]
    assert told["patron"].startswith("p:")
    assert "M-9999" not in "".join(gateway.process.printed)


@pytest.mark.parametrize("again", [signal.SIGTERM, signal.SIGINT])
def test_F89_told_again_it_stops_at_once(gateway, demo, again):
    gateway = gateway()
    with gateway.terminal() as kiosk:
        assert kiosk.log_in().ok
        demo.misbehave(what="hang", endpoint="find_member")
        kiosk.send(kiosk.spell(patron("M-1001")))
        wait_for(demo, "find_member", 1)
        gateway.process.tell(signal.SIGTERM)
        assert gateway.process.waited(1, "stopping: ")
        gateway.process.tell(again)
        assert gateway.process.ended() == -signal.SIGTERM
        with pytest.raises(ConnectionResetError):
            kiosk.receive()
    printed = "".join(gateway.process.printed)
    assert "1 terminals were disconnected" in printed
    assert not re.search("Traceback|Unhandled", printed)
