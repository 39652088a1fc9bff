"""The processes that are measured: a sandbox with a large library, and a gateway in front of it.

Also the frame of a measurement: its options, and its result for people or as JSON.
"""

from __future__ import annotations

import argparse
import datetime
import ipaddress
import json
import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

ROOT = Path(__file__).resolve().parent.parent
LIBRARY = "benchmark"
ACCOUNT = "kiosk@benchmark.example"
PASSWORD = "kiosk-secret"  # noqa: S105  # made up
MEMBER = "M-{:05d}"
ITEM = "1{:05d}"
_TWISTD = "from twisted.scripts.twistd import run; run()"
_TICKS = os.sysconf("SC_CLK_TCK")


@frozen
class Process:
    """A running program, seen from outside, with its worker processes."""

    pid: int

    def cpu(self) -> float:
        """Return the seconds of processor time so far."""
        stats = [Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split() for pid in self._pids()]
        return sum(int(fields[11]) + int(fields[12]) for fields in stats) / _TICKS

    def resident(self) -> int:
        """Return the KiB of resident memory."""
        found = [Path(f"/proc/{pid}/status").read_text() for pid in self._pids()]
        return sum(int(status.partition("VmRSS:")[2].split()[0]) for status in found)

    def _pids(self) -> list[int]:
        workers = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return [self.pid, *map(int, workers)]


@frozen
class Stage:
    """The two processes, and their ports."""

    gateway: Process
    sandbox: Process
    tls_port: int
    plain_port: int
    sandbox_port: int
    certificate: Path


@contextmanager
def stage(
    folder: Path,
    *,
    terminals: int,
    limits: str = "",
    gateway: str = _TWISTD,
    tree: Path = ROOT,
    workers: int = 1,
) -> Iterator[Stage]:
    """Start both processes, and stop them at the end.

    `terminals` is the number of members and items; `limits` adds settings.
    `gateway` is the Python code that runs twistd for the gateway. Both come from the checkout `tree`.
    Several `workers` may use all cores, unlike a gateway of one process.
    """
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    sandbox_port, tls_port, plain_port = free_port(), free_port(), free_port()
    (folder / "libraries.json").write_text(json.dumps(_library(terminals)))
    certificate = _certificate(folder)
    config = folder / "sip2gw.toml"
    config.write_text(
        f'[[listen]]\nendpoint = "tcp:{tls_port}:interface=127.0.0.1"\ncertificates = "{folder / "tls"}"\n'
        f'[[listen]]\nendpoint = "tcp:{plain_port}:interface=127.0.0.1"\n'
        # All connections come from this machine.
        "[limits]\nconnections_per_address = 20000\nconnections_per_library = 20000\n"
        f"{limits}{f'[process]{chr(10)}workers = {workers}{chr(10)}' if workers > 1 else ''}"
        f'[librarika]\nurl = "http://127.0.0.1:{sandbox_port}/{{library}}/api/v1"\n'
    )
    twistd = ("-n", "--pidfile=")
    kept = program("-c", _TWISTD, *twistd, "librarika-sandbox", "--data=libraries.json")
    front = program("-c", gateway, *twistd, "sip2gw", f"--config={config}")
    kept_here = {**environment(tree), "XDG_STATE_HOME": str(folder)}  # the store of this gateway alone
    with ExitStack() as both:
        kept += [f"--port=tcp:{sandbox_port}:interface=127.0.0.1"]
        sandbox = both.enter_context(running(kept, folder, "sandbox", environment(tree), (sandbox_port,)))
        beside(sandbox.pid)
        served = both.enter_context(running(front, folder, "gateway", kept_here, (tls_port,)))
        if workers == 1:
            alone(served.pid)
        yield Stage(
            Process(served.pid), Process(sandbox.pid), tls_port, plain_port, sandbox_port, certificate
        )


def program(*arguments: str) -> list[str]:
    """Build a command line of this Python that imports from this checkout, or from the installed package."""
    return [sys.executable, *arguments]


def environment(tree: Path = ROOT) -> dict[str, str]:
    """Build the environment of a program that is started from the checkout `tree`."""
    return {**os.environ, "PYTHONPATH": str(tree), "SIP2GW_PASSWORD": PASSWORD}


def alone(pid: int) -> None:
    """Pin a process to the first core, which no other measured process uses."""
    _pin(pid, _cores()[:1])


def beside(pid: int) -> None:
    """Pin a process to the other cores, if there are any."""
    _pin(pid, _cores()[1:] or _cores())


def _pin(pid: int, cores: list[int]) -> None:
    """Pin a process with all its threads; those that it starts later are pinned as well."""
    for thread in os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(thread), cores)


def _cores() -> list[int]:
    return sorted(os.sched_getaffinity(0))


def report(
    parser: argparse.ArgumentParser,
    measure: Callable[..., dict[str, Any]],
    show: Callable[[dict[str, Any]], None],
) -> None:
    """Measure with the options of the command line, and print the result. `measure` gets a function for progress."""
    parser.add_argument("--json", action="store_true")
    given = vars(parser.parse_args())
    as_json = given.pop("json")
    result = measure(lambda text: None if as_json else print(text, flush=True), **given)
    if as_json:
        print(json.dumps(result))
    else:
        show(result)


@contextmanager
def running(
    command: list[str], folder: Path, name: str, environment: dict[str, str], ports: tuple[int, ...]
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a program that listens on `ports`, and stop it at the end. Its log is `name` in the folder."""
    log = folder / f"{name}.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            command, cwd=folder, stdout=output, stderr=subprocess.STDOUT, env=environment
        )
        try:
            for port in ports:
                _wait_for(port, process, log)
            yield process
        finally:
            process.terminate()
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


def _wait_for(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit(f"no process listens on port {port}:\n{log.read_text('utf-8', 'replace')[-2000:]}")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _library(terminals: int) -> dict[str, object]:
    numbers = range(1, terminals + 1)
    account = {
        "username": ACCOUNT,
        "password": PASSWORD,
        "groups": ["Library Staff"],
        "status": "Active",
        "sip2_activated": True,
    }
    library = {
        "nickname": LIBRARY,
        "name": "Benchmark Library",
        "plan": "gold",
        "timezone": "America/New_York",
        "sip2": {"enabled": True, "terminals_licensed": 20_000},
        "preferences": {"booking_quota": 50, "renewals": 2},
        "users": [account],
        "members": [
            {"member_no": MEMBER.format(n), "name": f"Reader {n}", "password": "1234"} for n in numbers
        ],
        "media": [
            {"title": f"Book {n}", "type": "Books", "copies": [{"accession_no": ITEM.format(n)}]}
            for n in numbers
        ],
    }
    return {"libraries": [library]}


def _certificate(folder: Path) -> Path:
    """Write a self-signed certificate for 127.0.0.1 and its key to the folder `tls`."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "sip2gw benchmark")])
    now = datetime.datetime.now(datetime.UTC)
    local = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(local, critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    place = folder / "tls"
    place.mkdir()
    chain = place / "fullchain.pem"
    chain.write_bytes(certificate.public_bytes(serialization.Encoding.PEM))
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (place / "privkey.pem").write_bytes(private)
    (place / "privkey.pem").chmod(0o600)
    return chain
