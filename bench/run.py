"""`make bench`: the cost of the gateway, beside the cost of its REST calls alone, from one run.

Sandbox, gateway, load and floor are separate processes. On several cores, the gateway has one core alone. Compare
ratios, and figures of one run; never figures of different days or machines. So gateway and floor are measured in turns,
pair by pair, and the ratio is the median of the pairs. With `--beside`, the gateway of another checkout takes turns
too, with its own sandbox: `git worktree add ../before REV` makes one.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sysconfig
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from statistics import median
from typing import Any

from attrs import frozen
from stage import (
    ACCOUNT,
    ITEM,
    LIBRARY,
    MEMBER,
    PASSWORD,
    ROOT,
    Stage,
    alone,
    beside,
    environment,
    program,
    report,
    stage,
)

MIXES = {"usual": "99:1,23:4,11:2,09:2", "equal": "99:1,23:1,11:1,09:1"}
CALLS = {"99": {}, "23": {"find_member": 1}, "11": {"issue": 1}, "09": {"return": 1}}
"""The REST calls that each message needs. The gateway knows the library's health from its other calls (99)."""

TERMINALS = (1, 50, 200)
COMPARED = 50
"""The number of terminals, and of workers of the floor, with which the processor time is compared."""
IDLE = 1000
PAIRS = 3
"""How many times gateway and floor are compared."""


@frozen
class Load:
    """The result of one load, and the resources that the gateway used."""

    found: dict[str, Any]
    cpu: float
    """Seconds of the gateway's processor time."""
    resident: int
    """KiB of the gateway's memory when all terminals were logged in."""

    @property
    def cpu_per_message(self) -> float:
        """Milliseconds of processor time for one message."""
        return self.cpu * 1000 / max(self.found["messages"], 1)

    def floor(self, costs: dict[str, float]) -> float:
        """Return the cost of the load's calls at the floor: average milliseconds for one message."""
        messages = self.found["by_message"]
        total = sum(
            row["messages"] * times * costs[call]
            for code, row in messages.items()
            for call, times in CALLS[code].items()
        )
        return total / max(sum(row["messages"] for row in messages.values()), 1)


def load(stage: Stage, terminals: int, seconds: float, *options: str, mix: str = "usual") -> Load:
    """Run a load over TLS. The gateway's processor time counts from when all terminals are logged in."""
    command = program(
        "-c", "from sip2gw.tools.cli import main; main(prog_name='sip2gw')",
        "load", "--json", f"--port={stage.tls_port}", f"--ca-file={stage.certificate}",
        f"--library={LIBRARY}", f"--account={ACCOUNT}", f"--terminals={terminals}", f"--seconds={seconds}",
        f"--mix={MIXES[mix]}", f"--patrons={_names(MEMBER, terminals)}", f"--items={_names(ITEM, terminals)}",
        "--timeout=20", *options,
    )  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), cwd=ROOT
    ) as process:
        beside(process.pid)
        assert process.stderr is not None
        assert process.stdout is not None
        said = process.stderr.readline()
        if "logged in" not in said:
            raise SystemExit(f"the load did not start: {said}{process.stderr.read()}")
        before = stage.gateway.cpu()
        # Only while the terminals ask, and not while they return their items and disconnect.
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
    """Write the names 1 to `upto` as the load reads them."""
    before, _, after = form.partition("{:05d}")
    return f"{before}{{00001..{upto:05d}}}{after}"


def floor(stage: Stage, calls: int) -> dict[str, float]:
    """Measure the milliseconds of processor time of each kind of call in a bare treq loop."""
    command = program(
        str(Path(__file__).with_name("floor.py")), "--host=127.0.0.1", f"--port={stage.sandbox_port}",
        f"--library={LIBRARY}", f"--account={ACCOUNT}", f"--password={PASSWORD}",
        f"--member={MEMBER}", f"--item={ITEM}", f"--workers={COMPARED}", f"--calls={calls}",
    )  # fmt: skip
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment(), cwd=ROOT
    ) as process:
        alone(process.pid)
        said, complaints = process.communicate()
    if process.returncode:
        raise SystemExit(f"the floor could not be measured: {complaints}")
    costs: dict[str, float] = json.loads(said)
    return costs


def measure(say: Callable[[str], None], seconds: float, calls: int, beside: Path | None) -> dict[str, Any]:
    """Measure memory, throughput, processor time and floor one after the other."""
    with ExitStack() as running:

        def ready(tree: Path) -> Stage:
            folder = running.enter_context(tempfile.TemporaryDirectory(prefix="sip2gw-bench-"))
            return running.enter_context(stage(Path(folder), terminals=max(IDLE, *TERMINALS), tree=tree))

        ours = ready(ROOT)
        before = ready(beside.resolve()) if beside else None
        load(ours, 1, 1.0)
        empty = ours.gateway.resident()
        say(f"memory at {IDLE} idle terminals ...")
        idle = load(ours, IDLE, 2.0, "--rate=0")
        loads = {}
        for terminals in TERMINALS:
            say(f"{terminals} terminals ...")
            loads[str(terminals)] = _row(load(ours, terminals, seconds))
        half = loads[str(COMPARED)]["messages_per_second"] / 2
        say(f"{COMPARED} terminals at half of that load ...")
        loads[f"{COMPARED}, half"] = _row(load(ours, COMPARED, seconds, f"--rate={half}"))
        rounds: dict[str, list[dict[str, float]]] = {mix: [] for mix in MIXES}
        for number in range(1, PAIRS + 1):
            say(f"{COMPARED} terminals and the floor, {number} of {PAIRS} ...")
            costs = floor(ours, calls)
            for mix, found in rounds.items():
                found.append(_compared(ours, before, costs, mix, seconds))
    return {
        "optimized_python": "--enable-optimizations" in (sysconfig.get_config_var("CONFIG_ARGS") or ""),
        "loads": loads,
        "kib_per_idle_terminal": round((idle.resident - empty) / IDLE, 1),
        "floor_ms_per_call": {call: round(cost, 3) for call, cost in costs.items()},
        "mixes": {mix: _middle(found) for mix, found in rounds.items()},
    }


def _compared(
    ours: Stage, before: Stage | None, costs: dict[str, float], mix: str, seconds: float
) -> dict[str, float]:
    """Take one turn of each, and return the milliseconds of processor time for a message."""
    found = load(ours, COMPARED, seconds, mix=mix)
    bare = found.floor(costs)
    row = {"gateway": found.cpu_per_message, "floor": bare, "to floor": found.cpu_per_message / bare}
    if before:
        row["before"] = load(before, COMPARED, seconds, mix=mix).cpu_per_message
        row["to before"] = row["gateway"] / row["before"]
    return row


def _middle(rounds: list[dict[str, float]]) -> dict[str, float]:
    return {name: round(median(row[name] for row in rounds), 3) for name in rounds[0]}


def _row(load: Load) -> dict[str, Any]:
    return {
        "messages_per_second": load.found["messages_per_second"],
        "p50_ms": load.found["latency_ms"]["p50"],
        "p99_ms": load.found["latency_ms"]["p99"],
        "cpu_ms_per_message": round(load.cpu_per_message, 3),
    }


def show(result: dict[str, Any]) -> None:
    """Print the result for people."""
    print(f"Python built with optimizations: {'yes' if result['optimized_python'] else 'no'}")
    print(f"mix {MIXES['usual']}, TLS, closed loop")
    print("terminals   messages/s   p50 ms   p99 ms   CPU ms per message")
    for terminals, row in result["loads"].items():
        print(
            f"{terminals:>9}   {row['messages_per_second']:10.1f}   {row['p50_ms']:6.1f}   {row['p99_ms']:6.1f}"
            f"   {row['cpu_ms_per_message']:18.3f}"
        )
    per_call = ", ".join(f"{call} {cost:.3f}" for call, cost in result["floor_ms_per_call"].items())
    print(f"memory per idle TLS terminal at {IDLE}: {result['kib_per_idle_terminal']} KiB (aim: 34)")
    print(f"floor, CPU ms per call of a bare treq loop: {per_call}")
    for mix, row in result["mixes"].items():
        figures = ", ".join(f"{name} {figure:.3f}" for name, figure in row.items())
        print(f"mix {MIXES[mix]}, {COMPARED} terminals, CPU ms per message and ratios: {figures}")


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure the gateway.")
    parser.add_argument("--seconds", type=float, default=5.0, help="seconds for each number of terminals")
    parser.add_argument("--calls", type=int, default=2000, help="calls of each kind, for the floor")
    parser.add_argument(
        "--beside", type=Path, help="another checkout: its gateway is measured in turns with this one"
    )
    report(parser, measure, show)


if __name__ == "__main__":
    main()
