"""What the operating system is told of a terminal's connection: when to give it up, and how much to keep for it."""

from __future__ import annotations

import socket
from typing import Any

from twisted.internet.interfaces import ITCPTransport
from twisted.internet.tcp import Connection
from twisted.protocols.policies import ProtocolWrapper

from sip2gw.limits import Limits

_UNREAD = 65536
"""Bytes that the system takes of a terminal that is not listened to. Much less, and TCP sends hardly anything."""
_PROBES = 4
"""How often a peer that is silent is asked before it is given up."""


def prepare(transport: Any, limits: Limits) -> None:
    """Tell it, if `transport` goes over TCP, be it inside TLS and behind a balancer."""
    while isinstance(transport, ProtocolWrapper):
        transport = transport.transport
    if ITCPTransport.providedBy(transport):
        transport.setTcpKeepAlive(True)
        transport.setTcpNoDelay(True)
    if isinstance(transport, Connection):
        transport.bufferSize = limits.write_queue
        handle = transport.getHandle()
        # Else it would keep megabytes, of a terminal that floods and for one that reads nothing.
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, _UNREAD)
        handle.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, limits.write_queue)
        for name, value in _keepalive(limits.keepalive).items():
            if option := getattr(socket, name, None):  # not every system has all of them
                handle.setsockopt(socket.IPPROTO_TCP, option, value)


def _keepalive(idle: int) -> dict[str, int]:
    """Options of TCP by which a peer that is gone is given up after twice `idle` seconds.

    Probes are sent only while nothing is under way; for an answer that nobody confirms there is the user timeout.
    """
    return {
        "TCP_KEEPIDLE": idle,
        "TCP_KEEPINTVL": max(idle // _PROBES, 1),
        "TCP_KEEPCNT": _PROBES,
        "TCP_USER_TIMEOUT": 2 * idle * 1000,
    }
