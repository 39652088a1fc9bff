"""`[[listen]]`: where terminals connect. The keys of one table fit together, and no address is used twice."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from attrs import frozen

from sip2gw.config.accounts import (
    AccountName,
    Nickname,
    PasswordFile,
    account_tables,
)
from sip2gw.config.authorities import CAFile
from sip2gw.config.checks import Checked, File
from sip2gw.config.endpoint import Endpoint, endpoint
from sip2gw.config.networks import Networks
from sip2gw.config.operation import Admin
from sip2gw.config.scalars import text
from sip2gw.config.tables import Tables
from sip2gw.faults import Fault, Wrong
from sip2gw.tls.certificates import read_authorities, read_pair, read_revoked
from sip2gw.tls.folder import default_of, places

_LISTEN = 'add a [[listen]] table with endpoint = "tcp:6009" and certificates = "..."'


def _read_pairs(path: Path) -> None:
    for place in places(path).values():
        read_pair(place)


def _certificate_name(value: Any) -> str:
    return text(value, '"sip2.example.org"')


def _read_later(_: Path) -> None:
    """Leave the file to `check_places`: it is checked with the authorities."""


@frozen
class Listen:
    """`[[listen]]`: where terminals connect."""

    endpoint: Annotated[Endpoint, Checked(endpoint)]
    """A server endpoint string of Twisted, such as "tcp:6009"."""
    certificates: Annotated[Path, File(_read_pairs)] | None = None
    """TLS with this certificate: a PEM file with the chain and the key, or a folder with fullchain.pem and
    privkey.pem, or a folder of several of either. A renewed one is loaded automatically. Without it: plain SIP2."""
    default_certificate: Annotated[str, Checked(_certificate_name)] | None = None
    """Of several, the one for terminals that name no server (SNI), or an unknown one: the name of its folder, or of
    its file without .pem. If left out: the one called default."""
    client_authorities: CAFile | None = None
    """PEM file of the authorities whose client certificates are accepted. The name in one is the terminal's
    identity."""
    client_certificates: Literal["required", "optional"] | None = None
    """"required" or "optional": whether a terminal without a certificate is refused. With client_authorities the
    default is required."""
    client_revoked: Annotated[Path, File(_read_later)] | None = None
    """PEM file with a revocation list (CRL) of each authority that has signed terminals' certificates. A changed one
    is loaded automatically; with an expired one no client certificate is accepted."""
    proxy_from: Networks | None = None
    """Networks of load balancers, such as ["10.0.0.0/8"]. Then only they may connect, and each connection begins
    with a PROXY header (version 1 or 2) that has the terminal's address, before TLS."""
    insecure: bool = False
    """Allows plain SIP2 where other machines can connect: passwords and loans then travel in the clear."""
    library: Nickname | None = None
    """The library of terminals that can't log in, by its nickname. Each client that reaches this endpoint is then
    its terminal, without a 93. With account and password_file."""
    account: AccountName | None = None
    """The account that such terminals use."""
    password_file: PasswordFile | None = None
    """A file with its password, in one line."""
    addresses: Networks | None = None
    """The networks of such terminals, such as ["192.0.2.16/28"]; others must log in. A plain port where other machines
    can connect must have it."""
    terminals: Annotated[tuple[dict[str, Any], ...], Checked(account_tables, "list of tables")] | None = None
    """More accounts for terminals that can't log in, see [[listen.terminals]] below."""


def read_listen(raw: Any, tables: Tables) -> dict[str, Listen]:
    """Return the usable listen tables, by place."""
    if not raw:
        tables.add(Fault("listen", "is missing, so that no terminal could connect", _LISTEN))
        return {}
    if not isinstance(raw, list):
        tables.add(Fault("listen", "must be a list of tables", "write [[listen]], in double brackets"))
        return {}
    read = {f"listen[{index}]": table for index, table in enumerate(raw)}
    found = {place: tables.read(table, Listen, place) for place, table in read.items()}
    return {place: listen for place, listen in found.items() if listen is not None}


def check_places(listen: dict[str, Listen], admin: Admin | None, tables: Tables) -> None:
    """Check that plain SIP2 stays on this machine unless allowed, certificates fit, and no address is used twice."""
    for place, one in listen.items():
        _check_tls(place, one, tables)
        plain = one.certificates is None and tables.is_sound(f"{place}.certificates")
        if plain and not one.endpoint.local and not one.insecure and tables.is_sound(f"{place}.insecure"):
            tables.fault(
                f"{place}.endpoint",
                f'is "{one.endpoint}", where other machines could connect without TLS',
                'add certificates = "...", or interface=127.0.0.1 to the endpoint, or insecure = true',
            )
        with tables.faults_at(f"{place}.proxy_from"):
            _check_balancers(one)
    endpoints = {f"{place}.endpoint": one.endpoint for place, one in listen.items()}
    if admin is not None:
        endpoints["admin.endpoint"] = admin.endpoint
    _check_clashes(endpoints, tables)


def _check_balancers(one: Listen) -> None:
    """Check that a balancer can connect. Raises `Wrong`."""
    if one.proxy_from is None:
        return
    if one.endpoint.is_path:
        raise Wrong(
            "admits no client: a client that connects to a path has no address",
            "leave it out, or write the endpoint with tcp",
        )
    if one.endpoint.ipv4_only and all(network.version == 6 for network in one.proxy_from):
        raise Wrong(
            "admits no client: it has only IPv6, and the endpoint only IPv4",
            "write networks of IPv4, or tcp6",
        )


def _check_clashes(endpoints: dict[str, Endpoint], tables: Tables) -> None:
    earlier: dict[str, Endpoint] = {}
    for place, one in endpoints.items():
        if taken := next((other for other, there in earlier.items() if there.clashes(one)), None):
            problem = "listens where the endpoint in {other} does"
            tables.fault(place, problem, "give each a port of its own", taken)
        earlier[place] = one


def _check_tls(place: str, one: Listen, tables: Tables) -> None:
    """Check that the keys about certificates fit together, and their files too."""
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
    if one.insecure and one.certificates is not None:
        tables.fault(f"{place}.insecure", "means nothing with certificates", "leave it out")
    with tables.faults_at(f"{place}.default_certificate"):
        if one.certificates is not None:
            default_of(places(one.certificates), one.default_certificate)
    with tables.faults_at(f"{place}.client_revoked"):
        if one.client_revoked is not None and one.client_authorities is not None:
            read_revoked(one.client_revoked, read_authorities(one.client_authorities))
