"""`twistd librarika-faults`: a proxy with faults in front of the sandbox, or of any other server, as a service."""

from __future__ import annotations

from typing import Any

from twisted.application import internet
from twisted.internet import endpoints
from twisted.python import usage

from sip2gw.sandbox import faults
from sip2gw.sandbox.fault_proxy import FaultProxy

# Not annotated in Twisted.
server_from: Any = endpoints.serverFromString
client_from: Any = endpoints.clientFromString
listening: Any = internet.StreamServerEndpointService


class Options(usage.Options):
    """The command line of `twistd librarika-faults`."""

    synopsis = "[options]"
    longdesc = "A TCP proxy that delays, cuts and loses what goes through it."
    optParameters = [  # noqa: RUF012 (twisted.python.usage reads it so)
        ["port", "p", "tcp:8010:interface=127.0.0.1", "Where to listen, as a Twisted endpoint."],
        ["to", "t", "tcp:127.0.0.1:8009", "Where to pass connections on to, as a Twisted client endpoint."],
    ]

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.faults: list[faults.Fault] = []

    def opt_fault(self, text: str) -> None:
        """Add a fault, such as latency:seconds=2 or drop_reply:when=POST:times=1; may be given several times."""
        try:
            self.faults.append(faults.read(text))
        except ValueError as error:
            raise usage.UsageError(f"--fault {text}: {error}") from None


def makeService(options: Options) -> Any:
    """Return the service for these options."""
    from twisted.internet import reactor

    proxy = FaultProxy(reactor, client_from(reactor, options["to"]))  # type: ignore[arg-type]  # a module
    proxy.faults += options.faults
    service = listening(server_from(reactor, options["port"]), proxy)
    service._raiseSynchronously = True
    return service
