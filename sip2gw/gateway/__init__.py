"""Connections of terminals: accept, limit, log in, answer, close. The room knows nothing of what messages mean."""

from sip2gw.gateway.factory import TerminalFactory
from sip2gw.gateway.protocol import TerminalProtocol

__all__ = ["TerminalFactory", "TerminalProtocol"]
