"""`[terminals]` and `[librarika]`: how long terminals wait, and how the API is asked so that the answer comes first."""

from __future__ import annotations

from attrs import frozen

from sip2gw.circulation.desk import ASKING
from sip2gw.config.values import CAFile, Retries, Tables, Timeout, URLTemplate
from sip2gw.limits import Bytes, Count, Seconds, SecondsOrNever, Share


@frozen
class Terminals:
    """`[terminals]`: what holds for all terminals."""

    timeout: Timeout = Timeout(30.0)
    """Seconds that a terminal is told (in 98) to wait for an answer."""
    retries: Retries = Retries(3)
    """How often a terminal is told (in 98) to ask again."""
    deferred_login: bool = True
    """Whether a terminal that names no library when it logs in may name it with its first request."""


@frozen
class LibrarikaAPI:
    """`[librarika]`: how the libraries' API is reached. Deadlines are in seconds."""

    url: URLTemplate = URLTemplate("https://{library}.librarika.com/api/v1")
    """Where a library's API is; {library} stands for its nickname. Plain http only on this machine."""
    call_deadline: Seconds | None = None
    """For all calls that one request of a terminal needs: connecting, sending, waiting, reading the answers, settling
    writes whose answer was lost. Without it, four fifths of what terminals.timeout leaves after 5
    seconds, 20 at most."""
    connect_deadline: Seconds = Seconds(3.0)
    headers_deadline: Seconds = Seconds(10.0)
    """Until the answer begins. No part of a call outlasts half of the whole, whatever is set."""
    probe_deadline: Seconds = Seconds(3.0)
    """For asking whether the API is there at all; it may be asked twice."""
    calls: Count = Count(256)
    """Calls under way at the same time, in all."""
    calls_per_library: Count = Count(16)
    """The same, to one library; fewer while more than half of all are taken, so that there are some for each."""
    retry_share: Share = Share(0.1)
    """The part of a library's calls that may be made again when they fail: reads, and what was certainly not sent."""
    retry_after: SecondsOrNever = SecondsOrNever(60.0)
    """The longest that a library is left alone when it asks for that."""
    answer_body: Bytes = Bytes(2**20)
    """Bytes of the longest answer."""
    answer_head: Bytes = Bytes(2**14)
    """Bytes of its status line and headers."""
    login_life: Seconds = Seconds(600.0)
    """How long a login that was right is not asked about again, unless the API says that it is no longer so."""
    private_networks: bool = False
    """Whether libraries' names may lead to addresses of private networks. A URL that names an address, or this machine,
    needs no such leave."""
    ca_file: CAFile | None = None
    """PEM file of the authorities to trust instead of the system's."""

    def call(self, timeout: float) -> float:
        """The deadline of a whole call when terminals wait for `timeout` seconds."""
        if self.call_deadline is not None:
            return self.call_deadline
        return min(20.0, (timeout - ASKING) * 0.8)


def check_deadlines(librarika: LibrarikaAPI, terminals: Terminals, tables: Tables) -> None:
    """A terminal must hear an answer before it gives up. No part of a call outlasts the whole, whatever is set."""
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
