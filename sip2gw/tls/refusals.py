"""Describe for the operator why a handshake failed. The text holds no bytes from the peer."""

from __future__ import annotations

import re

from OpenSSL import SSL

PLAIN = "SIP2"
NO_TLS = "no TLS"
HTTP = "HTTP"
PROXY = "PROXY, which this port does not expect; list the balancer in proxy_from, or have only one balancer add it"

_LANGUAGES = {
    PLAIN: re.compile(rb"[\r\n ]*[0-9]"),
    PROXY: re.compile(rb"PROXY |\r\n\r\n\0"),
    HTTP: re.compile(rb"(?:GET|PUT|POST|HEAD|OPTIONS|CONNECT|DELETE|PATCH|TRACE) "),
}
_RECORDS = range(0x14, 0x18)
"""The first bytes of the records of TLS 1.0 to 1.3."""

_OLD = "; update the terminal, or put stunnel in front of it (manual, Install: A kiosk that can't do TLS)"
_TRUST = "; give it the root{root} (manual, Install: A kiosk that does not trust the certificate)"

_WORDS = {
    "unsupported protocol": f"it offers only TLS versions older than 1.2{_OLD}",
    "no shared cipher": f"it offers no cipher suite that is good enough{_OLD}",
    "no shared group": "it offers no curve that is good enough",
    "no suitable key share": "it offers no curve that is good enough",
    "no suitable signature algorithm": "it supports no signature of our certificate's kind",
    "no shared signature algorithms": "it supports no signature of our certificate's kind",
    "inappropriate fallback": "it offers an older TLS version than it could",
    "peer did not return a certificate": "it has no client certificate",
    "certificate verify failed": "its certificate is not from client_authorities",
    "alert unknown ca": f"it does not trust our certificate's authority (alert: unknown CA){_TRUST}",
    "alert certificate unknown": f"it does not trust our certificate (alert: certificate unknown){_TRUST}",
    "alert bad certificate": "it does not accept our certificate (alert: bad certificate)",
    "alert certificate expired": "it finds that our certificate has expired (alert: certificate expired)",
    "alert protocol version": f"it offers no TLS version that the gateway accepts (alert: protocol version){_OLD}",
    "alert handshake failure": "it ended the handshake (alert: handshake failure)",
}
"""By the end of OpenSSL's reason; older versions put a function's name before it."""


def other_language(first: bytes) -> str | None:
    """Return the language of a client that begins with these bytes; None if it may be TLS."""
    if not first or first[0] in _RECORDS or first[0] & 0x80:  # the latter begins a ClientHello of SSL 2
        return None
    return next((name for name, begins in _LANGUAGES.items() if begins.match(first)), NO_TLS)


def begins_tls(first: bytes) -> bool:
    """Return whether these bytes begin a TLS handshake."""
    return first.startswith(b"\x16\x03")


def why(error: SSL.Error, root: str = "") -> str:
    """Return our text for OpenSSL's error, or OpenSSL's own. `root` is the name of our certificate's root."""
    errors = error.args[0] if error.args else ()
    reason = errors[-1][-1] if isinstance(errors, list) and errors else ""
    for end, words in _WORDS.items():
        if reason.lower().endswith(end):
            return words.replace("{root}", f" named {root}" if root else "")
    return reason or "it broke the protocol"
