"""Read a certificate with its chain and its private key, and check that they fit.

They are stored in one of two ways: one PEM file with the certificates and the private key, or a folder with
`fullchain.pem` and `privkey.pem`, as certbot creates it; `sip2gw.tls.folder` reads several of them. This module needs
no connections and no Twisted.
"""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime
from pathlib import Path

from attrs import field, frozen
from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed448 import Ed448PrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from cryptography.x509.oid import NameOID

from sip2gw.faults import Wrong, unreadable

CHAIN = "fullchain.pem"
KEY = "privkey.pem"
SHORTEST_RSA = 2048
"""Bits. OpenSSL accepts no shorter key at its usual security level."""

FORM = f"name a PEM file with certificates and private key, or a folder with {CHAIN} and {KEY}"
CRL = "name a PEM file with the revocation lists of client_authorities"
_LIST = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)

_UNREADABLE = (ValueError, x509.InvalidVersion)
"""Exceptions that a malformed certificate raises."""

Key = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey | Ed448PrivateKey


@frozen
class Pair:
    """A server's certificate, its chain and its private key."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    """The certificates that are sent after the server's own."""
    key: Key = field(repr=False)

    @property
    def expires(self) -> datetime:
        """The end of its validity; aware."""
        return self.certificate.not_valid_after_utc

    def days_left(self, now: datetime | None = None) -> int:
        """Return whole days until it expires; negative once it has."""
        return (self.expires - (now or datetime.now(UTC))).days

    @property
    def names(self) -> tuple[str, ...]:
        """The DNS names of the certificate, in lower case; one with "*" matches any first label."""
        return tuple(name.lower() for name in _dns_names(self.certificate)) or tuple(
            name.lower() for name in _common_names(self.certificate)
        )

    @property
    def root(self) -> str:
        """The name of the root that a client has to trust: the one above the last certificate; empty without a name."""
        return _printable(_common_names((self.certificate, *self.chain)[-1], issuer=True))

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as openssl writes it: pairs of upper-case hex digits and colons."""
        return self.certificate.fingerprint(SHA256()).hex(":").upper()


def files_of(path: Path) -> tuple[Path, ...]:
    """Return the files that the pair at `path` is read from."""
    return (path / CHAIN, path / KEY) if os.path.isdir(path) else (path,)


def read_pair(path: Path) -> Pair:
    """Read a pair. Raises `Wrong` if a file is missing, unreadable or does not fit."""
    blocks = b"\n".join(_read(file, FORM) for file in files_of(path))
    key = _key(blocks, path)
    certificates = _certificates(blocks, path)
    for certificate in certificates:
        if _belong_together(certificate, key):
            others = tuple(other for other in certificates if other is not certificate)
            return Pair(certificate, others, key)
    raise Wrong(
        f"is {path}, where the private key belongs to none of the certificates",
        "put the key there that the certificate was requested with",
    )


def read_authorities(path: Path) -> list[x509.Certificate]:
    """Return the certificates of a PEM file: at least one. Raises `Wrong`."""
    return _certificates(_read(path, "name a PEM file with the certificates to trust"), path)


def read_revoked(path: Path, authorities: list[x509.Certificate]) -> list[x509.CertificateRevocationList]:
    """Return the revocation lists of a PEM file: at least one, each signed by these authorities. Raises `Wrong`."""
    lists = []
    for block in _LIST.findall(_read(path, CRL)):
        try:
            found = x509.load_pem_x509_crl(block)
        except ValueError:
            raise Wrong(f"is {path}, whose revocation list is damaged", CRL) from None
        if not any(_signed(found, authority) for authority in authorities):
            raise Wrong(f"is {path}, with a list that none of client_authorities has signed", CRL)
        lists.append(found)
    if not lists:
        raise Wrong(f"is {path}, which has no revocation list in PEM form", CRL)
    return lists


def is_readable(der: bytes) -> bool:
    """Return whether a certificate is valid X.509. OpenSSL accepts some that are not."""
    try:
        x509.load_der_x509_certificate(der)
    except _UNREADABLE:
        return False
    return True


def name_of(certificate: x509.Certificate) -> str:
    """Return the common name of a certificate, or else its first DNS name; empty without either.

    Unprintable characters become question marks, because the name appears in logs.
    """
    return _printable([*_common_names(certificate), *_dns_names(certificate)])


def _printable(names: list[str]) -> str:
    """Return the first of these names, empty if there is none."""
    return "".join(char if char.isprintable() else "?" for char in next(iter(names), ""))


def _dns_names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return names.value.get_values_for_type(x509.DNSName)
    except (
        x509.ExtensionNotFound,
        x509.DuplicateExtension,
        ValueError,
    ):  # an unreadable name is treated as missing
        return []


def _common_names(certificate: x509.Certificate, *, issuer: bool = False) -> list[str]:
    try:
        name = certificate.issuer if issuer else certificate.subject
        return [str(one.value) for one in name.get_attributes_for_oid(NameOID.COMMON_NAME)]
    except ValueError:
        return []


def _signed(found: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    key = authority.public_key()
    try:
        return found.issuer == authority.subject and found.is_signature_valid(key)  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):  # a key that can't sign
        return False


def _read(file: Path, form: str) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise Wrong(f"is {file}, which does not exist", form) from None
    except OSError as error:
        raise unreadable(file, error, form) from None


def _key(blocks: bytes, path: Path) -> Key:
    if b"PRIVATE KEY-----" not in blocks:
        raise Wrong(f"is {path}, which has no private key in PEM form", FORM)
    try:
        key = load_pem_private_key(blocks, None)
    except TypeError:
        raise Wrong(
            f"is {path}, whose private key is locked with a password",
            "unlock it with `openssl pkey -in KEY -out KEY`, because the gateway does not ask for it when it starts",
        ) from None
    except (ValueError, UnsupportedAlgorithm):
        raise Wrong(f"is {path}, whose private key is damaged or of an unknown kind", FORM) from None
    if not isinstance(key, Key):
        raise Wrong(
            f"is {path}, whose private key is of a kind that TLS does not use", "use an ECDSA or RSA key"
        )
    if isinstance(key, RSAPrivateKey) and key.key_size < SHORTEST_RSA:
        raise Wrong(f"is {path}, whose RSA key has only {key.key_size} bits", f"use {SHORTEST_RSA} or more")
    return key


def _certificates(blocks: bytes, path: Path) -> list[x509.Certificate]:
    try:
        return x509.load_pem_x509_certificates(blocks)
    except _UNREADABLE:
        raise Wrong(
            f"is {path}, which has no certificate in PEM form, or a damaged one", "make a new one"
        ) from None


def _belong_together(certificate: x509.Certificate, key: Key) -> bool:
    try:
        return _public(certificate.public_key()) == _public(key.public_key())
    except (ValueError, UnsupportedAlgorithm):  # a key of an unknown kind, perhaps of an authority
        return False


def _public(key: PublicKeyTypes) -> bytes:
    return key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
