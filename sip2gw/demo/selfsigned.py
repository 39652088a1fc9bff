"""Make the demo's certificate once and keep it, so that a terminal that trusts it goes on trusting it."""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sip2gw.tls.certificates import CHAIN, KEY, Pair, read_pair

LIFE = timedelta(days=825)
"""Some clients reject a certificate with a longer life."""


def kept_pair(folder: Path) -> Pair:
    """Return the certificate for localhost in `folder`; make one if there is none or if it has expired.

    Raises OSError if it can't be kept there, and `Wrong` if an existing one can't be used.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if (folder / CHAIN).exists():
        pair = read_pair(folder)
        if pair.expires > datetime.now(UTC):
            return pair
    key = ec.generate_private_key(ec.SECP256R1())
    # The certificate is written last: if it is there, its key is.
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    _write(folder / KEY, pem, mode=0o600)
    _write(folder / CHAIN, certificate(key).public_bytes(Encoding.PEM), mode=0o644)
    return read_pair(folder)


def certificate(key: ec.EllipticCurvePrivateKey, now: datetime | None = None) -> x509.Certificate:
    """Return a certificate for localhost, signed with its own key."""
    now = now or datetime.now(UTC)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    subject_key = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
    authority_key = x509.AuthorityKeyIdentifier.from_issuer_subject_key_identifier(subject_key)
    names = x509.SubjectAlternativeName(
        [
            x509.DNSName("localhost"),
            x509.IPAddress(ip_address("127.0.0.1")),
            x509.IPAddress(ip_address("::1")),
        ]
    )
    builder = (
        x509.CertificateBuilder(subject_name=name, issuer_name=name, public_key=key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))  # for a terminal whose clock is slow
        .not_valid_after(now + LIFE)
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(names, critical=False)
        .add_extension(subject_key, critical=False)
        .add_extension(authority_key, critical=False)
    )
    return builder.sign(key, SHA256())


def _write(path: Path, content: bytes, mode: int) -> None:
    """Write a file at once: never incomplete, and never readable for others."""
    new = path.with_suffix(".new")
    new.unlink(missing_ok=True)
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(content)
    new.replace(path)
