"""Client certificates of terminals: signed by a configured authority, and not revoked.

They are checked in the handshake. A failure there ends the connection before any SIP2 is read.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from attrs import frozen
from cryptography import x509
from OpenSSL import SSL, crypto

from sip2gw.tls.certificates import is_readable, read_authorities, read_revoked

REVOKED_DUE = 3
"""Days before the end of a revocation list from which health warns. After the end no client certificate is accepted."""

_REASONS = {
    9: "is not valid yet",
    10: "has expired",
    12: "can't be checked: the revocation list has expired",
    3: "can't be checked: client_revoked has no list of its authority",
    23: "is revoked",
    26: "is not for clients",
}
"""Reasons by OpenSSL's error number; all other numbers have one common reason."""

_FOREIGN = "is not from client_authorities"


@frozen
class ClientFiles:
    """The files that decide which client certificates are accepted; `required` if a terminal must have one."""

    authorities: Path
    required: bool = True
    revoked: Path | None = None

    @property
    def files(self) -> tuple[Path, ...]:
        return (self.authorities, *([self.revoked] if self.revoked else []))


@frozen
class Clients:
    """The client authorities and revocation lists, as read."""

    authorities: tuple[x509.Certificate, ...]
    required: bool
    revoked: tuple[x509.CertificateRevocationList, ...] = ()

    def check_in(self, context: SSL.Context) -> None:
        """Have handshakes with this context check client certificates."""
        store = context.get_cert_store()
        assert store is not None  # noqa: S101 (a new context has one)
        for authority in self.authorities:
            store.add_cert(crypto.X509.from_cryptography(authority))
            context.add_client_ca(authority)
        for revoked in self.revoked:
            store.add_crl(revoked)
        # Each listed authority is trusted by itself, be it a root or not. Revocation is checked for the terminal's own
        # certificate only; an authority that is no longer trusted has to be removed from the file.
        flags = crypto.X509StoreFlags.PARTIAL_CHAIN
        store.set_flags(flags | crypto.X509StoreFlags.CRL_CHECK if self.revoked else flags)
        must = SSL.VERIFY_FAIL_IF_NO_PEER_CERT if self.required else 0
        context.set_verify(SSL.VERIFY_PEER | must, _note_why)

    def warning(self, now: datetime | None = None) -> str | None:
        """Return a warning about the revocation lists for the operator, or None."""
        ends = [revoked.next_update_utc for revoked in self.revoked if revoked.next_update_utc]
        if not ends or (days := (min(ends) - (now or datetime.now(UTC))).days) >= REVOKED_DUE:
            return None
        return "has expired: no client certificate is accepted" if days < 0 else f"expires in {days} days"


def read_clients(files: ClientFiles) -> Clients:
    """Read the files. Raises `Wrong`."""
    authorities = read_authorities(files.authorities)
    revoked = read_revoked(files.revoked, authorities) if files.revoked else []
    return Clients(tuple(authorities), files.required, tuple(revoked))


def _note_why(connection: SSL.Connection, shown: crypto.X509, error: int, depth: int, good: int) -> bool:
    """Return OpenSSL's decision, and keep its reason with the connection, because OpenSSL reports it nowhere else.

    Rejects malformed certificates as well, because their name can't be read.
    """
    if not good:
        connection.set_app_data(f"its certificate {_REASONS.get(error, _FOREIGN)}")
    elif not depth and not is_readable(crypto.dump_certificate(crypto.FILETYPE_ASN1, shown)):
        connection.set_app_data("its certificate is malformed")
        return False
    return bool(good)
