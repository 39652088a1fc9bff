"""Limits on all that a stranger or a terminal could make grow, or wait for ever.

A limit is a setting of `[limits]`; `sip2gw_limit_strikes_total` counts each time it is reached, under the setting's
name. Limits on calls to the libraries' API are in `[librarika]`.
"""

from __future__ import annotations

from typing import NewType

from attrs import frozen

Seconds = NewType("Seconds", float)
"""A deadline: more than 0, at most an hour."""

SecondsOrNever = NewType("SecondsOrNever", float)
"""A deadline, at most a day; 0 for none."""

Count = NewType("Count", int)
"""A number: at least 1."""

Fields = NewType("Fields", int)
"""Fields of a request: fewer than 16 would refuse requests of real terminals."""

KeepAlive = NewType("KeepAlive", int)
"""Whole seconds, at most two hours."""

Mebibytes = NewType("Mebibytes", int)
"""Memory; 0 for no limit."""

Bytes = NewType("Bytes", int)
"""A size: from 512 bytes to 16 MiB."""

Share = NewType("Share", float)
"""A part of the whole: from 0 to 1."""

LineLength = NewType("LineLength", int)
"""Bytes. A lower limit would cut requests of real terminals; a higher one only helps a client that sends no line
end."""


@frozen
class Limits:
    """`[limits]`: bounds for terminals and strangers. Times are in seconds; received bytes extend no deadline."""

    proxy_deadline: Seconds = Seconds(3.0)
    """For the PROXY header of a load balancer, from its connection."""
    handshake_deadline: Seconds = Seconds(5.0)
    """For the TLS handshake."""
    login_deadline: Seconds = Seconds(15.0)
    """From the handshake, or the connection without TLS, until the terminal's account is accepted. A terminal whose
    login was accepted provisionally, and that sends status requests, has five minutes from each of them instead."""
    request_deadline: Seconds = Seconds(30.0)
    """From the first byte of a request until its line end."""
    idle_deadline: SecondsOrNever = SecondsOrNever(0.0)
    """Without a request, for a terminal that is logged in. 0: never; terminals are silent for hours."""
    write_deadline: Seconds = Seconds(10.0)
    """For a terminal that does not take its answers, once `write_queue` is full; then it is disconnected."""
    write_queue: Bytes = Bytes(65536)
    """Bytes of answers that may wait for a terminal before its requests are no longer read. The operating system
    buffers about as much again."""
    close_deadline: Seconds = Seconds(2.0)
    """For the peer to close after the gateway has; then the connection is reset."""
    keepalive: KeepAlive = KeepAlive(60)
    """Of silence, after which the operating system checks whether the peer is still there. A peer that is gone
    without a close is given up after twice that."""
    drain_deadline: Seconds = Seconds(30.0)
    """For stopping: answer requests in progress, and disconnect all terminals."""
    drain_spread: SecondsOrNever = SecondsOrNever(5.0)
    """While stopping, the time over which idle terminals are disconnected one by one, so that they don't all
    reconnect at once."""
    line: LineLength = LineLength(4096)
    """Bytes of the longest request."""
    requests_waiting: Count = Count(4)
    """Requests of one terminal that may wait behind the one in progress before no more are read."""
    fields: Fields = Fields(64)
    """Fields of one request."""
    connections: Count = Count(20_000)
    """Connections in all."""
    connections_per_address: Count = Count(256)
    """Connections from one address, logged in or not."""
    connections_per_library: Count = Count(2_000)
    """Connections that are logged in at one library."""
    strangers: Count = Count(512)
    """Connections that are not logged in."""
    strangers_per_address: Count = Count(32)
    """Connections from one address that are not logged in."""
    logins_per_account: Count = Count(10)
    """Wrong logins to one account from one network (/24, or /64 and /48 of IPv6) within `login_period`. Further ones
    are refused without asking the library. A right login is not counted, and neither is one that the library did
    not judge. If the library finds that too many were tried, the next one has to wait longer each time, up to a
    minute."""
    logins_per_account_anywhere: Count = Count(60)
    """Wrong logins to one account within an hour, from all networks together, and one more for each network that it
    was logged in from. A network from which a login to it was right before is not counted and not limited by
    this."""
    logins_per_address: Count = Count(60)
    """Wrong logins from one address within `login_period`, to all accounts together, and four times as many from one
    /48 of IPv6. A terminal that has logged in before is not limited by this."""
    login_period: Seconds = Seconds(900.0)
    """For `logins_per_account` and `logins_per_address`."""
    login_floor: Seconds = Seconds(1.0)
    """The least time before a login is refused, and a little more at random: so the time does not show the reason.
    Where logins were throttled before it is longer for each failed one, up to five times as long."""
    pins_per_terminal: Count = Count(5)
    """Wrong passwords of one patron at one terminal within `pin_period`, and four times as many from one address
    with one account, for all locations together. Any further password counts as wrong, and the library is not
    asked; at other terminals the patron is not locked out."""
    pin_period: Seconds = Seconds(900.0)
    """For `pins_per_terminal`."""
    pins_per_account: Count = Count(120)
    """Wrong passwords of all patrons together, within an hour and with one account of a terminal; a patron unknown
    to the library counts as one. Any further password counts as wrong, and the library is not asked, unless the
    password was right before."""
    account_check: Seconds = Seconds(300.0)
    """The longest time between two checks of an account with the library, while its terminals are logged in."""
    bugs: Count = Count(5)
    """Requests of one connection within a minute that may hit a bug of the gateway; then it is disconnected."""
    memory: Mebibytes = Mebibytes(0)
    """Memory of the process. From 90 % on new connections are rejected, and idle ones that are not logged in are
    closed; from 100 % on logins fail. 0: no limit."""
