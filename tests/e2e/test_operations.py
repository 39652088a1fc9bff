"""A real process in the operator's hands: told to stop, to hurry, to read its file again."""

import re
import signal
from contextlib import ExitStack

import pytest

from .processes import Gateway
from .terminal import patron

CROWD = """
[limits]
strangers_per_address = 1000
"""


@pytest.fixture
def gateway(demo, tmp_path):
    """Starts a gateway in front of the demo's sandbox."""
    demo.reset()
    started = []

    def start(more: str = "", *arguments: str) -> Gateway:
        started.append(Gateway.start(tmp_path, demo.port, more, *arguments))
        return started[-1]

    yield start
    demo.behave()
    for one in started:
        one.process.kill()


def test_F88_sigterm_loses_no_answer(gateway, demo):
    gateway = gateway(CROWD)
    with ExitStack() as stack:
        idle = [stack.enter_context(gateway.terminal()) for _ in range(160)]
        busy = [stack.enter_context(gateway.terminal(tls=number % 4 == 0)) for number in range(40)]
        assert all(terminal.log_in().ok for terminal in busy)
        demo.misbehave(what="slow", endpoint="find_member", seconds=0.5)
        for terminal in busy:
            terminal.send(terminal.spell(patron("M-1001")))
        wait_for(demo, "find_member", len(busy))

        gateway.process.tell(signal.SIGTERM)
        assert gateway.process.waited(1, "stopping: ")
        assert gateway.look("/health/ready") == (503, '{"status": "stopping"}\n')
        with pytest.raises(ConnectionRefusedError):
            gateway.terminal()
        answers = [terminal.answer() for terminal in busy]
        assert [answer.personal_name for answer in answers] == ["Amina Rahman"] * len(busy)
        assert [terminal.receive() for terminal in (*busy, *idle)] == [b""] * 200
    assert gateway.process.ended() == -signal.SIGTERM
    assert not re.search("Traceback|Unhandled|cut off", "".join(gateway.process.printed))


def wait_for(demo, operation: str, count: int) -> None:
    """Wait until the sandbox has been asked so often for an operation since it was reset."""
    while demo.requests("riverside").get(operation, 0) < count:
        pass


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
    assert "1 terminals were cut off" in printed
    assert not re.search("Traceback|Unhandled", printed)
