"""A loop that stands still is told of once, with where it stands and nothing of what it holds."""

import time
from threading import Event

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import TestCase

from sip2gw.metrics import Metrics
from sip2gw.watchdog import Watchdog


class WatchdogTests(TestCase):
    async def test_F93_a_blocked_loop_is_told_of_with_its_stack(self) -> None:
        metrics, told, heard = Metrics(), [], Event()

        def hear(event: dict) -> None:
            if "blocked" in event.get("log_format", ""):
                told.append(event)
                heard.set()

        globalLogPublisher.addObserver(hear)
        self.addCleanup(globalLogPublisher.removeObserver, hear)
        watchdog = Watchdog(reactor, metrics, beat=0.01, blocked=0.05)
        watchdog.startService()
        self.addCleanup(watchdog.stopService)
        figure = metrics.registry.get_sample_value
        assert figure("sip2gw_loop_blocks_total") == 0

        def stand_still(pin: str) -> None:
            assert heard.wait(20)
            time.sleep(0.2)  # it goes on, and is not told of again

        await deferLater(reactor, 0, stand_still, "qX7zK9wVj2Hp")
        while not figure("sip2gw_loop_lag_seconds") > 0.05:
            await deferLater(reactor, 0.001)
        (event,) = told
        assert "test_watchdog.py" in event["stack"]
        assert "stand_still" in event["stack"]
        assert "qX7zK9wVj2Hp" not in str(event)
        assert figure("sip2gw_loop_blocks_total") == 1
