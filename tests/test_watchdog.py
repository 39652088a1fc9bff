"""A loop that stands still is told of once, with where it stands and nothing of what it holds."""

import subprocess
import sys
import textwrap
import time
from pathlib import Path
from threading import Event

from twisted.internet import reactor
from twisted.internet.task import deferLater
from twisted.logger import globalLogPublisher
from twisted.trial.unittest import TestCase

import sip2gw
from sip2gw.metrics import Metrics
from sip2gw.process.watchdog import Watchdog


class WatchdogTests(TestCase):
    async def test_F93_a_blocked_loop_is_logged_with_its_stack(self) -> None:
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

    def test_R2_a_loop_stuck_in_c_code_is_reported_while_it_is_stuck(self) -> None:
        script = textwrap.dedent("""
            import re
            from twisted.internet import reactor
            from sip2gw.metrics import Metrics
            from sip2gw.process.watchdog import Watchdog

            def stuck_in_c(pin):
                re.match("(a+)+$", "a" * 60 + "b")  # one call, for years

            Watchdog(reactor, Metrics(), beat=0.01, blocked=0.05).startService()
            reactor.callLater(0, stuck_in_c, "qX7zK9wVj2Hp")
            reactor.run()
        """)
        process = subprocess.Popen(
            [sys.executable, "-c", script],
            stderr=subprocess.PIPE,
            text=True,
            cwd=Path(sip2gw.__file__).parents[1],
        )
        self.addCleanup(process.stderr.close)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        said = ""
        for line in process.stderr:
            said += line
            if "stuck_in_c" in line:
                break
        assert "stuck_in_c" in said
        assert "qX7zK9wVj2Hp" not in said
        assert process.poll() is None, "it was reported before it was over"
