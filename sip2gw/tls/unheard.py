"""Make OpenSSL's state of a connection at the first byte, because it is most of a silent connection's memory.

Twisted makes that state when a connection begins, so a stateless object stands in for it until the first byte.
"""

from __future__ import annotations

from typing import Any

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from zope.interface import implementer


@implementer(IOpenSSLServerConnectionCreator)
class Unheard:
    """Answer Twisted's calls to an `SSL.Connection` before the first byte. It has no state: one object serves all."""

    def serverConnectionForTLS(self, protocol: object) -> Any:
        return self

    def set_accept_state(self) -> None:
        """Do nothing: it accepts only."""

    def set_app_data(self, protocol: object) -> None:
        """Do nothing: it makes no callbacks."""

    def do_handshake(self) -> None:
        raise SSL.WantReadError

    def send(self, data: bytes) -> int:
        raise SSL.WantReadError

    def recv(self, most: int) -> bytes:
        raise SSL.WantReadError

    def bio_read(self, most: int) -> bytes:
        raise SSL.WantReadError

    def bio_shutdown(self) -> None:
        """Do nothing: no bytes have come, and none will."""

    def shutdown(self) -> bool:
        """Return whether the peer has sent close_notify."""
        return False
