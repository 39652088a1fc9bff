"""A certificate, its chain and its key are one thing and are read as one: a half that doesn't fit is no certificate.

They are kept in either of two ways: one PEM file that holds the certificates and the private key, or a folder with
`fullchain.pem` and `privkey.pem`, as certbot lays them out; `sip2gw.tls.folder` reads several of them. Nothing
here knows of connections or of Twisted.
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

from sip2gw.faults import Wrong

CHAIN = "fullchain.pem"
KEY = "privkey.pem"
SHORTEST_RSA = 2048
"""Bits; OpenSSL takes no shorter key at its usual security level."""

FORM = f"name a PEM file with certificates and private key, or a folder with {CHAIN} and {KEY}"
CRL = "name a PEM file with the revocation lists of client_authorities"
_LIST = re.compile(rb"-----BEGIN X509 CRL-----.+?-----END X509 CRL-----", re.DOTALL)

_UNREADABLE = (ValueError, x509.InvalidVersion)
"""What is raised of a malformed certificate."""

Key = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey | Ed448PrivateKey


@frozen
class Pair:
    """A server's certificate, those that vouch for it, and its private key."""

    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    """What is sent after the certificate itself."""
    key: Key = field(repr=False)

    @property
    def expires(self) -> datetime:
        """The moment after which no terminal should trust it; aware."""
        return self.certificate.not_valid_after_utc

    def days_left(self, now: datetime | None = None) -> int:
        """Whole days until it expires; negative when it has."""
        return (self.expires - (now or datetime.now(UTC))).days

    @property
    def names(self) -> tuple[str, ...]:
        """The DNS names that it is for, in lower case; one with "*" stands for any in place of the star."""
        return tuple(name.lower() for name in _dns_names(self.certificate)) or tuple(
            name.lower() for name in _common_names(self.certificate)
        )

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, as openssl writes it: pairs of upper-case hex digits and colons."""
        return self.certificate.fingerprint(SHA256()).hex(":").upper()


def files_of(path: Path) -> tuple[Path, ...]:
    """The files that the pair at `path` is read from."""
    return (path / CHAIN, path / KEY) if os.path.isdir(path) else (path,)


def read_pair(path: Path) -> Pair:
    """Read a pair. Raises `Wrong`."""
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
    """The certificates of a PEM file: at least one. Raises `Wrong`."""
    return _certificates(_read(path, "name a PEM file with the certificates to trust"), path)


def read_revoked(path: Path, authorities: list[x509.Certificate]) -> list[x509.CertificateRevocationList]:
    """The revocation lists of a PEM file: one at least, and each of one of these authorities. Raises `Wrong`."""
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
    """Whether it is as X.509 wants it, which OpenSSL takes less strictly than we do."""
    try:
        x509.load_der_x509_certificate(der)
    except _UNREADABLE:
        return False
    return True


def name_of(certificate: x509.Certificate) -> str:
    """Whose certificate it is: its common name, or else its first DNS name; empty without either.

    What can't be printed becomes a question mark: the name will stand in logs.
    """
    names = [*_common_names(certificate), *_dns_names(certificate), ""]
    return "".join(char if char.isprintable() else "?" for char in names[0])


def _dns_names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
        return names.value.get_values_for_type(x509.DNSName)
    except (x509.ExtensionNotFound, x509.DuplicateExtension, ValueError):  # what can't be read names nobody
        return []


def _common_names(certificate: x509.Certificate) -> list[str]:
    try:
        names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    except ValueError:
        return []
    return [str(name.value) for name in names]


def _signed(found: x509.CertificateRevocationList, authority: x509.Certificate) -> bool:
    key = authority.public_key()
    try:
        return found.issuer == authority.subject and found.is_signature_valid(key)  # type: ignore[arg-type]
    except (TypeError, ValueError, UnsupportedAlgorithm):  # a key that signs nothing
        return False


def _read(file: Path, form: str) -> bytes:
    try:
        return file.read_bytes()
    except FileNotFoundError:
        raise Wrong(f"is {file}, which does not exist", form) from None
    except OSError as error:
        # The user's name is worth more here than the number: under systemd it is seldom who one thinks.
        raise Wrong(
            f"is {file}, which can't be read: {error.strerror}",
            f"let the user with the number {os.geteuid()} read it",
        ) from None


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
