"""Make the OpenSSL contexts of a listener from its files. A file that became unusable leaves the old value in place.

TLS 1.2 or newer, cipher suites with AEAD and forward secrecy.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import TypeVar

from attrs import field, frozen
from OpenSSL import SSL
from OpenSSL._util import lib as openssl  # as Twisted does; pyOpenSSL itself can set no more than one curve

from sip2gw.faults import Wrong
from sip2gw.tls.certificates import Pair, files_of, read_pair
from sip2gw.tls.clients import ClientFiles, Clients, read_clients
from sip2gw.tls.folder import by_server_name, choose, default_of, places

T = TypeVar("T")

_SUITES = b"ECDHE+AESGCM:ECDHE+CHACHA20"
"""Suites of TLS 1.2; all of 1.3 are good."""

_CURVES = b"X25519:P-256:P-384"

_OPTIONS = (
    SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_NO_TICKET | SSL.OP_CIPHER_SERVER_PREFERENCE
)

CLIENTS = "client_authorities"
"""The name of faults in the files for client certificates; faults of pairs have the pair's name on disk."""


@frozen
class TLSFiles:
    """The files of a listener's TLS. `default` is the pair for terminals that name no server."""

    certificates: Path
    default: str | None = None
    clients: ClientFiles | None = None


@frozen
class Material:
    """The certificates read from `TLSFiles`. For an unusable file the old value stays, and `faults` says why."""

    pairs: Mapping[str, Pair]
    default: str
    clients: Clients | None
    faults: Mapping[str, Wrong]
    contexts: Mapping[str, SSL.Context] = field(repr=False)


def context(pair: Pair, clients: Clients | None = None) -> SSL.Context:
    """Return the context of all connections with this certificate. Raises `Wrong` if OpenSSL rejects the pair.

    Twisted's CertificateOptions is not used: it can't forbid renegotiation, and takes the key only in a form that
    pyOpenSSL has deprecated.
    """
    made = SSL.Context(SSL.TLS_SERVER_METHOD)
    made.set_min_proto_version(SSL.TLS1_2_VERSION)
    made.set_options(_OPTIONS)
    made.set_mode(SSL.MODE_RELEASE_BUFFERS)  # nearly halves the memory of a silent terminal
    made.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    made.set_cipher_list(_SUITES)
    openssl.SSL_CTX_set1_curves_list(made._context, _CURVES)
    if clients is not None:
        clients.check_in(made)
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


def read_material(files: TLSFiles, before: Material | None = None) -> Material:
    """Read all files. Raises `Wrong`; given `before`, an unusable file leaves its old value in place instead."""
    old = before or Material({}, "", None, {}, {})
    faults: dict[str, Wrong] = {}

    def read(called: str, how: Callable[[], T], otherwise: T) -> T:
        try:
            return how()
        except Wrong as fault:
            if before is None:
                raise
            faults[called] = fault
            return otherwise

    clients = read(CLIENTS, lambda: read_clients(files.clients) if files.clients else None, old.clients)
    found: dict[str, Path] = read(files.certificates.name, lambda: places(files.certificates), {})

    def usable(called: str) -> tuple[Pair, SSL.Context]:
        pair = read_pair(found.get(called, files.certificates / called))
        return pair, context(pair, clients)

    pairs, contexts = {}, {}
    for called in {**old.pairs, **found}:
        made = read(called, partial(usable, called), None)
        if made is None and called in old.pairs:
            made = old.pairs[called], context(old.pairs[called], clients)
        if made is not None:
            pairs[called], contexts[called] = made
    default = read("default_certificate", lambda: default_of(pairs, files.default), old.default)
    _choose_by_name(pairs, contexts)
    return Material(pairs, default, clients, faults, contexts)


def _choose_by_name(pairs: Mapping[str, Pair], contexts: Mapping[str, SSL.Context]) -> None:
    """Have each of these contexts switch to the certificate for the server that a terminal names."""
    table = by_server_name(pairs)

    def choose_context(connection: SSL.Connection) -> None:
        named = (connection.get_servername() or b"").decode("ascii", "replace")
        called = choose(table, named)
        if called is not None and contexts[called] is not connection.get_context():
            connection.set_context(contexts[called])

    for each in contexts.values():
        each.set_tlsext_servername_callback(choose_context)


_Stamp = tuple[tuple[str, int, int, int], ...]


def stamp_of(files: TLSFiles) -> _Stamp:
    """Return a value that changes whenever a file on disk changes."""
    try:
        found = list(places(files.certificates).values())
    except Wrong:
        found = []
    every = [file for place in found for file in files_of(place)]
    return tuple(_file_stamp(file) for file in (*every, *(files.clients.files if files.clients else ())))


def _file_stamp(file: Path) -> tuple[str, int, int, int]:
    try:
        found = os.stat(file)
    except OSError:
        return str(file), 0, 0, 0
    return str(file), found.st_mtime_ns, found.st_size, found.st_ino
