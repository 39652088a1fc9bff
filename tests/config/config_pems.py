"""Keys and certificates as PEM."""

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat


def pem(key) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def pem_of(made: x509.Certificate) -> bytes:
    return made.public_bytes(Encoding.PEM)
