"""A configuration file is taken whole or not at all: every fault in it is told at once, with its place and the fix.

What the tables and keys mean is said here, at their definition, and nowhere else. Paths in the file are relative to
the file's own folder.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from attrs import field, fields, frozen

from sip2gw.certificate_folder import default_of, places
from sip2gw.certificates import read_authorities, read_revoked
from sip2gw.circulation.desk import ASKING
from sip2gw.circulation.settings import Settings
from sip2gw.config import operation
from sip2gw.config.endpoint import Endpoint
from sip2gw.config.libraries import KINDS, read_settings
from sip2gw.config.operation import Admin, Log, Security, check_admin, readable_secrets
from sip2gw.config.values import (
    CAFile,
    CertificateName,
    Certificates,
    ClientCertificates,
    Networks,
    Retries,
    RevocationFile,
    Tables,
    Timeout,
    URLTemplate,
)
from sip2gw.faults import ConfigFaults, Fault, unknown_key
from sip2gw.limits import Bytes, Count, Limits, Seconds, SecondsOrNever, Share


@frozen
class Listen:
    """`[[listen]]`: where terminals connect."""

    endpoint: Endpoint
    """A server endpoint string of Twisted, such as "tcp:6009"."""
    certificates: Certificates | None = None
    """TLS with this certificate: a PEM file with the chain and the key, or a folder with fullchain.pem and
    privkey.pem, or a folder of several of either. A renewed one is taken up by itself. Without it: plain SIP2."""
    default_certificate: CertificateName | None = None
    """Of several, the one for terminals that name no server (SNI), or one that no certificate is for: the name of its
    folder, or of its file without .pem. If left out: the one called default."""
    client_authorities: CAFile | None = None
    """PEM file of the authorities whose client certificates are accepted. The name in one is the terminal's
    identity."""
    client_certificates: ClientCertificates | None = None
    """"required" or "optional": whether a terminal without a certificate is refused. With client_authorities it is
    required if left out."""
    client_revoked: RevocationFile | None = None
    """PEM file with a revocation list (CRL) of each authority that has signed terminals' certificates. A changed one
    is taken up by itself; an expired one lets nobody in."""
    proxy_from: Networks | None = None
    """Networks of load balancers, such as ["10.0.0.0/8"]. Only they may connect then, and each connection begins with
    a PROXY header (version 1 or 2) that has the terminal's address, before TLS."""
    insecure: bool = False
    """Allows plain SIP2 where other machines can connect: passwords and loans then travel in the clear."""


@frozen
class LibrarikaAPI:
    """`[librarika]`: how the libraries' API is reached. Deadlines are in seconds."""

    url: URLTemplate = URLTemplate("https://{library}.librarika.com/api/v1")
    """Where a library's API is; {library} stands for its nickname. Plain http only on this machine."""
    call_deadline: Seconds | None = None
    """For all calls that one request of a terminal needs: connecting, sending, waiting, reading the answers, looking up
    whether a write was done whose answer was lost. Without it, four fifths of what terminals.timeout leaves after 5
    seconds, 20 at most."""
    connect_deadline: Seconds = Seconds(3.0)
    headers_deadline: Seconds = Seconds(10.0)
    """Until the answer begins. No part of a call outlasts half of the whole, whatever is set."""
    probe_deadline: Seconds = Seconds(3.0)
    """For asking whether the API is there at all; it may be asked twice."""
    calls: Count = Count(256)
    """Calls under way at the same time, in all."""
    calls_per_library: Count = Count(16)
    """The same, to one library."""
    retry_share: Share = Share(0.1)
    """The part of a library's calls that may be made again when they fail: reads, and what was certainly not sent."""
    retry_after: SecondsOrNever = SecondsOrNever(60.0)
    """The longest that a library is left alone when it asks for that."""
    answer_body: Bytes = Bytes(2**20)
    """Bytes of the longest answer."""
    answer_head: Bytes = Bytes(2**14)
    """Bytes of its status line and headers."""
    answer_depth: Count = Count(32)
    """Levels of its JSON."""
    answer_text: Bytes = Bytes(2**16)
    """Bytes of one text in it."""
    login_life: Seconds = Seconds(600.0)
    """How long a login that was right is not asked about again, unless the API says that it is no longer so."""
    private_networks: bool = False
    """Whether libraries' names may lead to addresses of private networks. A URL that names an address, or this machine,
    needs no such leave."""
    ca_file: CAFile | None = None
    """PEM file of the authorities to trust instead of the system's."""

    def call(self, timeout: float) -> float:
        """The deadline of a whole call when terminals wait for `timeout` seconds."""
        if self.call_deadline is not None:
            return self.call_deadline
        return min(20.0, (timeout - ASKING) * 0.8)


@frozen
class Terminals:
    """`[terminals]`: what holds for all terminals."""

    timeout: Timeout = Timeout(30.0)
    """Seconds that a terminal is told (in 98) to wait for an answer."""
    retries: Retries = Retries(3)
    """How often a terminal is told (in 98) to ask again."""
    deferred_login: bool = True
    """Whether a terminal that names no library when it logs in may name it with its first request."""


@frozen
class Config:
    """A whole configuration, free of faults."""

    listen: tuple[Listen, ...]
    librarika: LibrarikaAPI = field(factory=LibrarikaAPI)
    admin: Admin | None = None
    terminals: Terminals = field(factory=Terminals)
    limits: Limits = field(factory=Limits)
    log: Log = field(factory=Log)
    security: Security = field(factory=Security)
    settings: Settings = field(factory=Settings)
    """`[profiles.NAME]` and `[[libraries]]`, see docs/profiles.md."""
    warnings: tuple[str, ...] = ()
    """What the operator has allowed, and should see to all the same; a sentence each."""


_EXAMPLES = {
    "endpoint": 'endpoint = "tcp:6009", for example',
    "nickname": 'nickname = "riverside", the part of its address before .librarika.com',
    "bin": 'bin = "1", the name of the bin in CL',
}

_MADE = "settings", "warnings"
"""What is no table of the file."""

_LISTEN = 'add a [[listen]] table with endpoint = "tcp:6009" and certificates = "..."'


def load(path: str | Path) -> Config:
    """Read a file. Raises `ConfigFaults`."""
    try:
        raw = tomllib.loads(Path(path).read_text(encoding="utf-8-sig"))
    except OSError as error:
        fault = Fault("", f"can't be read: {error.strerror}", "name an existing file that may be read")
        raise ConfigFaults(str(path), [fault]) from None
    except UnicodeDecodeError as error:
        fault = Fault("", f"is no UTF-8 at byte {error.start}", "save it as UTF-8")
        raise ConfigFaults(str(path), [fault]) from None
    except tomllib.TOMLDecodeError as error:
        fault = Fault("", f"is no TOML: {error}", "see https://toml.io; texts stand in quotes")
        raise ConfigFaults(str(path), [fault]) from None
    return read(raw, Path(path))


def read(raw: dict[str, Any], path: Path) -> Config:
    """The configuration that a file's content means. Raises `ConfigFaults`."""
    tables = Tables(path.absolute().parent, _EXAMPLES, {**KINDS, **operation.KINDS})
    faults = tables.faults
    known = [*(name.name for name in fields(Config) if name.name not in _MADE), "profiles", "libraries"]
    faults += [unknown_key("", key, known) for key in raw if key not in known]
    listen = _listen(raw.get("listen"), tables)
    librarika = tables.read(raw.get("librarika", {}), LibrarikaAPI, "librarika")
    admin = tables.read(raw["admin"], Admin, "admin") if "admin" in raw else None
    terminals = tables.read(raw.get("terminals", {}), Terminals, "terminals")
    limits = tables.read(raw.get("limits", {}), Limits, "limits")
    log = tables.read(raw.get("log", {}), Log, "log")
    security = tables.read(raw.get("security", {}), Security, "security")
    settings = read_settings(raw.get("profiles", {}), raw.get("libraries", []), tables)
    _check_places(listen, admin, tables)
    for place, one in listen.items():
        _check_tls(place, one, tables)
    if librarika and terminals:
        _check_deadlines(librarika, terminals, tables)
    if admin:
        check_admin(admin, tables)
    warnings = _check_secrets(listen, admin, security or Security(), tables)
    if faults or not (librarika and terminals and limits and log and security):
        raise ConfigFaults(str(path), faults)
    return Config(
        tuple(listen.values()), librarika, admin, terminals, limits, log, security, settings, warnings
    )


def _listen(raw: Any, tables: Tables) -> dict[str, Listen]:
    """The listen tables that can be used, by place."""
    if not raw:
        tables.faults.append(Fault("listen", "is missing, so that no terminal could connect", _LISTEN))
        return {}
    if not isinstance(raw, list):
        tables.faults.append(Fault("listen", "is no list of tables", "write [[listen]], in double brackets"))
        return {}
    read = {f"listen[{index}]": table for index, table in enumerate(raw)}
    found = {place: tables.read(table, Listen, place) for place, table in read.items()}
    return {place: listen for place, listen in found.items() if listen is not None}


def _check_places(listen: dict[str, Listen], admin: Admin | None, tables: Tables) -> None:
    """Plain SIP2 stays on this machine unless it is said otherwise, and no place is used twice."""
    for place, one in listen.items():
        plain = one.certificates is None and tables.is_sound(f"{place}.certificates")
        if plain and not one.endpoint.local and not one.insecure and tables.is_sound(f"{place}.insecure"):
            tables.fault(
                f"{place}.endpoint",
                f'is "{one.endpoint}", where other machines could connect without TLS',
                'add certificates = "...", or interface=127.0.0.1 to the endpoint, or insecure = true',
            )
    seen: dict[str, str] = {}
    endpoints = {f"{place}.endpoint": one.endpoint for place, one in listen.items()}
    if admin is not None:
        endpoints["admin.endpoint"] = admin.endpoint
    for place, endpoint in endpoints.items():
        if endpoint.address and endpoint.address in seen:
            tables.fault(place, f"listens where {seen[endpoint.address]} does", "give each a port of its own")
        seen.setdefault(endpoint.address, place)


def _check_tls(place: str, one: Listen, tables: Tables) -> None:
    """What is said about certificates fits together, and their files do."""
    needs = {
        "default_certificate": "certificates",
        "client_authorities": "certificates",
        "client_certificates": "client_authorities",
        "client_revoked": "client_authorities",
    }
    for key, needed in needs.items():
        lacks = getattr(one, needed) is None and tables.is_sound(f"{place}.{needed}")
        if getattr(one, key) is not None and lacks:
            tables.fault(
                f"{place}.{key}", f"means nothing without {needed}", f"add {needed}, or leave it out"
            )
    with tables.faults_at(f"{place}.default_certificate"):
        if one.certificates is not None:
            default_of(places(one.certificates), one.default_certificate)
    with tables.faults_at(f"{place}.client_revoked"):
        if one.client_revoked is not None and one.client_authorities is not None:
            read_revoked(one.client_revoked, read_authorities(one.client_authorities))


def _check_secrets(
    listen: dict[str, Listen], admin: Admin | None, security: Security, tables: Tables
) -> tuple[str, ...]:
    """Secrets that everybody can read are faults, or what is warned of."""
    certificates = {f"{place}.certificates": one.certificates for place, one in listen.items()}
    warnings = []
    for place, wrong in readable_secrets(certificates, admin):
        if security.readable_secrets == "warn":
            warnings.append(f"{place} {wrong.problem}")
        else:
            tables.fault(place, wrong.problem, f'{wrong.fix}, or put up with it: readable_secrets = "warn"')
    return tuple(warnings)


def _check_deadlines(librarika: LibrarikaAPI, terminals: Terminals, tables: Tables) -> None:
    """A terminal must hear an answer before it gives up. No part of a call outlasts the whole, whatever is set."""
    if terminals.timeout <= ASKING and tables.is_sound("terminals.timeout"):
        problem = f"is {terminals.timeout:g} s, too short for any call to Librarika"
        tables.fault("terminals.timeout", problem, f"keep it above {ASKING:g} s; 30 is usual")
        return
    call = librarika.call(terminals.timeout)
    sound = tables.is_sound("librarika.call_deadline") and tables.is_sound("terminals.timeout")
    if sound and call >= terminals.timeout - ASKING:
        tables.fault(
            "librarika.call_deadline",
            f"is {call:g} s, but terminals give up after terminals.timeout, {terminals.timeout:g} s",
            f"keep it more than {ASKING:g} s below that",
        )
