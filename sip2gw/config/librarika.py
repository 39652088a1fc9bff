"""`[terminals]` and `[librarika]`: how long terminals wait, and how the API is called within that time."""

from __future__ import annotations

import string
from typing import Annotated, Any
from urllib.parse import urlsplit

from attrs import frozen

from sip2gw.addresses import is_loopback
from sip2gw.circulation.desk import ASKING
from sip2gw.config.authorities import CAFile
from sip2gw.config.checks import Checked
from sip2gw.config.scalars import text
from sip2gw.config.tables import Tables
from sip2gw.faults import Wrong
from sip2gw.limits import Between, Count, Seconds


def url_template(value: Any) -> str:
    """Return the URL of a library's API, with {library} where its nickname goes. Raises `Wrong`."""
    example = '"https://{library}.librarika.com/api/v1"'
    url = text(value, example)
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(url) if name is not None]
        parts = urlsplit(url.replace("{library}", "library"))
        port = parts.port
    except ValueError as error:
        raise Wrong(f"is not a URL: {error}", f"write it like {example}") from None
    wrong = []
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        wrong.append("is not an http or https URL")
    if names != ["library"]:
        wrong.append("does not have {library} once, and nothing else in braces")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        wrong.append("would send passwords in the clear (plain http is only for 127.0.0.1)")
    if parts.query or parts.fragment or parts.username is not None:
        wrong.append("has a user, a query or a fragment, which can't be used")
    if wrong:
        raise Wrong(" and ".join(wrong), f"write it like {example}")
    return url


@frozen
class Terminals:
    """`[terminals]`: settings for all terminals."""

    # Three digits of 98 have the tenths of a second; 99.9 would mean "unknown". So would 999 tries.
    timeout: Annotated[float, Between(1, 99.8, "seconds, such as 30")] = 30.0
    """Seconds that a terminal should wait for an answer, as stated in 98."""
    retries: Annotated[int, Between(0, 998)] = 3
    """How often a terminal should ask again, as stated in 98."""
    deferred_login: bool = True
    """Whether a terminal that names no library when it logs in may name it with its first request."""


@frozen
class LibrarikaAPI:
    """`[librarika]`: how the libraries' API is reached. Deadlines are in seconds."""

    url: Annotated[str, Checked(url_template)] = "https://{library}.librarika.com/api/v1"
    """The URL of a library's API; {library} stands for its nickname. Plain http only on this machine."""
    call_deadline: Seconds | None = None
    """For all calls that one request of a terminal needs: connecting, sending, waiting, reading the answers,
    settling writes whose answer was lost. Without it, four fifths of what terminals.timeout leaves after 5
    seconds, 20 at most."""
    calls: Count = 256
    """Calls in progress at the same time, in all."""
    calls_per_library: Count = 16
    """Calls in progress to one library; fewer while more than half of all are used, so that each library gets some."""
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
