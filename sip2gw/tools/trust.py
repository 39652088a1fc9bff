"""How a Twisted client finds a gateway and checks that it is the right one: as `address.dial` does with plain sockets.

A pinned fingerprint can be checked only after the handshake; `LoadTerminal` does that before it says anything.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from OpenSSL import SSL, crypto
from twisted.internet.endpoints import HostnameEndpoint, wrapClientTLS
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IStreamClientEndpoint
from twisted.internet.ssl import (
    Certificate,
    CertificateOptions,
    optionsForClientTLS,
    trustRootFromCertificates,
)
from zope.interface import implementer

from sip2gw.tools.address import Address, Unreachable

_PEM = re.compile(rb"-----BEGIN CERTIFICATE-----.+?-----END CERTIFICATE-----", re.DOTALL)


def endpoint_of(reactor: Any, address: Address, timeout: float) -> IStreamClientEndpoint:
    """The endpoint of an address. Raises `Unreachable` if a file that it names is no good."""
    plain = HostnameEndpoint(reactor, address.host.encode("idna"), address.port, timeout=timeout)
    if not address.tls:
        return plain
    return wrapClientTLS(_creator(address), plain)


def _creator(address: Address) -> IOpenSSLClientConnectionCreator:
    shown = _shown(address)
    if address.insecure or (address.fingerprint is not None and address.ca_file is None):
        return _AnyCertificate(address.expected_name, shown)
    if address.ca_file is None:
        return optionsForClientTLS(address.expected_name, extraCertificateOptions=shown)
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
        extraCertificateOptions=shown,
    )


def _shown(address: Address) -> dict[str, Any]:
    """What the terminal proves itself with, as Twisted's options."""
    if address.client_cert is None:
        return {}
    try:
        certificates = Path(address.client_cert).read_bytes()
        key = Path(address.client_key).read_bytes() if address.client_key else certificates
        own, *others = (
            crypto.load_certificate(crypto.FILETYPE_PEM, pem) for pem in _PEM.findall(certificates)
        )
        return {
            "certificate": own,
            "extraCertChain": others,
            "privateKey": crypto.load_privatekey(crypto.FILETYPE_PEM, key, b""),
        }
    except (OSError, ValueError, crypto.Error) as error:
        raise Unreachable(f"{address.client_cert} can't be used with its key: {error}") from None


@implementer(IOpenSSLClientConnectionCreator)
class _AnyCertificate:
    """TLS without a look at the certificate: it is pinned and compared later, or was not to be looked at."""

    def __init__(self, name: str, shown: dict[str, Any]) -> None:
        self._name = name
        self._context = CertificateOptions(verify=False, **shown).getContext()

    def clientConnectionForTLS(self, tlsProtocol: object) -> SSL.Connection:
        """One connection."""
        connection = SSL.Connection(self._context, None)
        if not re.fullmatch(r"[0-9.]+|.*:.*", self._name):
            connection.set_tlsext_host_name(self._name.encode("idna"))
        return connection
