"""Whatever a stranger or a terminal could make grow, or wait for ever, has a limit here, and a strike is counted.

A limit is a setting of `[limits]`; when it strikes, `sip2gw_limit_strikes_total` counts it under the setting's name.
Those on calls to the libraries' API are in `[librarika]`.
"""

from __future__ import annotations

from typing import NewType

from attrs import frozen

Seconds = NewType("Seconds", float)
"""A deadline: more than 0, at most an hour."""

SecondsOrNever = NewType("SecondsOrNever", float)
"""A deadline, at most a day; 0 for none."""

Count = NewType("Count", int)
"""How many there may be: at least 1."""

Fields = NewType("Fields", int)
"""Fields of a request: fewer than 16 would refuse requests of real terminals."""

KeepAlive = NewType("KeepAlive", int)
"""Whole seconds, at most two hours."""

Mebibytes = NewType("Mebibytes", int)
"""Of memory; 0 for no limit."""

Bytes = NewType("Bytes", int)
"""A size: from 512 bytes to 16 MiB."""

Share = NewType("Share", float)
"""A part of the whole: from 0 to 1."""

LineLength = NewType("LineLength", int)
"""Bytes. Less would cut requests of real terminals; more only feeds whoever sends no end of line."""


@frozen
class Limits:
    """`[limits]`: what nobody may exceed. Times are in seconds; bytes that come do not put a deadline off."""

    proxy_deadline: Seconds = Seconds(3.0)
    """For the PROXY header of a load balancer, from when it connects."""
    handshake_deadline: Seconds = Seconds(5.0)
    """For the TLS handshake."""
    login_deadline: Seconds = Seconds(15.0)
    """From the handshake, or the connection without TLS, until the terminal's account is accepted. One told yes
    provisionally that asks for the status has five minutes from each request instead."""
    request_deadline: Seconds = Seconds(30.0)
    """From the first byte of a request until its end of line."""
    idle_deadline: SecondsOrNever = SecondsOrNever(0.0)
    """Without any request, for a terminal that is logged in. 0: never; terminals keep quiet for hours."""
    write_deadline: Seconds = Seconds(10.0)
    """For a terminal that does not take its answers, once `write_queue` is full; then the connection is cut."""
    write_queue: Bytes = Bytes(65536)
    """Bytes that may wait to be taken by a terminal before it is no longer listened to. No more is read at once, and
    the operating system keeps about as much again."""
    close_deadline: Seconds = Seconds(2.0)
    """For the peer to close after the gateway has; then the connection is cut."""
    keepalive: KeepAlive = KeepAlive(60)
    """Of silence, after which the operating system asks whether the peer is still there. One that is gone without a
    word is given up after twice that."""
    drain_deadline: Seconds = Seconds(30.0)
    """For stopping: answering what is in hand, and hanging up on everybody."""
    drain_spread: SecondsOrNever = SecondsOrNever(5.0)
    """Within which, while stopping, those that wait for no answer are hung up on, one by one: so that they don't come
    back all at once."""
    line: LineLength = LineLength(4096)
    """Bytes of the longest request."""
    requests_waiting: Count = Count(4)
    """Requests of one terminal that may wait behind the one in hand before it is no longer listened to."""
    fields: Fields = Fields(64)
    """Fields of one request."""
    connections: Count = Count(20_000)
    """Connections in all."""
    connections_per_address: Count = Count(256)
    """Connections from one address, logged in or not."""
    connections_per_library: Count = Count(2_000)
    """Connections that are logged in at one library."""
    strangers: Count = Count(512)
    """Connections on which nobody has logged in."""
    strangers_per_address: Count = Count(32)
    """The same, from one address."""
    logins_per_account: Count = Count(10)
    """Wrong logins to one account from one network (/24, or /64 and /48 of IPv6) within `login_period`. Those beyond
    are refused without asking the library. A right login is not counted, and neither is one that the library did not
    judge. If it finds that too many were tried, the next one has to wait longer each time, up to a minute."""
    logins_per_account_anywhere: Count = Count(60)
    """Wrong logins to one account within an hour, from all networks together, and one more for each network that it
    was logged in from. A network from which a login to it was right before is not counted and not held to it."""
    logins_per_address: Count = Count(60)
    """Wrong logins from one address within `login_period`, to whatever account, and four times as many from one /48 of
    IPv6. A terminal that has logged in before is not held to it."""
    login_period: Seconds = Seconds(900.0)
    """For `logins_per_account` and `logins_per_address`."""
    login_floor: Seconds = Seconds(1.0)
    """The time that a login takes at least to be refused, and a little more by chance: so it tells nothing of why.
    Where logins were throttled before it is longer for each failed one, up to five times as long."""
    pins_per_terminal: Count = Count(5)
    """Wrong passwords of one patron at one terminal within `pin_period`, and four times as many from one address with
    one account, whatever the terminals there call themselves. Beyond that each is a wrong one, and the library is not
    asked; elsewhere the patron is not locked out."""
    pin_period: Seconds = Seconds(900.0)
    """For `pins_per_terminal`."""
    pins_per_account: Count = Count(120)
    """Wrong passwords of all patrons together, within an hour and with one account of a terminal; a patron whom the
    library does not know counts as one. Beyond that a password is a wrong one, and the library is not asked, unless it
    was right before."""
    account_check: Seconds = Seconds(300.0)
    """How often at least the library is asked whether an account still holds, while its terminals are logged in."""
    bugs: Count = Count(5)
    """Requests of one connection within a minute that may hit a bug of the gateway; then it hangs up."""
    memory: Mebibytes = Mebibytes(0)
    """Memory of the process. From 90 % on there is no place for new connections, and those that have not logged in and
    ask nothing are closed; from 100 % on nobody logs in. 0: no limit."""
