"""Real processes of the installed package, on ports that are free, and the sandbox's control endpoint."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from attrs import define, field

from sip2gw.demo.selfsigned import kept_pair

from .forked import Forked
from .terminal import Spelling, Terminal

START = 60.0
"""Seconds that a process may take to get ready."""


def free_ports(count: int) -> list[int]:
    """Ports that nobody listens on, all different, and none that the system gives to outgoing connections.

    Each worker of pytest has its own thousand: while a process is restarted, no other test takes its port.
    """
    worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 10
    first = 20000 + worker * 1000
    found: set[int] = set()
    while len(found) < count:
        port = random.randrange(first, first + 1000)  # noqa: S311  # no secret
        with suppress(OSError), socket.create_server(("127.0.0.1", port)):
            found.add(port)
    return list(found)


@define
class Process:
    """A `twistd` in the foreground; what it prints is kept."""

    arguments: list[str]
    directory: Path
    ready: str
    """It is ready once a line has this in it."""
    files: int | None = None
    """How many files it may have open, if not as many as we."""
    printed: list[str] = field(factory=list)
    program: tuple[str, ...] = field(default=("twistd", "-n", "--pidfile="), kw_only=True)
    environment: dict[str, str] = field(factory=dict, kw_only=True)
    cold: bool = field(default=False, kw_only=True)
    """Whether it imports all by itself, which takes a second, even where it could be forked."""
    _process: subprocess.Popen[str] | Forked | None = None

    def start(self) -> "Process":
        name, *options = self.program
        program = Path(os.environ.get("SIP2GW_BIN") or Path(sys.executable).parent) / name
        is_ready = threading.Event()
        command = [str(program), *options, *self.arguments]
        environment = {**os.environ, "PYTHONUNBUFFERED": "1", **self._own_state(), **self.environment}
        if name == "twistd" and not self.files and not self.cold:
            self._process = Forked.start(command, self.directory, environment)
        else:
            self._process = subprocess.Popen(
                [*self._allowed(), *command],
                cwd=self.directory,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
                env=environment,
            )
        threading.Thread(target=self._read, args=(self._process, is_ready), daemon=True).start()
        is_ready.wait(START)
        if not any(self.ready in line for line in self.printed):
            self.kill()
            raise AssertionError("it did not start:\n" + "".join(self.printed))
        return self

    def _own_state(self) -> dict[str, str]:
        """Its state folder: a process that lives for several tests has none of theirs."""
        return {"XDG_STATE_HOME": str(self.directory / "state")}

    def _allowed(self) -> list[str]:
        """What starts the rest with so many files. Python itself, with its threads, may hang between fork and exec."""
        return ["sh", "-c", f'ulimit -n {self.files} && exec "$@"', "sh"] if self.files else []

    def _read(self, process: subprocess.Popen[str] | Forked, is_ready: threading.Event) -> None:
        with process.stdout:
            for line in process.stdout:
                self.printed.append(line)
                if self.ready in line:
                    is_ready.set()
        is_ready.set()

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        self._process.kill()
        self._process.wait()

    def tell(self, number: int) -> None:
        """Send it a signal."""
        self._process.send_signal(number)

    def waited(self, times: int, text: str) -> bool:
        """Wait until so many lines with this text were printed, or it is plain that they won't be."""
        for _ in range(3000):
            if sum(text in line for line in self.printed) >= times:
                return True
            time.sleep(0.01)
        return False

    def ended(self) -> int:
        """Wait for its end; the exit status."""
        return self._process.wait(40)

    def stop(self) -> None:
        """SIGTERM, which twistd, once it has shut down, dies of."""
        self._process.terminate()
        assert self._process.wait(40) in (0, -signal.SIGTERM)


@define
class Sandbox:
    """The control endpoint of a running sandbox."""

    port: int

    def _call(self, method: str, path: str, body: object = None) -> object:
        request = Request(f"http://127.0.0.1:{self.port}/control/{path}", method=method)  # http, loopback
        if body is not None:
            request.add_header("Content-Type", "application/json")
            request.data = json.dumps(body).encode()
        with urlopen(request, timeout=60) as answer:  # noqa: S310  # as above
            text = answer.read()
        return json.loads(text) if text else None

    def reset(self) -> None:
        self._call("DELETE", "misbehave")
        self._call("POST", "reset", {})
        self._call("DELETE", "ledger")
        self._call("DELETE", "requests")

    def misbehave(self, **how: object) -> None:
        self._call("POST", "misbehave", how)

    def behave(self) -> None:
        self._call("DELETE", "misbehave")

    def ledger(self, library: str) -> list[dict[str, object]]:
        return self._call("GET", f"ledger?library={library}")["items"]

    def requests(self, library: str) -> dict[str, int]:
        return self._call("GET", f"requests?library={library}")["libraries"].get(library, {})

    def user(self, **change: object) -> None:
        self._call("POST", "users", change)


@define
class Demo(Sandbox):
    """The demo, as `make demo` starts it."""

    process: Process
    tls_port: int
    plain_port: int
    admin_port: int
    ca_file: Path

    @classmethod
    def start(cls, directory: Path, *arguments: str) -> "Demo":
        state = directory / "state"
        ports = " ".join(f"--{name}-port 0" for name in ("tls", "plain", "admin", "sandbox"))
        process = Process(
            [*f"sip2gw --demo {ports} --state-dir {state}".split(), *arguments],
            directory,
            ready="sip2gw terminal",
        ).start()
        banner = "".join(process.printed)
        tls, plain, admin, sandbox = (
            int(re.search(rf"  {name} +(?:http://)?127\.0\.0\.1:(\d+)", banner)[1])
            for name in ("SIP2 over TLS", "SIP2, plain", "health", "Librarika")
        )
        return cls(sandbox, process, tls, plain, admin, next(state.glob("*.pem")))

    def terminal(self, spelling: Spelling = Spelling(), *, tls: bool = True) -> Terminal:
        if tls:
            return Terminal.connect(self.tls_port, ca_file=str(self.ca_file), spelling=spelling)
        return Terminal.connect(self.plain_port, spelling=spelling)


@define
class Gateway:
    """A gateway with a configuration of its own, in front of the sandbox of another process."""

    process: Process
    config: Path
    sandbox: int
    ports: list[int] = field(factory=list)
    """Of plain SIP2, of SIP2 over TLS, and of the admin endpoint."""
    url: str = field(default="", kw_only=True)

    @classmethod
    def start(
        cls,
        folder: Path,
        sandbox: int,
        more: str = "",
        *arguments: str,
        url: str = "",
        admin: bool = True,
        **how: Any,
    ) -> "Gateway":
        """`more` is added to the configuration file; `arguments` stand before `sip2gw`; `how` is of the process.

        `url` is where the libraries' APIs are, if not in the sandbox; `admin` is as for `write`.
        """
        kept_pair(folder / "tls")
        config = folder / "sip2gw.toml"
        process = Process([*arguments, "sip2gw", "--config", str(config)], folder, ready="health", **how)
        # What lies in the folder can be imported, as by `python -m`.
        process.environment["PYTHONPATH"] = f"{folder}{os.pathsep}{os.environ.get('PYTHONPATH', '')}"
        # A gateway that lives for several tests has none of their state folders.
        process.environment.setdefault("XDG_STATE_HOME", str(folder / "state"))
        gateway = cls(process, config, sandbox, url=url or f"http://127.0.0.1:{sandbox}/{{library}}/api/v1")
        gateway.write(more, admin=admin)
        process.start()
        printed = "".join(process.printed)
        told = re.findall(r'(?:listening on |"where": ")127\.0\.0\.1:(\d+)', printed)  # as text, or as JSON
        gateway.ports = [int(port) for port in told]
        return gateway

    def write(self, more: str, *, endpoint: str = "tcp:0:interface=127.0.0.1", admin: bool = True) -> None:
        """Change the configuration file; without `admin` that table is in `more`."""
        listen = f'endpoint = "{endpoint}"\n'
        self.config.write_text(
            f'[[listen]]\n{listen}[[listen]]\n{listen}certificates = "tls"\n'
            f"{'[admin]' + chr(10) + listen if admin else ''}"
            f'[librarika]\nurl = "{self.url}"\n{more}'
        )
        self.config.chmod(0o600)

    def terminal(self, *, tls: bool = False) -> Terminal:
        chain = str(self.config.parent / "tls" / "fullchain.pem")
        return Terminal.connect(self.ports[tls], ca_file=chain if tls else None)

    def look(self, page: str, token: str = "") -> tuple[int, str]:
        """Status and text of a page of the admin endpoint."""
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        request = Request(f"http://127.0.0.1:{self.ports[2]}{page}", headers=headers)
        try:
            with urlopen(request, timeout=60) as answer:  # noqa: S310  # as above
                return answer.status, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.read().decode()
