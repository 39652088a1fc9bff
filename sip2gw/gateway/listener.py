"""A listener takes connections at one endpoint from when it starts until it stops; whatever it has taken lives on.

While it runs it looks every second for renewed certificates. What keeps it from listening is told as one line that
says where, why, and what to do.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable

from twisted.application.service import Service
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.internet.defer import CancelledError, Deferred, maybeDeferred
from twisted.internet.error import CannotListenError
from twisted.internet.interfaces import (
    IListeningPort,
    IProtocolFactory,
    IReactorTime,
    IStreamServerEndpoint,
)
from twisted.internet.task import LoopingCall
from twisted.logger import Logger
from twisted.python.failure import Failure

from sip2gw.faults import Wrong
from sip2gw.gateway.balancer import BalancerFactory, Networks
from sip2gw.gateway.connection_limits import Census
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.tls.contexts import TLSFiles
from sip2gw.tls.handshake import TLSFactory
from sip2gw.tls.server import ServerTLS

LOOK = 1.0
"""Seconds between looks for renewed certificates."""


class CannotListen(Exception):
    """An endpoint that can't be listened on. The text is one line for whoever started the gateway."""


class Listener(Service):
    """Connections at one endpoint, with TLS around them if `tls` is given, and around that the balancers' PROXY header.

    `what` names the service and `where` the endpoint in what is logged; `remedy` says how to choose another. `census`
    has the limits that hold before there is a terminal, and the places for connections that take none themselves.
    `make_endpoint` is called when it starts. `port` is what it listens on while it does.
    """

    log = Logger()
    interval = LOOK

    def __init__(
        self,
        what: str,
        where: str,
        make_endpoint: Callable[[], IStreamServerEndpoint],
        factory: IProtocolFactory,
        *,
        reactor: IReactorTime,
        tls: ServerTLS | None = None,
        balancers: Networks = (),
        census: Census | None = None,
        remedy: str = "choose another",
    ) -> None:
        self.what = what
        self.where = where
        self.tls = tls
        self.port: IListeningPort | None = None
        self._make_endpoint = make_endpoint
        census = census or Census(Limits, Metrics(), reactor.seconds)
        if tls is not None:
            factory = TLSFactory(tls, factory, reactor, census.limits, census.metrics)
        self._factory = BalancerFactory(factory, balancers, reactor, census)
        self._looking = LoopingCall(self._look, tls) if tls else None
        if self._looking is not None:
            self._looking.clock = reactor
        self._remedy = remedy
        self._starting: Deferred[None] | None = None

    @property
    def address(self) -> str:
        """Where it listens at this moment, with the port that it got; "" if it does not, or has no such address."""
        match self.port.getHost() if self.port is not None else None:
            case IPv4Address(host=host, port=port) | IPv6Address(host=host, port=port):
                return f"{host}:{port}"
            case UNIXAddress(name=name):
                return os.fsdecode(name) if name else ""
            case _:
                return ""

    def warnings(self, due: int) -> tuple[str, ...]:
        """What the operator should know, a sentence each; `due` is how many days a certificate should still have."""
        return () if self.tls is None else self.tls.warnings(due)

    def privilegedStartService(self) -> None:
        """Begin to listen. Raises `CannotListen` if that is known at once."""
        self._starting = maybeDeferred(self._listen)
        failed: list[Failure] = []
        self._starting.addErrback(self._cannot).addErrback(failed.append)
        if failed:
            failed[0].raiseException()
        # An endpoint that takes its time may fail later, when there is nobody left to tell but the log.
        self._starting.addCallback(lambda _: self._tell(failed))

    def startService(self) -> None:
        if self._starting is None:
            self.privilegedStartService()
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        if self._looking is not None and not self._looking.running:
            self._looking.start(self.interval)

    async def stop_listening(self) -> None:
        """Take no new connections; those there are stay. Does nothing if it does not listen."""
        if self._starting is not None:
            self._starting.cancel()
            self._starting = None
        port, self.port = self.port, None
        if port is not None:
            await maybeDeferred(port.stopListening)

    def prepare(self, files: TLSFiles | None, balancers: Networks) -> Callable[[], None]:
        """Have what a changed configuration says hold for new connections, once what is returned is called.

        Certificates are read anew in any case. Raises `Wrong` for what can't be used, and for a change that needs
        another listener: to TLS, or from it.
        """
        if (files is None) != (self.tls is None):
            raise Wrong("can't change between plain SIP2 and TLS while it listens", "start the gateway again")
        take = self.tls.prepare(files) if self.tls is not None and files is not None else None

        def commit() -> None:
            if take is not None:
                take()
            self._factory.networks = balancers

        return commit

    def stopService(self) -> Deferred[None]:
        super().stopService()  # type: ignore[no-untyped-call]  # Twisted's
        if self._looking is not None and self._looking.running:
            self._looking.stop()
        return Deferred.fromCoroutine(self.stop_listening())

    def _look(self, tls: ServerTLS) -> None:
        try:
            tls.look()
        except Exception:  # a bug must not end the looks; it comes again only when the files change again
            self.log.failure("files that changed on disk for {where} could not be loaded", where=self.where)

    def _listen(self) -> Deferred[None]:
        return self._make_endpoint().listen(self._factory).addCallback(self._listens)

    def _listens(self, port: IListeningPort) -> None:
        self.port = port
        secured = "" if self.tls is None else f" over TLS, certificate until {self.tls.expires:%Y-%m-%d}"
        self.log.info(
            "listening on {where}: {what}{secured}",
            where=self.address or self.where, what=self.what, secured=secured,
        )  # fmt: skip
        for warning in self.warnings(0):  # those of what has expired
            self.log.warn("{warning}", warning=warning)

    def _cannot(self, failure: Failure) -> None:
        if isinstance(failure.value, CancelledError):
            return  # stopped before it listened
        raise CannotListen(
            f"{self.what} on {self.where}: {_why(failure.value)}; {self._remedy}"
        ) from failure.value

    def _tell(self, failed: list[Failure]) -> None:
        for failure in failed:
            self.log.critical("{fault}", fault=failure.getErrorMessage())


_REASONS = {
    errno.EADDRINUSE: "is in use by another program",
    errno.EACCES: "is not allowed to this user",
    errno.EADDRNOTAVAIL: "is not an address of this machine",
}


def _why(error: BaseException | None) -> str:
    """The reason in words, without Twisted's."""
    match error:
        case CannotListenError(socketError=OSError() as cause, port=port):
            what = f"port {port}" if isinstance(port, int) else "it"
            return f"{what} {_REASONS.get(cause.errno or 0, f'fails: {cause.strerror}')}"
        case CannotListenError():
            return "is in use by another program"
        case LookupError():
            return "systemd has handed over no such socket"
        case _:
            return f"fails: {error}"
