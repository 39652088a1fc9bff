"""Read a configuration file as a whole or not at all: all its faults are reported together, each with place and fix.

The tables and keys are documented at their definition only. Paths in the file are relative to the file's folder.
"""

from __future__ import annotations

import gc
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import Any, TypeVar

from attrs import evolve, field, fields, frozen

from sip2gw.circulation.settings import Settings
from sip2gw.config.accounts import ServiceAccount, TerminalAccount, read_accounts
from sip2gw.config.contradictory_settings import check_contradictions
from sip2gw.config.libraries import read_settings
from sip2gw.config.librarika import LibrarikaAPI
from sip2gw.config.listen import Listen, check_places, read_listen
from sip2gw.config.operation import Admin, Log, Process, Security, check_admin, readable_secrets
from sip2gw.config.sources import read_sources
from sip2gw.config.store import Store, check_store
from sip2gw.config.tables import Tables
from sip2gw.config.terminals import Terminals
from sip2gw.faults import ConfigFaults, Fault, unknown_key
from sip2gw.limits import Limits

T = TypeVar("T")

__all__ = [
    "Admin",
    "Config",
    "LibrarikaAPI",
    "Listen",
    "Log",
    "Process",
    "Security",
    "ServiceAccount",
    "Store",
    "TerminalAccount",
    "Terminals",
    "load",
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
    store: Store = field(factory=Store)
    process: Process = field(factory=Process)
    settings: Settings = field(factory=Settings)
    """`[profiles.NAME]` and `[[libraries]]`, see docs/profiles.md."""
    given: tuple[tuple[TerminalAccount, ...], ...] = ()
    """The accounts that each endpoint of `listen` gives to terminals that can't log in."""
    service_accounts: tuple[ServiceAccount, ...] = ()
    """At most one for each library."""
    warnings: tuple[str, ...] = ()
    """Settings that the operator has allowed but should review; a sentence each."""


_EXAMPLES = {
    "endpoint": 'endpoint = "tcp:6009", for example',
    "nickname": 'nickname = "riverside", the part of its address before .librarika.com',
    "bin": 'bin = "1", the name of the bin in CL',
}

_BELOW = "write libraries.{} in the brackets, below the nickname of its library"

_MADE = "settings", "given", "service_accounts", "warnings"
"""Attributes that are not tables of the file."""


def load(path: str | Path) -> Config:
    """Read a file, and the files that it names. Raises `ConfigFaults`."""
    with _no_garbage_collection():
        sources = read_sources(Path(path))
        if not sources.found:
            raise ConfigFaults(str(path), sources.faults)
        folder = Path(path).absolute().parent
        tables = Tables(folder, _EXAMPLES)
        config = _read(sources.raw, tables)
    if config is None or sources.faults:
        raise ConfigFaults(str(path), sources.located([*sources.faults, *tables.faults]))
    return config


@contextmanager
def _no_garbage_collection() -> Iterator[None]:
    """Pause the garbage collector: the many new objects are no garbage, and each pass would delay terminals."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


def _read(raw: dict[str, Any], tables: Tables) -> Config | None:
    """Return the configuration in the files' content; None if `tables` has faults of it."""
    raw = _checked_keys(raw, tables)
    listen = read_listen(raw.get("listen"), tables)
    given = {place: read_accounts(place, one, tables) for place, one in listen.items()}
    settings, services = read_settings(raw.get("profiles", {}), raw.get("libraries", []), tables)
    config = Config(
        listen=tuple(listen.values()),
        librarika=_table(raw, LibrarikaAPI, "librarika", tables),
        admin=tables.read(raw["admin"], Admin, "admin") if "admin" in raw else None,
        terminals=_table(raw, Terminals, "terminals", tables),
        limits=_table(raw, Limits, "limits", tables),
        log=_table(raw, Log, "log", tables),
        security=_table(raw, Security, "security", tables),
        store=_table(raw, Store, "store", tables),
        process=_table(raw, Process, "process", tables),
        settings=settings,
        given=tuple(tuple(accounts.values()) for accounts, _ in given.values()),
        service_accounts=tuple(services.values()),
    )
    check_places(listen, config.admin, tables)
    check_contradictions(raw, config.librarika, config.terminals, config.limits, tables)
    check_admin(config.admin, tables)
    check_store(config.store, tables)
    accounts: dict[str, TerminalAccount | ServiceAccount] = dict(services)
    for found, _ in given.values():
        accounts.update(found)
    warned = chain.from_iterable(warnings for _, warnings in given.values())
    warnings = (*warned, *_check_secrets(config, listen, accounts, tables))
    return None if tables.faults else evolve(config, warnings=warnings)


def _checked_keys(raw: dict[str, Any], tables: Tables) -> dict[str, Any]:
    """Return the content of the files without tables that belong to a library. Those and unknown keys are faults."""
    known = [*(name.name for name in fields(Config) if name.name not in _MADE), "profiles", "libraries"]
    for key in raw:
        if key not in known:
            tables.add(_misplaced(key) or unknown_key("", key, known))
    if isinstance(raw.get("terminals"), list):
        tables.add(Fault("terminals", "is a list of tables", _BELOW.format("terminals")))
        return {**raw, "terminals": {}}
    return raw


def _table(raw: dict[str, Any], kind: type[T], name: str, tables: Tables) -> T:
    """Return a table; one with defaults if there is none, or a fault."""
    return tables.read(raw.get(name, {}), kind, name) or kind()


def _misplaced(key: str) -> Fault | None:
    """Return the fault of a table at the top level that belongs to a library; None for other keys."""
    name = f"{key.removesuffix('s')}s"
    return Fault(key, "belongs to a library", _BELOW.format(name)) if name in ("bins", "texts") else None


def _check_secrets(
    config: Config,
    listen: Mapping[str, Listen],
    accounts: Mapping[str, TerminalAccount | ServiceAccount],
    tables: Tables,
) -> Iterator[str]:
    """Add faults, or yield warnings, for secrets that all users of the machine can read."""
    certificates = {f"{place}.certificates": one.certificates for place, one in listen.items()}
    secrets: dict[str, Path | None] = {
        **{f"{place}.password_file": one.password_file for place, one in accounts.items()},
        "store.key_file": config.store.key(os.environ),
        "store.password_file": config.store.password_file,
        "admin.token_file": config.admin.token_file if config.admin else None,
    }
    for place, wrong in readable_secrets(certificates, secrets):
        if config.security.readable_secrets == "warn":
            yield f"{place} {wrong.problem}"
        else:
            tables.fault(place, wrong.problem, f'{wrong.fix}, or put up with it: readable_secrets = "warn"')
