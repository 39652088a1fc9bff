"""Check the type of each value of a configuration without converting it: a number is not text, 1 is not true.

`Tables` turns TOML tables into attrs classes through cattrs and collects their faults.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Any, NewType, TypeVar
from urllib.parse import urlsplit

import cattrs
from attrs import evolve, fields
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn

from sip2gw.config.endpoint import EXAMPLES, Endpoint, endpoint_of, is_loopback
from sip2gw.config.scalars import flag, integer, number, say, text
from sip2gw.faults import Fault, Wrong, unknown_key
from sip2gw.limits import (
    Bytes,
    Count,
    Fields,
    KeepAlive,
    LineLength,
    Mebibytes,
    Seconds,
    SecondsOrNever,
    Share,
)
from sip2gw.secret import Secret
from sip2gw.tls.certificates import read_authorities, read_pair
from sip2gw.tls.folder import places

T = TypeVar("T")

Timeout = NewType("Timeout", float)
"""Within the three digits of tenths of a second in 98; 99.9 would mean "unknown"."""

Retries = NewType("Retries", int)
"""Within the three digits of 98; 999 would mean "unknown"."""

URLTemplate = NewType("URLTemplate", str)
"""The base URL of a library's API, with {library} where its nickname goes."""

Certificates = NewType("Certificates", Path)
"""The path of a certificate with chain and key, or of several; read once and found valid."""

CertificateName = NewType("CertificateName", str)
"""The name of one of several certificates."""

ClientCertificates = NewType("ClientCertificates", str)
"""Whether a terminal must have a certificate: "required" or "optional"."""

RevocationFile = NewType("RevocationFile", Path)
"""The path of revocation lists; their issuers are checked with the authorities."""

Networks = NewType("Networks", tuple[IPv4Network | IPv6Network, ...])
"""Networks, or single addresses."""

CAFile = NewType("CAFile", Path)
"""A PEM file with at least one certificate."""


TokenFile = NewType("TokenFile", Path)
"""A file with a token, which was read once and found valid."""

SHORTEST_TOKEN = 32

_NETWORKS = '["10.0.0.0/8", "2001:db8::17"]'


class Tables:
    """The tables of one file. Paths in it are relative to `folder`; `faults` grows while tables are read."""

    def __init__(
        self, folder: Path, examples: dict[str, str], kinds: Mapping[Any, Callable[[Any], Any]] | None = None
    ) -> None:
        self.faults: list[Fault] = []
        self._faulty: set[str] = set()
        self._structures: dict[type[Any], Callable[[Any, Any], Any]] = {}
        self._folder = folder
        self._examples = examples
        self._converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
        for kind, check in {**self._checks(), **(kinds or {})}.items():
            self._converter.register_structure_hook(kind, _hook(check))

    def read(self, raw: Any, kind: type[T], place: str) -> T | None:
        """Return the table at `place`, without faulty keys; None if a required key is faulty."""
        if not isinstance(raw, dict):
            self.fault(place, f"must be a table, not {say(raw)}", f"write [{place}] and a line for each key")
            return None
        structure = self._structure(kind)
        try:
            return structure(raw, kind)
        except Exception as failure:
            for fault in _faults_of(failure, place, self._examples):
                self.add(fault)
        good = {key: value for key, value in raw.items() if self.is_sound(f"{place}.{key}")}
        try:
            return structure(good, kind)
        except Exception:
            return None  # the fault has been added

    def _structure(self, kind: type[T]) -> Callable[[Any, Any], T]:
        """Return the function that reads tables of this class; cached, because cattrs compiles one in milliseconds."""
        if kind not in self._structures:
            self._structures[kind] = make_dict_structure_fn(kind, self._converter)
        return self._structures[kind]

    def fault(self, place: str, problem: str, fix: str, other: str = "") -> None:
        """Add a fault. `other` is the place that `{other}` in the problem stands for."""
        self.add(Fault(place, problem, fix, other))

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        self.faults.append(fault)
        self._faulty.add(fault.place)

    @contextmanager
    def faults_at(self, place: str) -> Iterator[None]:
        """Turn `Wrong`, raised inside, into a fault of this place."""
        try:
            yield
        except Wrong as wrong:
            self.fault(place, wrong.problem, wrong.fix)

    def is_sound(self, place: str) -> bool:
        """Return whether no fault was found there so far."""
        return place not in self._faulty

    def _checks(self) -> dict[Any, Callable[[Any], Any]]:
        return {
            bool: flag,
            Endpoint: _endpoint,
            Seconds: lambda value: Seconds(number(value, 0.001, 3600, "seconds, such as 20")),
            Timeout: lambda value: Timeout(number(value, 1, 99.8, "seconds, such as 30")),
            Retries: lambda value: Retries(integer(value, 0, 998)),
            SecondsOrNever: lambda value: SecondsOrNever(number(value, 0, 86400, "seconds, or 0 for never")),
            Share: lambda value: Share(number(value, 0, 1, "parts of the whole, such as 0.1")),
            Count: lambda value: Count(integer(value, 1, 10_000_000)),
            Fields: lambda value: Fields(integer(value, 16, 10_000)),
            Bytes: lambda value: Bytes(integer(value, 512, 2**24)),
            KeepAlive: lambda value: KeepAlive(integer(value, 1, 7200)),
            Mebibytes: lambda value: Mebibytes(integer(value, 0, 2**20)),
            LineLength: lambda value: LineLength(integer(value, 512, 65536)),
            URLTemplate: _url_template,
            Certificates: lambda value: Certificates(_readable(self._path(value), _read_pairs)),
            CertificateName: lambda value: CertificateName(text(value, '"sip2.example.org"')),
            RevocationFile: lambda value: RevocationFile(self._path(value)),
            Networks: _networks,
            TokenFile: lambda value: TokenFile(_readable(self._path(value), token_in)),
            CAFile: lambda value: CAFile(_readable(self._path(value), read_authorities)),
        }

    def _path(self, value: Any) -> Path:
        return self._folder / Path(text(value, '"/etc/sip2gw/tls.pem"'))


def _faults_of(failure: BaseException, place: str, examples: dict[str, str]) -> Iterator[Fault]:
    """Yield the faults that cattrs found in the table at `place`. `examples` shows how a missing key is written."""
    match failure:
        case ClassValidationError():
            noted, whole = failure.group_exceptions()
            for cause, note in noted:
                yield from _faults_of(cause, f"{place}.{note.name}", examples)
            for cause in whole:
                yield from _faults_of(cause, place, examples)
        case ForbiddenExtraKeysError(extra_fields=extra, cl=table):
            known = [field.name for field in fields(table)]
            for key in sorted(extra):
                fault = unknown_key(place, key, known)
                yield evolve(fault, fix="write it above the first table") if key == "libraries" else fault
        case Wrong(problem=problem, fix=fix):
            yield Fault(place, problem, fix)
        case KeyError():
            key = place.rpartition(".")[2]
            yield Fault(place, "is missing", f"add {examples.get(key, key)}")
        case _:
            raise failure


def _hook(check: Callable[[Any], Any]) -> Callable[[Any, Any], Any]:
    return lambda value, _: check(value)


def _endpoint(value: Any) -> Endpoint:
    if isinstance(value, int) and not isinstance(value, bool):
        raise Wrong(f"must be text, not {value}", endpoint_of(str(value)))
    return Endpoint.read(text(value, EXAMPLES))


def _readable(path: Path, check: Callable[[Path], object]) -> Path:
    check(path)
    return path


def _read_pairs(path: Path) -> None:
    for place in places(path).values():
        read_pair(place)


def _networks(value: Any) -> Networks:
    if isinstance(value, str):
        raise Wrong(f"must be a list of networks, not {say(value)}", f"write [{say(value)}]")
    if not isinstance(value, list) or not value:
        raise Wrong(f"must be a list of networks, not {say(value)}", f"write for example {_NETWORKS}")
    found: list[IPv4Network | IPv6Network] = []
    for one in value:
        network = _network(text(one, _NETWORKS))
        if around := next((other for other in found if _overlap(other, network)), None):
            raise Wrong(f"has both {around} and {network}, which overlap", "leave out the smaller one")
        found.append(network)
    return Networks(tuple(found))


def _network(value: str) -> IPv4Network | IPv6Network:
    try:
        return ip_network(value)
    except ValueError as error:
        wrong = f"has {say(value)}: {error}"
    try:
        meant = ip_network(value, strict=False)
    except ValueError:
        raise Wrong(wrong, f"write for example {_NETWORKS}") from None
    raise Wrong(wrong, f'write "{meant}", or the one address without a slash')


def _overlap(one: IPv4Network | IPv6Network, other: IPv4Network | IPv6Network) -> bool:
    return one.version == other.version and one.overlaps(other)


def _url_template(value: Any) -> URLTemplate:
    example = '"https://{library}.librarika.com/api/v1"'
    url = text(value, example)
    try:
        names = [name for _, name, _, _ in string.Formatter().parse(url) if name is not None]
        parts = urlsplit(url.replace("{library}", "library"))
        port = parts.port
    except ValueError as error:
        raise Wrong(f"is not a URL: {error}", f"write it like {example}") from None
    wrong = []
    if parts.scheme not in ("http", "https") or not parts.hostname or port == 0:
        wrong.append("is not an http or https URL")
    if names != ["library"]:
        wrong.append("does not have {library} once, and nothing else in braces")
    if parts.scheme == "http" and not is_loopback(parts.hostname or ""):
        wrong.append("would send passwords in the clear (plain http is only for 127.0.0.1)")
    if parts.query or parts.fragment or parts.username is not None:
        wrong.append("has a user, a query or a fragment, which can't be used")
    if wrong:
        raise Wrong(" and ".join(wrong), f"write it like {example}")
    return URLTemplate(url)


def token_in(path: Path) -> Secret:
    """Return the token in a file. Raises `Wrong`."""
    try:
        token = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise Wrong(f"is {path}, which can't be read: {error.strerror}", "name a file with a token") from None
    except UnicodeDecodeError:
        raise Wrong(f"is {path}, which is not ASCII text", "put a token there") from None
    if len(token) < SHORTEST_TOKEN or not token.isprintable() or " " in token:
        raise Wrong(
            f"is {path}, which has no token of {SHORTEST_TOKEN} characters or more in one line",
            "make one with `openssl rand -hex 32`",
        )
    return Secret(token)
