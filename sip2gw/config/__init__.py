"""A configuration file is taken whole or not at all: every fault in it is told at once, with its place and the fix.

What the tables and keys mean is said at their definition, and nowhere else. Paths in the file are relative to
the file's own folder.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import Any

from attrs import field, fields, frozen

from sip2gw.circulation.settings import Settings
from sip2gw.config import accounts, operation
from sip2gw.config.accounts import TerminalAccount, read_accounts
from sip2gw.config.asking import LibrarikaAPI, Terminals, check_deadlines
from sip2gw.config.doors import Listen, check_places, read_listen
from sip2gw.config.libraries import KINDS, read_settings
from sip2gw.config.operation import Admin, Log, Security, check_admin, readable_secrets
from sip2gw.config.values import Tables
from sip2gw.faults import ConfigFaults, Fault, unknown_key
from sip2gw.limits import Limits

__all__ = [
    "Admin",
    "Config",
    "LibrarikaAPI",
    "Listen",
    "Log",
    "Security",
    "TerminalAccount",
    "Terminals",
    "load",
    "read",
]


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
    given: tuple[tuple[TerminalAccount, ...], ...] = ()
    """The accounts that each endpoint of `listen` gives to terminals that can't log in."""
    warnings: tuple[str, ...] = ()
    """What the operator has allowed, and should see to all the same; a sentence each."""


_EXAMPLES = {
    "endpoint": 'endpoint = "tcp:6009", for example',
    "nickname": 'nickname = "riverside", the part of its address before .librarika.com',
    "bin": 'bin = "1", the name of the bin in CL',
}

_MADE = "settings", "given", "warnings"
"""What is no table of the file."""


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
    folder = path.absolute().parent
    tables = Tables(folder, _EXAMPLES, {**KINDS, **operation.KINDS, **accounts.kinds(folder)})
    faults = tables.faults
    known = [*(name.name for name in fields(Config) if name.name not in _MADE), "profiles", "libraries"]
    faults += [unknown_key("", key, known) for key in raw if key not in known]
    listen = read_listen(raw.get("listen"), tables)
    librarika = tables.read(raw.get("librarika", {}), LibrarikaAPI, "librarika")
    admin = tables.read(raw["admin"], Admin, "admin") if "admin" in raw else None
    terminals = tables.read(raw.get("terminals", {}), Terminals, "terminals")
    limits = tables.read(raw.get("limits", {}), Limits, "limits")
    log = tables.read(raw.get("log", {}), Log, "log")
    security = tables.read(raw.get("security", {}), Security, "security")
    settings = read_settings(raw.get("profiles", {}), raw.get("libraries", []), tables)
    check_places(listen, admin, tables)
    if librarika and terminals:
        check_deadlines(librarika, terminals, tables)
    if admin:
        check_admin(admin, tables)
    found = [read_accounts(place, one, tables) for place, one in listen.items()]
    given = tuple(tuple(ones.values()) for ones, _ in found)
    passwords = {
        f"{place}.password_file": one.password_file for ones, _ in found for place, one in ones.items()
    }
    warnings = [
        *chain.from_iterable(warned for _, warned in found),
        *_check_secrets(listen, passwords, admin, security or Security(), tables),
    ]
    if faults or not (librarika and terminals and limits and log and security):
        raise ConfigFaults(str(path), faults)
    return Config(
        tuple(listen.values()),
        librarika,
        admin,
        terminals,
        limits,
        log,
        security,
        settings,
        given,
        tuple(warnings),
    )


def _check_secrets(
    listen: dict[str, Listen],
    passwords: Mapping[str, Path],
    admin: Admin | None,
    security: Security,
    tables: Tables,
) -> tuple[str, ...]:
    """Secrets that everybody can read are faults, or what is warned of."""
    certificates = {f"{place}.certificates": one.certificates for place, one in listen.items()}
    warnings = []
    for place, wrong in readable_secrets(certificates, passwords, admin):
        if security.readable_secrets == "warn":
            warnings.append(f"{place} {wrong.problem}")
        else:
            tables.fault(place, wrong.problem, f'{wrong.fix}, or put up with it: readable_secrets = "warn"')
    return tuple(warnings)
