"""Limits on all that a stranger or a terminal could make grow, or wait for ever.

`sip2gw_limit_strikes_total` counts under a limit's name each time that it is reached. A number with bounds is a setting
of `[limits]`; the others are fixed. Limits on calls to the libraries' API are in `[librarika]`.
"""

from __future__ import annotations

from typing import Annotated

from attrs import frozen


@frozen
class Between:
    """The bounds of a number in the configuration, both included. `unit` is for the fault of a number outside."""

    least: float
    most: float
    unit: str = ""


Seconds = Annotated[float, Between(0.001, 3600, "seconds, such as 20")]
"""A deadline."""

SecondsOrNever = Annotated[float, Between(0, 86400, "seconds, or 0 for never")]
"""A deadline; 0 for none."""

Count = Annotated[int, Between(1, 10_000_000)]
"""How many there may be."""


@frozen
class Limits:
    """`[limits]`: bounds for terminals and strangers. Times are in seconds; received bytes extend no deadline."""

    handshake_deadline: Seconds = 5.0
    """For the TLS handshake."""
    login_deadline: Seconds = 15.0
    """From the handshake, or the connection without TLS, until the terminal's account is accepted. A terminal whose
    login was accepted provisionally, and that sends status requests, has five minutes from each of them instead."""
    request_deadline: Seconds = 30.0
    """From the first byte of a request until its line end."""
    idle_deadline: SecondsOrNever = 0.0
    """Without a request, for a terminal that is logged in. 0: never; terminals are silent for hours."""
    close_deadline: Seconds = 2.0
    """For the peer to close after the gateway has; then the connection is reset."""
    keepalive: Annotated[int, Between(1, 7200)] = 60
    """Of silence, after which the operating system checks whether the peer is still there. A peer that is gone
    without a close is given up after twice that."""
    drain_deadline: Seconds = 30.0
    """For stopping: answer requests in progress, and disconnect all terminals."""
    drain_spread: SecondsOrNever = 5.0
    """While stopping, the time over which idle terminals are disconnected one by one, so that they don't all
    reconnect at once."""
    connections: Count = 20_000
    """Connections in all."""
    connections_per_address: Count = 256
    """Connections from one address, logged in or not."""
    connections_per_library: Count = 2_000
    """Connections that are logged in at one library."""
    strangers: Count = 512
    """Connections that are not logged in."""
    strangers_per_address: Count = 32
    """Connections from one address that are not logged in."""
    logins_per_account: Count = 10
    """Wrong logins to one account from one network (/24, or /64 and /48 of IPv6) within `login_period`. Further ones
    are refused without asking the library. A right login is not counted, and neither is one that the library did
    not judge. If the library finds that too many were tried, the next one has to wait longer each time, up to a
    minute."""
    logins_per_address: Count = 60
    """Wrong logins from one address within `login_period`, to all accounts together, and four times as many from one
    /48 of IPv6. A terminal that has logged in before is not limited by this."""
    login_floor: Seconds = 1.0
    """The least time before a login is refused, and a little more at random: so the time does not show the reason.
    Where logins were throttled before it is longer for each failed one, up to five times as long."""
    pins_per_terminal: Count = 5
    """Wrong passwords of one patron at one terminal within `pin_period`, and four times as many from one address
    with one account, for all locations together. Any further password counts as wrong, and the library is not
    asked; at other terminals the patron is not locked out."""
    pins_per_account: Count = 120
    """Wrong passwords of all patrons together, within an hour and with one account of a terminal; a patron unknown
    to the library counts as one. Any further password counts as wrong, and the library is not asked, unless the
    password was right before."""
    account_check: Seconds = 300.0
    """The longest time between two checks of an account with the library, while its terminals are logged in."""
    memory: Annotated[int, Between(0, 2**20)] = 0
    """Memory of the process. From 90 % on new connections are rejected, and idle ones that are not logged in are
    closed; from 100 % on logins fail. 0: no limit."""

    # -- Fixed: no operator has a reason to change these. Tests do.
    proxy_deadline: float = 3.0
    """For the PROXY header of a load balancer, from its connection. A balancer sends it at once."""
    write_deadline: float = 10.0
    """For a terminal that does not take its answers, once `write_queue` is full; then it is disconnected. A terminal
    takes a few hundred bytes, and a lost packet is sent again within seconds."""
    write_queue: int = 65536
    """Bytes of answers that may wait for a terminal before its requests are no longer read. The longest answers have
    a few thousand. The operating system buffers about as much again."""
    line: int = 4096
    """Bytes of the longest request. Real ones have a few hundred."""
    requests_waiting: int = 4
    """Requests of one terminal that may wait behind the one in progress before no more are read. By the protocol none
    waits."""
    fields: int = 64
    """Fields of one request. The longest request of the protocol has ten, and makers add a few."""
    logins_per_account_anywhere: int = 60
    """Wrong logins to one account within an hour, from all networks together, and one more for each network that it
    was logged in from. A network from which a login to it was right before is not counted and not limited by
    this."""
    login_period: float = 900.0
    """For `logins_per_account` and `logins_per_address`. The counts are settings, so the time need not be one."""
    pin_period: float = 900.0
    """For `pins_per_terminal`."""
    bugs: int = 5
    """Requests of one connection within a minute that may hit a bug of the gateway; then it is disconnected."""
