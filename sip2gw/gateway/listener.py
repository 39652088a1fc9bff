"""Listen on one endpoint from start to stop; accepted connections outlive it.

While it listens, it looks every second for renewed certificates. A failure to listen is logged as one line with
place, reason and fix.
"""

from __future__ import annotations

import errno
import os
from collections.abc import Callable, Sequence
from typing import Any

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
from twisted.logger import Logger, LogLevel
from twisted.python.failure import Failure

from sip2gw.addresses import shown_port
from sip2gw.faults import Wrong
from sip2gw.gateway.balancer import BalancerFactory, Networks
from sip2gw.gateway.connection_limits import ConnectionLimits
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.tls.contexts import TLSFiles
from sip2gw.tls.handshake import TLSFactory
from sip2gw.tls.server import ServerTLS

LOOK = 1.0
"""Seconds between two looks for renewed certificates."""


class CannotListen(Exception):
    """An endpoint that can't be listened on. The text is one line for the operator."""


class Listener(Service):
    """Connections at one endpoint, inside TLS if `tls` is given, and behind the balancers' PROXY header.

    `what` names the service and `where` the endpoint in the log; `remedy` says how to choose another.
    `connection_limits` has the limits that apply before a terminal is known, and the slots of connections that take
    none themselves. `turned_away` is called for each connection without a right PROXY header: with the port as a person
    names it, and what `TurnedAway` gets. `make_endpoint` is called at start. `level` is that of the log's line which
    says that it listens. `port` is the listening port while there is one.
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
        connection_limits: ConnectionLimits | None = None,
        turned_away: Callable[[str, str, str, str], object] = lambda *_: None,
        remedy: str = "choose another",
        level: Any = LogLevel.info,
    ) -> None:
        self.what = what
        self.where = where
        self.tls = tls
        self.port: IListeningPort | None = None
        self._make_endpoint = make_endpoint
        connection_limits = connection_limits or ConnectionLimits(Limits, Metrics(), reactor.seconds)
        if tls is not None:
            factory = TLSFactory(tls, factory, reactor, connection_limits.limits, connection_limits.metrics)
        self._factory = BalancerFactory(factory, balancers, reactor, connection_limits, self._turned_away)
        self._tell_turned_away = turned_away
        self._looking = LoopingCall(self._look, tls) if tls else None
        if self._looking is not None:
            self._looking.clock = reactor
        self._remedy = remedy
        self._level = level
        self._starting: Deferred[None] | None = None

    @property
    def address(self) -> str:
        """The current address with its port; "" if it does not listen, or has no such address."""
        match self.port.getHost() if self.port is not None else None:
            case IPv4Address(host=host, port=port) | IPv6Address(host=host, port=port):
                return f"{host}:{port}"
            case UNIXAddress(name=name):
                return os.fsdecode(name) if name else ""
            case _:
                return ""

    def _turned_away(self, address: str, why: str, fix: str) -> None:
        port = self.address.rpartition(":")[2]
        self._tell_turned_away(shown_port(port, tls=self.tls is not None), address, why, fix)

    def warnings(self, due: int) -> tuple[str, ...]:
        """Return warnings for the operator, one sentence each, of certificates that expire within `due` days."""
        return () if self.tls is None else self.tls.warnings(due)

    def privilegedStartService(self) -> None:
        """Begin to listen. Raises `CannotListen` if that fails at once."""
        self._starting = maybeDeferred(self._listen)
        failed: list[Failure] = []
        self._starting.addErrback(self._cannot).addErrback(failed.append)
        if failed:
            failed[0].raiseException()
        # A slow endpoint may fail after the start; then only the log can report it.
        self._starting.addCallback(lambda _: self._tell(failed))

    def startService(self) -> None:
        if self._starting is None:
            self.privilegedStartService()
        super().startService()  # type: ignore[no-untyped-call]  # Twisted's
        if self._looking is not None and not self._looking.running:
            self._looking.start(self.interval)

    async def stop_listening(self) -> None:
        """Accept no new connections; those there are stay open. Does nothing if it does not listen."""
        if self._starting is not None:
            self._starting.cancel()
            self._starting = None
        port, self.port = self.port, None
        if port is not None:
            await maybeDeferred(port.stopListening)

    def prepare(self, files: TLSFiles | None, balancers: Networks) -> Callable[[], None]:
        """Return a function that applies a changed configuration to new connections.

        Certificates are always read again. Raises `Wrong` for invalid files, and for a change that needs another
        listener: to TLS, or from it.
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
        except Exception:  # a bug must not stop the checks; it returns only when the files change again
            self.log.failure("files that changed on disk for {where} could not be loaded", where=self.where)

    def _listen(self) -> Deferred[None]:
        return self._make_endpoint().listen(self._factory).addCallback(self._listens)

    def _listens(self, port: IListeningPort) -> None:
        self.port = port
        secured = "" if self.tls is None else f" over TLS, certificate until {self.tls.expires:%Y-%m-%d}"
        self.log.emit(
            self._level, "listening on {where}: {what}{secured}",
            where=self.address or self.where, what=self.what, secured=secured,
        )  # fmt: skip
        for warning in self.warnings(0):  # the certificates that have expired
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


def listen_on_all(listeners: Sequence[Listener]) -> None:
    """Begin to listen on all, or on none. Raises `CannotListen` with a line for each that can't be listened on."""
    failures = []
    for listener in listeners:
        try:
            listener.privilegedStartService()
        except CannotListen as failure:
            failures.append(str(failure))
    if failures:
        for listener in listeners:
            listener.stopService()
        raise CannotListen("\n".join(failures))


_REASONS = {
    errno.EADDRINUSE: "is in use by another program",
    errno.EACCES: "is not allowed to this user",
    errno.EADDRNOTAVAIL: "is not an address of this machine",
}


def _why(error: BaseException | None) -> str:
    """Return the reason in words, without Twisted's text."""
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
