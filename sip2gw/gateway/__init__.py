"""The door: connections of terminals, TLS around them, and nothing of what they mean."""

from sip2gw.gateway.factory import TerminalFactory
from sip2gw.gateway.protocol import TerminalProtocol

__all__ = ["TerminalFactory", "TerminalProtocol"]
