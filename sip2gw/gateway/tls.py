"""TLS as terminals get it: 1.2 or newer, suites with AEAD and forward secrecy, and always the certificate on disk.

A renewed certificate is taken up at the next connection; if the new one can't be used, the old one stays.
"""

from __future__ import annotations

import os
from pathlib import Path

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOProtocol
from zope.interface import implementer

from sip2gw.certificates import Pair, files_of, read_pair
from sip2gw.faults import Wrong

_SUITES = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2; those of 1.3 are all as good."""

_OPTIONS = (
    SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET | SSL.OP_CIPHER_SERVER_PREFERENCE
)

_Stamp = tuple[tuple[int, int, int], ...]


def context(pair: Pair) -> SSL.Context:
    """What all connections with this certificate share. Raises `Wrong` if OpenSSL does not take the pair.

    Not by way of Twisted's CertificateOptions: it can't forbid renegotiation, and takes the key only in a form that
    pyOpenSSL has deprecated.
    """
    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    made.set_min_proto_version(SSL.TLS1_2_VERSION)
    made.set_options(_OPTIONS)
    made.set_mode(SSL.MODE_RELEASE_BUFFERS)  # nearly halves the memory of a terminal that says nothing
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    made.set_cipher_list(_SUITES)
    try:
        made.use_certificate(pair.certificate)
        for other in pair.chain:
            made.add_extra_chain_cert(other)
        made.use_privatekey(pair.key)
        made.check_privatekey()
    except SSL.Error as error:
        raise Wrong(
            f"is a certificate that OpenSSL refuses: {error}", "use one of today's strength"
        ) from None
    return made


@implementer(IOpenSSLServerConnectionCreator)
class ServerTLS:
    """The TLS side of a listener whose certificate is at `path`, in either form of `sip2gw.certificates`.

    Raises `Wrong` when made with a certificate that can't be used. `pair` is the one that new connections get.
    """

    log = Logger()

    def __init__(self, path: Path) -> None:
        self._path = path
        self._stamp = self._on_disk()
        self.pair = read_pair(path)
        self._context = context(self.pair)

    def serverConnectionForTLS(self, protocol: TLSMemoryBIOProtocol) -> SSL.Connection:
        stamp = self._on_disk()
        if stamp != self._stamp:
            self._stamp = stamp  # also if it turns out to be bad: once told is enough
            self._renew()
        return SSL.Connection(self._context, None)

    def _renew(self) -> None:
        try:
            pair = read_pair(self._path)
            self._context = context(pair)
        except Wrong as fault:
            self.log.error(
                "the certificate changed and can't be used; the old one stays: it {fault}", fault=fault
            )
            return
        self.pair = pair
        self.log.info(
            "the certificate was renewed: {path}, until {until}", path=self._path, until=pair.expires
        )

    def _on_disk(self) -> _Stamp:
        """What changes whenever one of the files does."""
        return tuple(_stamp(file) for file in files_of(self._path))


def _stamp(file: Path) -> tuple[int, int, int]:
    try:
        found = os.stat(file)
    except OSError:
        return 0, 0, 0
    return found.st_mtime_ns, found.st_size, found.st_ino
