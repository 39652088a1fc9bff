"""`twistd librarika-sandbox`: the sandbox as a service of its own, on one port."""

from __future__ import annotations

import sqlite3
import sys
from typing import Any, NoReturn

from twisted.application import internet
from twisted.application.service import Service
from twisted.internet import endpoints
from twisted.internet.error import CannotListenError
from twisted.python import usage

from sip2gw.sandbox.data import DataFault, load_data
from sip2gw.sandbox.sandbox import Sandbox

# Not annotated in Twisted.
endpoint_of: Any = endpoints.serverFromString
listening: Any = internet.StreamServerEndpointService


class Options(usage.Options):
    """The command line of `twistd librarika-sandbox`."""

    synopsis = "[options]"
    longdesc = "A local Librarika: the assumed REST API v1 of every library in the data file."
    optParameters = [  # noqa: RUF012 (twisted.python.usage reads it so)
        ["port", "p", "tcp:8009:interface=127.0.0.1", "Where to listen, as a Twisted endpoint."],
        ["data", "d", None, "Data file (JSON); the package's own libraries without it."],
        ["database", "b", None, "Database file that keeps everything; in memory without it."],
    ]


def makeService(options: Any) -> SandboxService:
    """Return the service for these options. A fault in them ends the process with a message and exit status 1."""
    from twisted.internet import reactor

    try:
        data = load_data(options["data"]) if options["data"] else None
        sandbox = Sandbox(data, database=options["database"])
    except DataFault as fault:
        _give_up(str(fault))
    except sqlite3.Error as failure:
        _give_up(f"{options['database']}: {failure}")
    try:
        endpoint = endpoint_of(reactor, options["port"])
    except (ValueError, TypeError, KeyError) as failure:
        _give_up(
            f"--port {options['port']}: is not an endpoint, such as tcp:8009:interface=127.0.0.1: {failure}"
        )
    return SandboxService(sandbox, endpoint, options["port"])


class SandboxService(Service):
    """Listen while it runs. A port in use ends the process with one line, and exit status 1."""

    def __init__(self, sandbox: Sandbox, endpoint: Any, where: str) -> None:
        self._sandbox = sandbox
        self._where = where
        self._listening = listening(endpoint, sandbox.site())
        # Raised from privilegedStartService, and so before anything runs.
        self._listening._raiseSynchronously = True

    def privilegedStartService(self) -> None:
        """Listen."""
        try:
            self._listening.privilegedStartService()
        except CannotListenError as failure:
            _give_up(f"{self._where}: cannot listen: {failure.socketError}")

    def startService(self) -> None:
        """Serve."""
        self.running = 1
        self._listening.startService()

    def stopService(self) -> Any:
        """Stop listening, then close the database."""
        self.running = 0
        return self._listening.stopService().addBoth(self._closed)

    def _closed(self, result: Any) -> Any:
        self._sandbox.close()
        return result


def _give_up(message: str) -> NoReturn:
    # twistd has made a log of sys.stderr by now; the operator looks at the real one.
    print(f"librarika-sandbox: {message}", file=sys.__stderr__)
    raise SystemExit(1)
