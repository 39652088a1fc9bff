"""An authority that signs certificates for servers and for terminals, and takes them back."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from sip2gw.tls.certificates import CHAIN, KEY

_MAY_SIGN = x509.KeyUsage(
    key_cert_sign=True,
    crl_sign=True,
    digital_signature=False,
    content_commitment=False,
    key_encipherment=False,
    data_encipherment=False,
    key_agreement=False,
    encipher_only=False,
    decipher_only=False,
)

_ECDSA_WITH_SHA256 = bytes.fromhex("300a06082a8648ce3d040302")


def _der(tag: int, content: bytes) -> bytes:
    size = len(content)
    return bytes([tag, *([size] if size < 0x80 else [0x82, size >> 8, size & 0xFF])]) + content


class Authority:
    """Its certificates live `days` from yesterday on, unless it is said otherwise."""

    def __init__(self, name: str = "Test Authority") -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self.certificate = (
            self._certificate(self.name, self.key, 3650)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .add_extension(_MAY_SIGN, critical=True)
            .sign(self.key, SHA256())
        )

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(Encoding.PEM)

    def issue(
        self, common_name: str = "", *names: str, days: int = 90, client: bool = False
    ) -> tuple[x509.Certificate, bytes]:
        """A certificate, and its key in PEM form."""
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common_name)] if common_name else [])
        usage = ExtendedKeyUsageOID.CLIENT_AUTH if client else ExtendedKeyUsageOID.SERVER_AUTH
        builder = self._certificate(subject, key, days).add_extension(
            x509.ExtendedKeyUsage([usage]), critical=False
        )
        if names:
            alternative = x509.SubjectAlternativeName([x509.DNSName(name) for name in names])
            builder = builder.add_extension(alternative, critical=False)
        pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return builder.sign(self.key, SHA256()), pem

    def write_pair(self, path: Path, *names: str, days: int = 90) -> bytes:
        """Put a server's pair in a PEM file, or in a folder as certbot does; what it looks like on the wire."""
        made, key = self.issue(names[0] if names else "", *names, days=days)
        chain = made.public_bytes(Encoding.PEM) + self.pem
        if path.suffix == ".pem":
            path.write_bytes(chain + key)
            path.chmod(0o600)
        else:
            path.mkdir(exist_ok=True)
            (path / CHAIN).write_bytes(chain)
            (path / KEY).write_bytes(key)
            (path / KEY).chmod(0o600)
        return made.public_bytes(Encoding.DER)

    def write_client(self, path: Path, common_name: str, *names: str, days: int = 90) -> x509.Certificate:
        """Put a terminal's certificate and key in a PEM file."""
        made, key = self.issue(common_name, *names, days=days, client=True)
        path.write_bytes(made.public_bytes(Encoding.PEM) + key)
        return made

    def sign_anew(self, certificate: x509.Certificate, old: bytes, new: bytes) -> bytes:
        """The certificate in DER form with these bytes for those, of the same length: no builder would make it."""
        signed = certificate.tbs_certificate_bytes
        assert signed.count(old) == 1
        assert len(old) == len(new)
        signed = signed.replace(old, new)
        signature = b"\0" + self.key.sign(signed, ec.ECDSA(SHA256()))
        return _der(0x30, signed + _ECDSA_WITH_SHA256 + _der(0x03, signature))

    def revoke(self, *certificates: x509.Certificate, days: int = 30) -> bytes:
        """A revocation list with these, in PEM form."""
        now = datetime.now(UTC)
        builder = (
            x509.CertificateRevocationListBuilder()
            .issuer_name(self.name)
            .last_update(now - timedelta(days=40))
            .next_update(now + timedelta(days=days))
        )
        for one in certificates:
            builder = builder.add_revoked_certificate(
                x509.RevokedCertificateBuilder().serial_number(one.serial_number).revocation_date(now).build()
            )
        return builder.sign(self.key, SHA256()).public_bytes(Encoding.PEM)

    def _certificate(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, days: int
    ) -> x509.CertificateBuilder:
        now = datetime.now(UTC)
        own = x509.SubjectKeyIdentifier.from_public_key(key.public_key())
        signer = x509.AuthorityKeyIdentifier.from_issuer_public_key(self.key.public_key())
        return (
            x509.CertificateBuilder(subject_name=subject, issuer_name=self.name, public_key=key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(min(now, now + timedelta(days=days)) - timedelta(days=1))
            .not_valid_after(now + timedelta(days=days))
            .add_extension(own, critical=False)
            .add_extension(signer, critical=False)
        )
