"""Address of a gateway, and how a terminal checks that it is the right one: with plain sockets and with Twisted.

Twisted and pyOpenSSL are imported inside the functions of `endpoint_of`: only `sip2gw load` needs them, and the other
commands start quickly without them.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import socket
import ssl
from pathlib import Path
from typing import TYPE_CHECKING, Any

from attrs import frozen

if TYPE_CHECKING:
    from OpenSSL import SSL
    from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IStreamClientEndpoint

TLS_PORT = 6009
PLAIN_PORT = 6001

_OTHER_NAME = frozenset({62, 64})
"""OpenSSL's X509_V_ERR_HOSTNAME_MISMATCH and X509_V_ERR_IP_ADDRESS_MISMATCH."""
_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


class Unreachable(Exception):
    """The gateway can't be reached: no connection, a wrong certificate, or no answer. The text is for people."""


@frozen
class Address:
    """Host and port of a gateway, how its certificate is checked, and the terminal's own certificate.

    The certificate is checked against the system's authorities or those of `ca_file`, by its SHA-256 fingerprint, or
    not at all.
    """

    host: str = "127.0.0.1"
    port: int = TLS_PORT
    tls: bool = True
    ca_file: str | None = None
    fingerprint: str | None = None
    """64 lower-case hex digits. The certificate itself is pinned, and needs no authority."""
    insecure: bool = False
    server_name: str | None = None
    """The name in the certificate, if it is not `host`."""
    client_cert: str | None = None
    """A PEM file with the terminal's own certificate and its chain."""
    client_key: str | None = None
    """A PEM file with the key of that certificate, if the key is not in the same file."""

    @property
    def expected_name(self) -> str:
        """The name that the certificate must have."""
        return self.server_name or self.host

    @property
    def takes_any_certificate(self) -> bool:
        """Whether the handshake accepts any certificate: it is pinned and compared later, or it is not checked."""
        return self.insecure or (self.fingerprint is not None and self.ca_file is None)

    def __str__(self) -> str:
        return f"{self.host}:{self.port} ({'TLS' if self.tls else 'plain'})"


def fingerprint_of(certificate: bytes) -> str:
    """Return the SHA-256 fingerprint of a certificate in DER form, as 64 hex digits."""
    return hashlib.sha256(certificate).hexdigest()


def read_fingerprint(text: str) -> str:
    """Read a fingerprint with or without colons, in either case. Raises ValueError."""
    digits = text.lower().removeprefix("sha256:").replace(":", "").replace(" ", "")
    if not re.fullmatch(r"[0-9a-f]{64}", digits):
        raise ValueError("a SHA-256 fingerprint has 64 hex digits")
    return digits


def check_fingerprint(address: Address, found: str) -> None:
    """Raise `Unreachable` if the address is pinned and `found` is the fingerprint of another certificate."""
    if address.fingerprint is not None and not hmac.compare_digest(found, address.fingerprint):
        raise Unreachable(f"{address} has another certificate: its SHA-256 fingerprint is {found}")


def connect(address: Address, timeout: float) -> socket.socket:
    """Return a connected socket. Raises `Unreachable`; `timeout` is in seconds."""
    try:
        plain = socket.create_connection((address.host, address.port), timeout)
    except OSError as error:
        raise Unreachable(f"no connection to {address}: {error.strerror or error}") from None
    plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    try:
        return _secured(plain, address) if address.tls else plain
    except BaseException:  # also when the command is interrupted
        plain.close()
        raise


def _secured(plain: socket.socket, address: Address) -> ssl.SSLSocket:
    context = _context(address)
    try:
        secure = context.wrap_socket(plain, server_hostname=address.expected_name)
    except ssl.SSLCertVerificationError as error:
        another = error.verify_code in _OTHER_NAME
        use = "--server-name with a name that it has" if another else "--ca-file"
        raise Unreachable(
            f"the certificate of {address} is not trusted: {error.verify_message}"
            f" (use {use}, --fingerprint or --insecure)"
        ) from None
    except (OSError, ValueError) as error:
        raise Unreachable(f"no TLS with {address}: {_in_words(error)}") from None
    try:
        check_fingerprint(address, fingerprint_of(secure.getpeercert(binary_form=True) or b""))
    except Unreachable:
        secure.close()
        raise
    return secure


def _in_words(error: Exception) -> str:
    """Return the reason of a handshake that failed, and what to do if the port is that of plain SIP2."""
    reason = getattr(error, "reason", None) or getattr(error, "strerror", None) or str(error)
    speaks_no_tls = isinstance(error, ConnectionError | ssl.SSLEOFError) or reason == "WRONG_VERSION_NUMBER"
    if speaks_no_tls or isinstance(error, TimeoutError):
        return f"{reason}. If it is a port of plain SIP2, try --plain"
    return str(reason)


def _context(address: Address) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=address.ca_file)
    except (OSError, ssl.SSLError) as error:
        raise Unreachable(f"{address.ca_file} can't be used: {error}") from None
    if address.takes_any_certificate:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    if address.client_cert is not None:
        try:  # with an empty password, a locked key is an error and not a question at each connection
            context.load_cert_chain(address.client_cert, address.client_key, password=lambda: "")
        except (OSError, ssl.SSLError) as error:
            raise Unreachable(f"{address.client_cert} can't be used with its key: {error}") from None
    return context


def endpoint_of(reactor: Any, address: Address, timeout: float) -> IStreamClientEndpoint:
    """Return the endpoint of an address, for Twisted. Raises `Unreachable` if a file that it names can't be used.

    A pinned fingerprint can be checked only after the handshake: `LoadTerminal` does that before it sends anything.
    """
    from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS

    plain = HostnameEndpoint(reactor, address.host.encode("idna"), address.port, timeout=timeout)
    return wrapClientTLS(_creator(address), plain) if address.tls else plain


def _creator(address: Address) -> IOpenSSLClientConnectionCreator:
    from OpenSSL import SSL
    from twisted.internet.ssl import Certificate, optionsForClientTLS, trustRootFromCertificates

    own = _own_certificate(address)
    if address.takes_any_certificate:
        return _trusting(address.expected_name, own)
    if address.ca_file is None:
        return optionsForClientTLS(address.expected_name, extraCertificateOptions=own)
    try:
        found = _PEM.findall(Path(address.ca_file).read_bytes())
        authorities = [Certificate.loadPEM(pem) for pem in found]
    except (OSError, SSL.Error) as error:
        raise Unreachable(f"{address.ca_file} can't be used: {error}") from None
    if not authorities:
        raise Unreachable(f"{address.ca_file} holds no certificate")
    return optionsForClientTLS(
        address.expected_name,
        trustRoot=trustRootFromCertificates(authorities),
        extraCertificateOptions=own,
    )


def _own_certificate(address: Address) -> dict[str, Any]:
    """Read the terminal's own certificate, its chain and its key, as Twisted's options."""
    if address.client_cert is None:
        return {}
    from OpenSSL import crypto

    try:
        certificates = Path(address.client_cert).read_bytes()
        key = Path(address.client_key).read_bytes() if address.client_key else certificates
        own, *chain = (
            crypto.load_certificate(crypto.FILETYPE_PEM, pem) for pem in _PEM.findall(certificates)
        )
        return {
            "certificate": own,
            "extraCertChain": chain,
            "privateKey": crypto.load_privatekey(crypto.FILETYPE_PEM, key, b""),
        }
    except (OSError, ValueError, crypto.Error) as error:
        raise Unreachable(f"{address.client_cert} can't be used with its key: {error}") from None


def _trusting(name: str, own: dict[str, Any]) -> IOpenSSLClientConnectionCreator:
    """Make TLS connections that accept any certificate. Twisted has none that also send the name of the server."""
    from OpenSSL import SSL
    from twisted.internet.interfaces import IOpenSSLClientConnectionCreator
    from twisted.internet.ssl import CertificateOptions
    from zope.interface import implementer

    context = CertificateOptions(verify=False, **own).getContext()

    @implementer(IOpenSSLClientConnectionCreator)
    class Trusting:
        def clientConnectionForTLS(self, tlsProtocol: object) -> SSL.Connection:
            connection = SSL.Connection(context, None)
            if not re.fullmatch(r"[0-9.]+|.*:.*", name):
                connection.set_tlsext_host_name(name.encode("idna"))
            return connection

    return Trusting()
