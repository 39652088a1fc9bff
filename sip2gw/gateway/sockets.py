"""Socket options of a terminal's connection: when the system gives it up, and how much it buffers."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.interfaces import ITCPTransport
from twisted.internet.tcp import Connection
from twisted.protocols.policies import ProtocolWrapper

from sip2gw.limits import Limits

_UNREAD = 65536
"""Bytes that the system receives from a terminal that is not read. With much less, TCP sends hardly anything."""
_PROBES = 4
"""Keepalive probes before a silent peer is given up."""


def prepare(transport: Any, limits: Limits) -> None:
    """Set the options, if `transport` is TCP, also inside TLS and behind a balancer."""
    while isinstance(transport, ProtocolWrapper):
        transport = transport.transport
    if ITCPTransport.providedBy(transport):
        transport.setTcpKeepAlive(True)
        transport.setTcpNoDelay(True)
    if isinstance(transport, Connection):
        transport.bufferSize = limits.write_queue
        handle = transport.getHandle()
        # Otherwise the system buffers megabytes for a terminal that floods or does not read.
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UNREAD)
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.write_queue)
        for name, value in _keepalive(limits.keepalive).items():
            if option := getattr(socket, name, None):  # not every system has all of them
                handle.setsockopt(socket.IPPROTO_TCP, option, value)


def _keepalive(idle: int) -> dict[str, int]:
    """Return TCP options that give up a lost peer after twice `idle` seconds.

    Probes are sent only while no data is in flight; for unconfirmed answers there is the user timeout.
    """
    return {
        "TCP_KEEPIDLE": idle,
        "TCP_KEEPINTVL": max(idle // _PROBES, 1),
        "TCP_KEEPCNT": _PROBES,
        "TCP_USER_TIMEOUT": 2 * idle * 1000,
    }
