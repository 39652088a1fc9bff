"""`make bench`: what the gateway costs, beside what its REST calls alone would cost, from one run.

Sandbox, gateway, load and floor are processes of their own. Compare ratios, and figures of one run with each other;
never figures of different days or machines. On a shared machine the processor time of the same work varies by half
and more, with what else runs and with how often a process is woken. So gateway and floor are measured in turns, pair by
pair, and the ratio is the median of the pairs; all of them are printed, so that their spread can be seen.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import frozen
from stage import ACCOUNT, ITEM, LIBRARY, MEMBER, PASSWORD, ROOT, Stage, environment, program, report, stage

MIX = "99:1,23:4,11:2,09:2"
CALLS = {
    "99": {"health": 1},
    "23": {"member": 1},
    "11": {"member": 1, "copies": 1, "write": 1},
    "09": {"copies": 1, "write": 1},
}
"""The REST calls that each message needs."""

TERMINALS = (1, 50, 200)
COMPARED = 50
"""The number of terminals at which the processor time is compared with the floor, and the floor's own workers."""
IDLE = 1000
PAIRS = 3
"""How often gateway and floor are compared."""


@frozen
class Load:
    """One load: what it found, and what the gateway needed meanwhile."""

    found: dict[str, Any]
    cpu: float
    """Seconds of the gateway's processor time."""
    resident: int
    """KiB that the gateway had when all terminals were logged in."""

    @property
    def cpu_per_message(self) -> float:
        """Milliseconds."""
        return self.cpu * 1000 / max(self.found["messages"], 1)


def load(stage: Stage, terminals: int, seconds: float, *options: str) -> Load:
    """Let so many terminals come over TLS. The gateway's clock starts when all are logged in."""
    command = program(
        "-c", "from sip2gw.tools.cli import main; main(prog_name='sip2gw')",
        "load", "--json", f"--port={stage.tls_port}", f"--ca-file={stage.certificate}",
        f"--library={LIBRARY}", f"--account={ACCOUNT}", f"--terminals={terminals}", f"--seconds={seconds}",
        f"--mix={MIX}", f"--patrons={_names(MEMBER, terminals)}", f"--items={_names(ITEM, terminals)}",
        "--timeout=20", *options,
    )  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), cwd=ROOT
    ) as process:
        assert process.stderr is not None
        assert process.stdout is not None
        said = process.stderr.readline()
        if "logged in" not in said:
            raise SystemExit(f"the load did not start: {said}{process.stderr.read()}")
        before = stage.gateway.cpu()
        # As long as the terminals ask, and not while they bring their items back and hang up.
        time.sleep(seconds)
        cpu, resident = stage.gateway.cpu() - before, stage.gateway.resident()
        found = json.loads(process.stdout.read() or "{}")
        complaints = process.stderr.read()
    if not found or found["errors"] or found["refused"]:
        raise SystemExit(
            f"the load met with errors: {found.get('errors')} {found.get('refused')} {complaints}"
        )
    return Load(found, cpu, resident)


def _names(form: str, upto: int) -> str:
    """Names 1 to `upto` as the load takes them."""
    before, _, after = form.partition("{:05d}")
    return f"{before}{{00001..{upto:05d}}}{after}"


def floor(stage: Stage, calls: int) -> dict[str, float]:
    """Milliseconds of processor time that each kind of call costs a bare treq loop."""
    command = program(
        str(Path(__file__).with_name("floor.py")), "--host=127.0.0.1", f"--port={stage.sandbox_port}",
        f"--library={LIBRARY}", f"--account={ACCOUNT}", f"--password={PASSWORD}",
        f"--member={MEMBER}", f"--item={ITEM}", f"--workers={COMPARED}", f"--calls={calls}",
    )  # fmt: skip
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(), cwd=ROOT)
    if done.returncode:
        raise SystemExit(f"the floor could not be measured: {done.stderr}")
    costs: dict[str, float] = json.loads(done.stdout)
    return costs


@frozen
class Pair:
    """The gateway under load, and right after it the floor."""

    load: Load
    costs: dict[str, float]
    """Milliseconds of processor time for each kind of call."""

    @property
    def floor(self) -> float:
        """What the calls of the load's messages cost at the floor: milliseconds for one message on average."""
        messages = self.load.found["by_message"]
        total = sum(
            row["messages"] * times * self.costs[call]
            for code, row in messages.items()
            for call, times in CALLS[code].items()
        )
        return total / max(sum(row["messages"] for row in messages.values()), 1)

    @property
    def ratio(self) -> float:
        """How many times the floor the gateway needs."""
        return self.load.cpu_per_message / self.floor


def measure(say: Callable[[str], None], seconds: float, calls: int) -> dict[str, Any]:
    """All of it."""
    with (
        tempfile.TemporaryDirectory(prefix="sip2gw-bench-") as folder,
        stage(Path(folder), terminals=max(IDLE, *TERMINALS)) as on_stage,
    ):
        load(on_stage, 1, 1.0)
        empty = on_stage.gateway.resident()
        say(f"memory at {IDLE} idle terminals ...")
        idle = load(on_stage, IDLE, 2.0, "--rate=0")
        loads = {}
        for terminals in TERMINALS:
            if terminals != COMPARED:
                say(f"{terminals} terminals ...")
                loads[terminals] = load(on_stage, terminals, seconds)
        pairs = []
        for number in range(1, PAIRS + 1):
            say(f"{COMPARED} terminals and the floor, {number} of {PAIRS} ...")
            pairs.append(Pair(load(on_stage, COMPARED, seconds), floor(on_stage, calls)))
    middle = sorted(pairs, key=lambda pair: pair.ratio)[PAIRS // 2]
    loads[COMPARED] = middle.load
    return {
        "loads": {terminals: _row(loads[terminals]) for terminals in sorted(loads)},
        "kib_per_idle_terminal": round((idle.resident - empty) / IDLE, 1),
        "floor_ms_per_call": {call: round(cost, 3) for call, cost in middle.costs.items()},
        "floor_ms_per_message": round(middle.floor, 3),
        "ratio": round(middle.ratio, 2),
        "ratios": [round(pair.ratio, 2) for pair in pairs],
    }


def _row(load: Load) -> dict[str, Any]:
    return {
        "messages_per_second": load.found["messages_per_second"],
        "p50_ms": load.found["latency_ms"]["p50"],
        "p99_ms": load.found["latency_ms"]["p99"],
        "cpu_ms_per_message": round(load.cpu_per_message, 3),
    }


def show(result: dict[str, Any]) -> None:
    """The result for people."""
    print(f"mix {MIX}, TLS, closed loop")
    print("terminals   messages/s   p50 ms   p99 ms   CPU ms per message")
    for terminals, row in result["loads"].items():
        print(
            f"{terminals:9}   {row['messages_per_second']:10.1f}   {row['p50_ms']:6.1f}   {row['p99_ms']:6.1f}"
            f"   {row['cpu_ms_per_message']:18.3f}"
        )
    per_call = ", ".join(f"{call} {cost:.3f}" for call, cost in result["floor_ms_per_call"].items())
    print(f"memory per idle TLS terminal at {IDLE}: {result['kib_per_idle_terminal']} KiB (aim: 40)")
    print(f"floor, CPU ms per call of a bare treq loop: {per_call}")
    print(f"floor, CPU ms per message of this mix: {result['floor_ms_per_message']:.3f}")
    every = ", ".join(f"{ratio:.2f}" for ratio in result["ratios"])
    print(
        f"gateway to floor, at {COMPARED} terminals: {result['ratio']:.2f} (aim: 1.5), the median of {every}"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the gateway.")
    parser.add_argument("--seconds", type=float, default=6.0, help="for each number of terminals")
    parser.add_argument("--calls", type=int, default=2000, help="of each kind, for the floor")
    report(parser, measure, show)


if __name__ == "__main__":
    main()
