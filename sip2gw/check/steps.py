"""The steps of a check, and the first of them: from the name of the API's host to its certificate."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

from attrs import frozen

SECONDS = 10.0
SOON = 14
"""Days before a certificate's end from which it counts as a failure."""

_CLOCK, _RENEW = "check this machine's clock", "the library's host must renew it"
_NAME = "check the name in librarika.url: another server answers there, or one with another's certificate"
_TRUST = "install the authority of the certificate, or name its file in librarika.ca_file"
_FIXES = {9: _CLOCK, 10: f"{_RENEW}; {_CLOCK} as well", 62: _NAME, 64: _NAME}
"""By OpenSSL's codes: not valid yet, expired, for another host name, for another IP address."""


@frozen
class Step:
    """One step. `ok` is None if it was left out; `text` says what was found, and `fix` what to do."""

    name: str
    ok: bool | None
    text: str
    fix: str = ""


def reach(url: str, authorities: Path | None) -> Iterator[Step]:
    """Yield the steps up to the certificate of the API at `url`, until one fails."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or (443 if parts.scheme == "https" else 80)
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        why = getattr(error, "strerror", None) or "not a host name"
        yield Step("DNS", False, f"{host}: {why}", "check the nickname, and the name server of this machine")
        return
    yield Step("DNS", True, f"{host} is {', '.join(sorted({str(one[4][0]) for one in found}))}")
    try:
        plain = socket.create_connection((host, port), SECONDS)
    except OSError as error:
        fix = f"let this machine connect to {host}, port {port}: look at the firewall"
        yield Step("TCP", False, f"port {port}: {error.strerror or error}", fix)
        return
    with plain:
        yield Step("TCP", True, f"port {port} accepts connections")
        if parts.scheme == "https":
            yield from _secure(plain, host, authorities)
        else:
            yield Step("TLS", None, "the URL is http, for this machine alone")


def _secure(plain: socket.socket, host: str, authorities: Path | None) -> Iterator[Step]:
    try:
        context = ssl.create_default_context(cafile=authorities)
    except (OSError, ssl.SSLError) as error:
        yield Step("TLS", False, f"{authorities}: {error}", "correct librarika.ca_file")
        return
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        with context.wrap_socket(plain, server_hostname=host) as secure:
            yield Step("TLS", True, f"{secure.version()}")
            ends = ssl.cert_time_to_seconds(str((secure.getpeercert() or {})["notAfter"]))
    except ssl.SSLCertVerificationError as error:
        yield Step("TLS", True, "the server speaks TLS")
        yield Step("certificate", False, error.verify_message, _FIXES.get(error.verify_code, _TRUST))
        return
    except (OSError, KeyError, ValueError) as error:
        fix = "see whether a proxy or a firewall is in between"
        yield Step("TLS", False, str(getattr(error, "reason", None) or error), fix)
        return
    days = int((ends - time.time()) // 86_400)
    fix = "" if days >= SOON else _RENEW
    yield Step("certificate", days >= SOON, f"trusted, for {host}, {days} days left", fix)
