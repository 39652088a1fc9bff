"""`[store]`: where the gateway keeps what must outlast it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import SplitResult, parse_qs, urlsplit

from attrs import frozen

from sip2gw.addresses import is_loopback
from sip2gw.config.accounts import PasswordFile
from sip2gw.config.checks import Checked, File
from sip2gw.config.key_file import KEY, MAKE_KEY, keys_in
from sip2gw.config.scalars import text
from sip2gw.config.tables import Tables
from sip2gw.faults import Wrong, unreadable

FILE = "sip2gw.sqlite3"
INSTALL_PSYCOPG = "install it: pip install 'sip2gw[postgresql]'"

_URL = '"postgresql://sip2gw@db.example.org/sip2gw?sslmode=verify-full"'
_PORT = re.compile(r":\d*\Z")


def _check_place(path: Path) -> None:
    try:
        is_folder, has_folder = path.is_dir(), path.parent.is_dir()
    except OSError as error:
        raise unreadable(path, error, "name a file in a folder of this machine") from None
    if is_folder:
        raise Wrong(f"is {path}, a folder", f'name a file in it, such as "{path / FILE}"')
    if not has_folder:
        raise Wrong(
            f"is {path}, in a folder that does not exist", f"make it, with `mkdir {path.parent}` for example"
        )


def _database_url(value: Any) -> str:
    """Return a connection URI of PostgreSQL, without a password."""
    url = text(value, _URL)
    fix = f"write it like {_URL}"
    try:
        parts = urlsplit(url)
        options = parse_qs(parts.query, strict_parsing=bool(parts.query))
    except ValueError:
        raise Wrong("is not a URL", fix) from None  # the error may have the password
    if parts.scheme not in ("postgresql", "postgres"):
        raise Wrong("is not a URL that begins with postgresql://", fix)
    if ":" in parts.netloc.rpartition("@")[0] or "password" in options:
        raise Wrong("has a password", "write it into a file, and add password_file")
    if not parts.path.strip("/") and "dbname" not in options:
        raise Wrong("names no database", fix)
    if "sslmode" not in options and not all(map(_is_local, _hosts(parts, options))):
        raise Wrong("would reach another machine without TLS", "add ?sslmode=verify-full at its end")
    return url


def _hosts(parts: SplitResult, options: Mapping[str, list[str]]) -> list[str]:
    """Return the hosts that a connection is tried to, of which there may be several."""
    named = parts.netloc.rpartition("@")[2].split(",")
    further = [
        host for key in ("host", "hostaddr") for value in options.get(key, ()) for host in value.split(",")
    ]
    return [*(_PORT.sub("", host).strip("[]") for host in named), *further]


def _is_local(host: str) -> bool:
    return not host or host.startswith(("/", "@", "%2F", "%2f")) or is_loopback(host)


@frozen
class Store:
    """`[store]`: where the gateway keeps what must outlast it. By default an SQLite file in the state folder."""

    path: Annotated[Path, File(_check_place, '"/var/lib/sip2gw/sip2gw.sqlite3"')] | None = None
    """An SQLite file on a local disk. If left out, sip2gw.sqlite3 in $STATE_DIRECTORY, which systemd sets, else in
    $XDG_STATE_HOME/sip2gw or ~/.local/state/sip2gw."""
    url: Annotated[str, Checked(_database_url)] | None = None
    """A database of PostgreSQL instead, for gateways on several machines, such as
    "postgresql://sip2gw@db.example.org/sip2gw?sslmode=verify-full"."""
    password_file: PasswordFile | None = None
    """A file with the password of that database, in one line."""
    key_file: Annotated[Path, File(keys_in, '"/etc/sip2gw/sip2gw.key"')] | None = None
    """A file with the key by which readers' data are encrypted: 32 random bytes in hexadecimal or base64. Lines below
    it have keys that it has replaced, which only decrypt. If left out, sip2gw.key beside the SQLite file, which is made
    at the first start. With url it must be given: all gateways need the same keys."""

    def file(self, environment: Mapping[str, str]) -> Path | None:
        """Return the path of the SQLite file; None if the store is a database of PostgreSQL."""
        if self.url is not None:
            return None
        return self.path or state_folder(environment) / FILE

    def key(self, environment: Mapping[str, str]) -> Path:
        """Return the path of the keys. Only a file that is not given may be missing: `kept_keys` makes it."""
        return self.key_file or (self.file(environment) or Path()).parent / KEY


def state_folder(environment: Mapping[str, str]) -> Path:
    """Return the folder for state: systemd's, else by the XDG base directory specification."""
    if folder := environment.get("STATE_DIRECTORY", "").partition(":")[0]:
        return Path(folder)
    base = environment.get("XDG_STATE_HOME", "")
    # By the specification a relative path is ignored.
    return (Path(base) if base.startswith("/") else Path.home() / ".local" / "state") / "sip2gw"


def check_store(store: Store, tables: Tables) -> None:
    """Check that the keys fit together."""
    if store.path is not None and store.url is not None:
        tables.fault("store.url", "means nothing with path", "leave out one of the two")
    if store.password_file is not None and store.url is None and tables.is_sound("store.url"):
        tables.fault("store.password_file", "means nothing without url", "add url, or leave it out")
    if store.url is not None and find_spec("psycopg") is None:
        tables.fault("store.url", "needs the package psycopg, which is not installed", INSTALL_PSYCOPG)
    if store.url is not None and store.key_file is None and tables.is_sound("store.key_file"):
        problem = "needs a key_file, because all gateways need the same key"
        tables.fault("store.url", problem, f'{MAKE_KEY}, and add key_file = "..."')
