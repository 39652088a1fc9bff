"""OpenSSL is asked for nothing until a peer has said something: most of what a silent connection would take is its.

Twisted makes OpenSSL's side of a connection when that begins, so something that has nothing to say stands there until
the first byte has come.
"""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from zope.interface import implementer


@implementer(IOpenSSLServerConnectionCreator)
class Unheard:
    """What Twisted asks of an `SSL.Connection` before anything has come. It keeps nothing: one will do for all."""

    def serverConnectionForTLS(self, protocol: object) -> Any:
        return self

    def set_accept_state(self) -> None:
        """It could do nothing else."""

    def set_app_data(self, protocol: object) -> None:
        """It needs to know nobody."""

    def do_handshake(self) -> None:
        raise SSL.WantReadError

    def send(self, data: bytes) -> int:
        raise SSL.WantReadError

    def recv(self, most: int) -> bytes:
        raise SSL.WantReadError

    def bio_read(self, most: int) -> bytes:
        raise SSL.WantReadError

    def bio_shutdown(self) -> None:
        """Nothing more will come, as nothing has."""

    def shutdown(self) -> bool:
        """Whether the peer has said goodbye."""
        return False
