"""Who is at the other end of a connection, as far as the network can tell."""

from __future__ import annotations

from attrs import frozen


@frozen
class Peer:
    """`address` is the terminal's own, also behind a load balancer; empty if there is none (a Unix socket).

    `certificate` is the name in the client certificate that was verified; empty without one.
    """

    address: str = ""
    certificate: str = ""

    def __str__(self) -> str:
        return f"{self.certificate or 'terminal'} at {self.address or 'this machine'}"
