"""This gateway among those that share its store: its name, its state, and where its board is."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from secrets import token_hex

from sip2gw import __version__
from sip2gw.addresses import read
from sip2gw.admin.health import Status
from sip2gw.config import Config
from sip2gw.gateway.listener import Listener
from sip2gw.record import Machine

_STATES = {Status.OK: "serving", Status.STOPPING: "draining"}


def own(config: Config, listeners: Sequence[Listener], admin_listener: Listener | None) -> Machine:
    """Return this gateway by the name of its host, with the addresses on which it listens by now."""
    name = socket.gethostname()
    place = next((listener.address for listener in listeners if listener.address), "")
    board = config.admin is not None and config.admin.board and admin_listener is not None
    at = _of_host(admin_listener.address, name) if board and admin_listener is not None else ""
    return Machine(token_hex(8), name, place, __version__, board=at)


def state(status: Status) -> str:
    """Return a state in a word for the operator."""
    return _STATES.get(status, status.value)


def _of_host(address: str, name: str) -> str:
    """Return an address, with the name of the host in place of one that means all its addresses."""
    host, _, port = address.rpartition(":")
    found = read(host)
    return f"{name}:{port}" if found is not None and found.is_unspecified else address
