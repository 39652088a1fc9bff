"""The demo: the gateway with a configuration of its own and a sandbox, on this machine only.

The sandbox listens first, because the gateway's configuration names its port.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

from twisted.application.service import Service
from twisted.internet.defer import Deferred

from sip2gw.config import Admin, Config, LibrarikaAPI, Listen, Process, store
from sip2gw.config.endpoint import Endpoint
from sip2gw.demo.banner import banner, trial_libraries
from sip2gw.demo.selfsigned import kept_pair
from sip2gw.demo.settings import demo_settings
from sip2gw.faults import Wrong
from sip2gw.gateway.listener import CannotListen, Listener
from sip2gw.kiosk import KioskPages
from sip2gw.limits import Limits
from sip2gw.log import Log
from sip2gw.sandbox import DataFault, Sandbox, default_data, load_data
from sip2gw.sandbox.data import stock
from sip2gw.tls.certificates import CHAIN, Pair
from sip2gw.tools.address import Address
from sip2gw.wiring.gateway import Gateway
from sip2gw.workers import Workers, gateway_or_workers

HOST = "127.0.0.1"


class Demo(Service):
    """Gateway, admin endpoint and sandbox. `options` are those of `twistd sip2gw`.

    Raises `Wrong` if the data file or the state folder can't be used.
    """

    def __init__(self, options: Mapping[str, Any], reactor: Any, log: Log | None = None) -> None:
        self._options = options
        self._reactor = reactor
        self._log = log
        try:
            path = options["demo-data"]
            self._data = default_data() if path is None else load_data(path)
            self._sandbox = Sandbox(self._data, clock=reactor)
        except DataFault as fault:
            raise Wrong(f"--demo-data: {fault}", "fix the file") from None
        self._state = state_folder(options["state-dir"], os.environ)
        self.pair = _certificate(self._state)
        where = _endpoint(options["sandbox-port"])
        self.sandbox = Listener(
            "the sandbox",
            str(where),
            partial(where.on, reactor),
            self._sandbox.site(),
            reactor=reactor,
            remedy="--sandbox-port chooses another",
        )
        self.gateway: Gateway | Workers | None = None
        self.kiosk = KioskPages(trial_libraries(self._data), self._address, reactor)

    def privilegedStartService(self) -> None:
        """Listen everywhere. Raises `CannotListen` with a line for each port that is in use."""
        super().privilegedStartService()  # type: ignore[no-untyped-call]  # Twisted's
        failures = []
        try:
            self.sandbox.privilegedStartService()
        except CannotListen as failure:
            failures.append(str(failure))
        self.gateway = gateway_or_workers(
            self._config(), self._reactor, remedies=_REMEDIES, log=self._log, pages={"kiosk": self.kiosk}
        )
        try:
            self.gateway.privilegedStartService()
        except CannotListen as failure:
            failures.append(str(failure))
        if failures:
            raise CannotListen("\n".join(failures))

    def startService(self) -> None:
        """Serve, and print what to try."""
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        assert self.gateway is not None  # noqa: S101 (privilegedStartService comes first, always)
        self.sandbox.startService()
        self.gateway.startService()
        # Not print: twistd has made that its log.
        if sys.__stdout__ is not None:
            sys.__stdout__.write(self.banner())
            sys.__stdout__.flush()

    def stopService(self) -> Deferred[None]:
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        return Deferred.fromCoroutine(self._stop())

    def hurry(self) -> None:
        """Disconnect at once, while the gateway stops."""
        if self.gateway is not None:
            self.gateway.hurry()

    def banner(self) -> str:
        """Return what to try, with the actual ports."""
        assert self.gateway is not None  # noqa: S101 (as above)
        ports = [
            port_of(listener)
            for listener in (*self.gateway.listeners, self.gateway.admin_listener, self.sandbox)
        ]
        tls, plain, admin, sandbox = ports
        return banner(
            self._data,
            self.pair,
            self._state / CERTIFICATE,
            tls=tls,
            plain=plain,
            admin=admin,
            sandbox=sandbox,
        )

    async def _stop(self) -> None:
        self.kiosk.sessions.close()
        if self.gateway is not None:
            await self.gateway.stopService()
        await self.sandbox.stopService()
        self._sandbox.close()

    def _address(self) -> Address:
        """Return where the gateway listens with TLS, for a terminal on this machine."""
        assert self.gateway is not None  # noqa: S101 (a page is asked for after the start)
        port = port_of(self.gateway.listeners[0])
        return Address(HOST, port, ca_file=str(self._state / CERTIFICATE), server_name="localhost")

    def _config(self) -> Config:
        options = self._options
        sandbox = port_of(self.sandbox) or options["sandbox-port"]
        return Config(
            listen=(
                Listen(_endpoint(options["tls-port"]), self._state / PAIR),
                Listen(_endpoint(options["plain-port"])),
            ),
            librarika=LibrarikaAPI(f"http://{HOST}:{sandbox}/{{library}}/api/v1"),
            admin=Admin(_endpoint(options["admin-port"]), board=True),
            store=store.Store(self._state / store.FILE),
            # Its passwords are in its banner: a failed login has nothing to hide.
            limits=Limits(login_floor=0.1, logins_per_address=10_000),
            process=Process(options["workers"]),
            settings=demo_settings(library.library.nickname for library in stock(self._data)),
        )


CERTIFICATE = "certificate.pem"
"""In the state folder, for terminals: the certificate to trust."""

PAIR = "tls"
"""In the state folder, for the gateway: certificate and key."""

_REMEDIES = {
    "listen[0].endpoint": "--tls-port chooses another",
    "listen[1].endpoint": "--plain-port chooses another",
    "admin.endpoint": "--admin-port chooses another",
}


def port_of(listener: Listener | None) -> int:
    """Return the port that is listened on, which differs from the requested one if that was 0; 0 if there is none."""
    return (
        0 if listener is None or listener.port is None else int(getattr(listener.port.getHost(), "port", 0))
    )


def state_folder(option: str | None, environment: Mapping[str, str]) -> Path:
    """Return the demo's folder: `option`, else the gateway's."""
    return store.state_folder(environment) if option is None else Path(option).absolute()


def _endpoint(port: int) -> Endpoint:
    return Endpoint.read(f"tcp:{port}:interface={HOST}")


def _certificate(state: Path) -> Pair:
    """Return the kept pair, after a copy of its certificate for terminals was written."""
    try:
        pair = kept_pair(state / PAIR)
        (state / CERTIFICATE).write_bytes((state / PAIR / CHAIN).read_bytes())
    except OSError as error:
        raise Wrong(
            f"{error.filename or state}: the demo's certificate can't be kept there: {error.strerror}",
            "name a folder with --state-dir",
        ) from None
    except Wrong as wrong:
        raise Wrong(
            f"the demo's certificate {wrong.problem}", f"remove {state / PAIR}: a new one is made"
        ) from None
    return pair
