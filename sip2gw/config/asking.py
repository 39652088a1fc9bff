"""`[terminals]` and `[librarika]`: how long terminals wait, and how the API is called within that time."""

from __future__ import annotations

from attrs import frozen

from sip2gw.circulation.desk import ASKING
from sip2gw.config.values import CAFile, Retries, Tables, Timeout, URLTemplate
from sip2gw.limits import Bytes, Count, Seconds, SecondsOrNever, Share


@frozen
class Terminals:
    """`[terminals]`: settings for all terminals."""

    timeout: Timeout = Timeout(30.0)
    """Seconds that a terminal should wait for an answer, as stated in 98."""
    retries: Retries = Retries(3)
    """How often a terminal should ask again, as stated in 98."""
    deferred_login: bool = True
    """Whether a terminal that names no library when it logs in may name it with its first request."""


@frozen
class LibrarikaAPI:
    """`[librarika]`: how the libraries' API is reached. Deadlines are in seconds."""

    url: URLTemplate = URLTemplate("https://{library}.librarika.com/api/v1")
    """The URL of a library's API; {library} stands for its nickname. Plain http only on this machine."""
    call_deadline: Seconds | None = None
    """For all calls that one request of a terminal needs: connecting, sending, waiting, reading the answers,
    settling writes whose answer was lost. Without it, four fifths of what terminals.timeout leaves after 5
    seconds, 20 at most."""
    connect_deadline: Seconds = Seconds(3.0)
    headers_deadline: Seconds = Seconds(10.0)
    """Until the answer begins. No part of a call may take more than half of the whole."""
    probe_deadline: Seconds = Seconds(3.0)
    """For a probe whether the API can be reached; there may be two."""
    calls: Count = Count(256)
    """Calls in progress at the same time, in all."""
    calls_per_library: Count = Count(16)
    """Calls in progress to one library; fewer while more than half of all are used, so that each library gets some."""
    retry_share: Share = Share(0.1)
    """The part of a library's calls that may be retried after a failure: reads, and calls that were certainly not
    sent."""
    retry_after: SecondsOrNever = SecondsOrNever(60.0)
    """The longest pause of calls to a library that asks for one (Retry-After)."""
    answer_body: Bytes = Bytes(2**20)
    """Bytes of the longest answer."""
    answer_head: Bytes = Bytes(2**14)
    """Bytes of its status line and headers."""
    login_life: Seconds = Seconds(600.0)
    """How long a right login is not checked again, unless the API reports that it is no longer valid."""
    private_networks: bool = False
    """Whether libraries' names may lead to addresses of private networks. A URL with an IP address, or of this
    machine, is always allowed."""
    ca_file: CAFile | None = None
    """PEM file of the authorities to trust instead of the system's."""

    def call(self, timeout: float) -> float:
        """Return the deadline of a whole call when terminals wait for `timeout` seconds."""
        if self.call_deadline is not None:
            return self.call_deadline
        return min(20.0, (timeout - ASKING) * 0.8)


def check_deadlines(librarika: LibrarikaAPI, terminals: Terminals, tables: Tables) -> None:
    """Check that a terminal gets an answer before it gives up, and that no part of a call outlasts the whole."""
    if terminals.timeout <= ASKING and tables.is_sound("terminals.timeout"):
        problem = f"is {terminals.timeout:g} s, too short for any call to Librarika"
        tables.fault("terminals.timeout", problem, f"keep it above {ASKING:g} s; 30 is usual")
        return
    call = librarika.call(terminals.timeout)
    sound = tables.is_sound("librarika.call_deadline") and tables.is_sound("terminals.timeout")
    if sound and call >= terminals.timeout - ASKING:
        tables.fault(
            "librarika.call_deadline",
            f"is {call:g} s, but terminals give up after terminals.timeout, {terminals.timeout:g} s",
            f"keep it more than {ASKING:g} s below that",
        )
