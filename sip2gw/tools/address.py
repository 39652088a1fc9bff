"""Where a gateway is, and by what it is known to be the right one."""

from __future__ import annotations

import hashlib
import hmac
import re
import socket
import ssl

from attrs import frozen

TLS_PORT = 6009
PLAIN_PORT = 6001


class Unreachable(Exception):
    """There is no conversation with the gateway: no connection, no trust, or no answer. The text is for people."""


@frozen
class Address:
    """Host and port, how the certificate is checked (against the system's authorities or `ca_file`, by its SHA-256
    fingerprint, or not at all), and what the terminal shows for itself."""

    host: str = "127.0.0.1"
    port: int = TLS_PORT
    tls: bool = True
    ca_file: str | None = None
    fingerprint: str | None = None
    """64 lower-case hex digits: the certificate itself is pinned, and needs no authority."""
    insecure: bool = False
    server_name: str | None = None
    """The name in the certificate, where it is not `host`."""
    client_cert: str | None = None
    """A PEM file with the terminal's own certificate, and what vouches for it."""
    client_key: str | None = None
    """The key of that, where it is not in the same file."""

    @property
    def expected_name(self) -> str:
        """The name that the certificate must have."""
        return self.server_name or self.host

    def __str__(self) -> str:
        return f"{self.host}:{self.port} ({'TLS' if self.tls else 'plain'})"


def fingerprint_of(certificate: bytes) -> str:
    """The SHA-256 fingerprint of a certificate in DER form, as 64 hex digits."""
    return hashlib.sha256(certificate).hexdigest()


def read_fingerprint(text: str) -> str:
    """A fingerprint as people write it: with or without colons, in either case. Raises ValueError."""
    digits = text.lower().removeprefix("sha256:").replace(":", "").replace(" ", "")
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError("a SHA-256 fingerprint has 64 hex digits")
    return digits


def check_fingerprint(address: Address, found: str) -> None:
    """Raises `Unreachable` if the address is pinned to another certificate than the one found."""
    if address.fingerprint is not None and not hmac.compare_digest(found, address.fingerprint):
        raise Unreachable(f"the certificate of {address} is another one: its SHA-256 fingerprint is {found}")


def dial(address: Address, timeout: float) -> socket.socket:
    """A connected socket. Raises `Unreachable`."""
    try:
        plain = socket.create_connection((address.host, address.port), timeout)
    except OSError as error:
        raise Unreachable(f"no connection to {address}: {error.strerror or error}") from None
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        return _secured(plain, address) if address.tls else plain
    except BaseException:
        plain.close()
        raise


def _secured(plain: socket.socket, address: Address) -> ssl.SSLSocket:
    context = _context(address)
    try:
        secure = context.wrap_socket(plain, server_hostname=address.expected_name)
    except ssl.SSLCertVerificationError as error:
        raise Unreachable(
            f"the certificate of {address} is not trusted: {error.verify_message}"
            " (use --ca-file, --fingerprint or --insecure)"
        ) from None
    except (OSError, ValueError) as error:
        raise Unreachable(f"no TLS with {address}: {error}") from None
    try:
        check_fingerprint(address, fingerprint_of(secure.getpeercert(binary_form=True) or b""))
    except Unreachable:
        secure.close()
        raise
    return secure


def _context(address: Address) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=address.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Unreachable(f"{address.ca_file} can't be used: {error}") from None
    if address.insecure or (address.fingerprint is not None and address.ca_file is None):
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if address.client_cert is not None:
        try:  # a key that is locked is no good: it would be asked for at each connection
            context.load_cert_chain(address.client_cert, address.client_key, password=lambda: "")
        except (OSError, ssl.SSLError) as error:
            raise Unreachable(f"{address.client_cert} can't be used with its key: {error}") from None
    return context
