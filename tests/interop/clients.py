"""Runs a client in a process of its own, as it comes from its package index."""

import json
import subprocess
import sys
from pathlib import Path


def heard(program, steps, *arguments):
    """What a client heard, answer by answer."""
    driver = subprocess.run(
        [sys.executable, Path(__file__).with_name(program), *arguments, "--steps", json.dumps(steps)],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert driver.returncode == 0, driver.stderr
    return json.loads(driver.stdout)


def effects(demo, library="riverside"):
    """What was really done in the library."""
    return [effect["kind"] for effect in demo.ledger(library)]
