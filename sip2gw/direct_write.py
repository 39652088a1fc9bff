"""Write to a socket at once, and not in the reactor's next turn: one event and two system calls less for each write."""

from __future__ import annotations

from typing import Any

from twisted.internet import tcp


def write_directly(transport: Any, data: bytes) -> int | None:
    """Write to a plain TCP transport, and return how many bytes the socket took: None for any other transport.

    Use it only if nothing waits in the transport's buffer; the rest goes through `transport.write`.
    """
    # By the class and not by what it can do: a TLS transport passes unknown attributes on to the socket.
    if (
        not isinstance(transport, tcp.Connection)
        or getattr(transport, "TLS", False)
        or not transport.connected
    ):
        return None
    taken = transport.writeSomeData(data)
    return taken if isinstance(taken, int) else 0  # An exception stands for a lost connection.
