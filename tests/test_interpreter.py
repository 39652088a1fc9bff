"""The interpreter, in a process as twistd starts it."""

import subprocess
import sys
from pathlib import Path

import sip2gw

PROGRAM = """
import gc, sys
from twisted.internet import reactor
from twisted.scripts import twistd
def told():
    now = gc.get_freeze_count() > 10_000, gc.isenabled(), gc.get_threshold()[0]
    print("frozen", *now, sys.getswitchinterval(), file=sys.__stdout__, flush=True)
    reactor.stop()
reactor.callWhenRunning(lambda: reactor.callLater(0, told))
sys.argv = ["twistd", "-n", "--pidfile=", "sip2gw", "--config=sip2gw.toml"]
twistd.run()
"""
CONFIG = """
[[listen]]
endpoint = "tcp:0:interface=127.0.0.1"

[librarika]
url = "https://{library}.example/api/v1"
"""


def test_it_is_set_once_all_has_started(tmp_path):
    (tmp_path / "sip2gw.toml").write_text(CONFIG)
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
        env={
            "PYTHONPATH": str(Path(sip2gw.__file__).parents[1]),
            "PATH": "",
            "XDG_STATE_HOME": str(tmp_path / "state"),
        },
    )
    assert "frozen True True 10000 0.0005" in ended.stdout
