"""The table `[librarika]`: where the libraries' API is, and how long a call may take."""

from __future__ import annotations

import string
from typing import Annotated, Any
from urllib.parse import urlsplit

from attrs import frozen

from sip2gw.addresses import is_loopback
from sip2gw.circulation.desk import CALL_MARGIN
from sip2gw.config.authorities import CAFile
from sip2gw.config.checks import Checked
from sip2gw.config.scalars import text
from sip2gw.faults import Wrong
from sip2gw.limits import Count, Seconds


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
        return min(20.0, (timeout - CALL_MARGIN) * 0.8)
