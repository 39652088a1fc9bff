"""TLS of a listener, always with the certificates on disk.

A renewed certificate applies to later connections; if the new one can't be used, the old one stays.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from OpenSSL import SSL
from OpenSSL._util import lib as openssl  # pyOpenSSL itself can't change the buffers of a connection
from twisted.logger import Logger

from sip2gw.metrics import Metrics
from sip2gw.tls.certificates import Pair
from sip2gw.tls.contexts import Material, TLSFiles, read_material, stamp_of


class ServerTLS:
    """The TLS side of the listener at `where`. Raises `Wrong` if made with unusable files.

    `look` loads files that changed on disk. `material` is used for new connections.
    """

    log = Logger()

    def __init__(self, files: TLSFiles, *, where: str = "", metrics: Metrics | None = None) -> None:
        self.files = files
        self.where = where
        self._metrics = metrics or Metrics()
        self._stamp = stamp_of(files)
        self._untold = False
        self.material = read_material(files)
        self._count()

    @property
    def expires(self) -> datetime:
        """When the first certificate expires."""
        return min(pair.expires for pair in self.material.pairs.values())

    def connection(self) -> SSL.Connection:
        """Return OpenSSL's side of a new connection."""
        made = SSL.Connection(self.material.contexts[self.material.default], None)
        made.set_accept_state()
        return made

    def names_of(self, connection: SSL.Connection) -> tuple[str, ...]:
        """Return the names in the certificate that a connection has."""
        pair = self._pair_of(connection)
        return () if pair is None else pair.names

    def root_of(self, connection: SSL.Connection) -> str:
        """Return the name of the root of the certificate that a connection has; empty if it is not known."""
        pair = self._pair_of(connection)
        return "" if pair is None else pair.root

    def _pair_of(self, connection: SSL.Connection) -> Pair | None:
        """Return the pair of a connection, by its context."""
        material, used = self.material, connection.get_context()
        called = next((name for name, one in material.contexts.items() if one is used), None)
        return None if called is None else material.pairs[called]

    def look(self) -> None:
        """Load files that changed. A fault is logged at the second look: at the first a file may be half written."""
        stamp = stamp_of(self.files)
        if stamp != self._stamp:
            self._stamp = stamp
            self._take(read_material(self.files, self.material))
            self._untold = bool(self.material.faults)
        elif self._untold:
            self._untold = False
            for called, fault in self.material.faults.items():
                self._metrics.certificate_renewals.labels(outcome="refused").inc()
                self.log.error(
                    "{where}: {called} changed and can't be used; the old one stays: it {fault}",
                    where=self.where, called=called, fault=fault,
                )  # fmt: skip
        self._count()

    def prepare(self, files: TLSFiles) -> Callable[[], None]:
        """Read all files again, perhaps other ones, and return a function that applies them. Raises `Wrong`."""
        stamp = stamp_of(files)
        material = read_material(files)

        def commit() -> None:
            self.files, self._stamp, self._untold = files, stamp, False
            self._take(material)
            self._count()

        return commit

    def warnings(self, due: int) -> tuple[str, ...]:
        """Return warnings for the operator, one sentence each, of certificates that expire within `due` days."""
        material = self.material
        ends = [(called, pair.days_left()) for called, pair in material.pairs.items()]
        said = [
            f"the certificate {called} of {self.where} "
            + ("has expired" if days < 0 else f"expires in {days} days")
            for called, days in ends
            if days < due
        ]
        said += [
            f"{called} of {self.where} changed on disk and can't be used: it {fault}"
            for called, fault in material.faults.items()
        ]
        if material.clients and (end := material.clients.warning()):
            said.append(f"the revocation list of {self.where} {end}")
        return tuple(said)

    def _take(self, material: Material) -> None:
        before, self.material = self.material, material
        for called, pair in material.pairs.items():
            old = before.pairs.get(called)
            if old is None or old.certificate != pair.certificate:
                self._metrics.certificate_renewals.labels(outcome="ok").inc()
                self.log.info(
                    "{where}: the certificate {called} was renewed, until {until}",
                    where=self.where, called=called, until=pair.expires,
                )  # fmt: skip
        if material.clients != before.clients:
            self.log.info("{where}: client_authorities or client_revoked was renewed", where=self.where)
        for called in before.pairs.keys() - material.pairs.keys():
            self._metrics.certificate_days_left.remove(self.where, called)

    def _count(self) -> None:
        for called, pair in self.material.pairs.items():
            self._metrics.certificate_days_left.labels(self.where, called).set(pair.days_left())
        self._metrics.certificate_faults.labels(self.where).set(len(self.material.faults))


def shed_buffers(connection: SSL.Connection) -> None:
    """Give a connection whose buffers are empty new ones.

    A buffer of OpenSSL stays as large as it was once. After a handshake that is the certificates and the peer's hello.
    """
    connection._into_ssl = openssl.BIO_new(openssl.BIO_s_mem())
    connection._from_ssl = openssl.BIO_new(openssl.BIO_s_mem())
    openssl.SSL_set_bio(connection._ssl, connection._into_ssl, connection._from_ssl)  # it frees the old ones
