"""The operator's tables: the admin endpoint, the log, and the protection of files with secrets."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

from attrs import frozen

from sip2gw.config.checks import Checked, File
from sip2gw.config.endpoint import Endpoint, endpoint
from sip2gw.config.networks import Networks
from sip2gw.config.scalars import integer, say
from sip2gw.config.tables import Tables
from sip2gw.faults import Wrong
from sip2gw.tls.certificates import CHAIN, files_of
from sip2gw.tls.folder import places
from sip2gw.token_file import token_in

MOST_WORKERS = 64


def workers(value: Any) -> int:
    """Return a number of processes; "auto" is one for each core. Raises `Wrong`."""
    if value == "auto":
        return min(len(os.sched_getaffinity(0)), MOST_WORKERS)
    if isinstance(value, str) and not value.isdecimal():
        raise Wrong(f"is {say(value)}", f'write a whole number from 1 to {MOST_WORKERS}, or "auto"')
    return integer(value, 1, MOST_WORKERS)


@frozen
class Admin:
    """`[admin]`: the endpoint of health, metrics and the board, over plain HTTP. Without it there is none."""

    endpoint: Annotated[Endpoint, Checked(endpoint)]
    """If other machines can connect, it needs a token_file, and a proxy with TLS before it."""
    token_file: Annotated[Path, File(token_in)] | None = None
    """File with a token of 32 characters or more, which clients must send as `Authorization: Bearer ...`.
    /health/live and /health/ready need no token, and the board has accounts of its own."""
    board: bool = False
    """Whether the endpoint has the board: the operator's screens in a browser, at /board/."""
    proxy_users: Networks | None = None
    """Networks of reverse proxies that log people in themselves, such as ["127.0.0.1"]. The board believes the name
    that they send as `X-Forwarded-User`; they must take that header out of what a browser sends."""


@frozen
class Process:
    """`[process]`: how the gateway runs."""

    workers: Annotated[int, Checked(workers, "number or text")] = 1
    """Processes that share the work: from 1 to 64, or "auto" for one for each core."""


@frozen
class Log:
    """`[log]`: how much is logged, and in which form. Where to is an option of twistd or twist."""

    level: Literal["debug", "info", "warn", "error"] = "info"
    """"debug", "info", "warn" or "error"."""
    form: Literal["text", "json"] = "text"
    """"text" for people, or "json" for a machine: one object in each line."""
    items: bool = False
    """Whether items are logged by their own numbers, instead of tags that change each day."""


@frozen
class Security:
    """`[security]`: protection of the process's secrets."""

    readable_secrets: Literal["refuse", "warn"] = "refuse"
    """What happens if every user of the machine can read a private key or a token: "refuse" to start, or "warn"."""


def check_admin(admin: Admin | None, tables: Tables) -> None:
    """Check that an endpoint for other machines needs a token."""
    if admin is None:
        return
    alone = admin.token_file is None and tables.is_sound("admin.token_file")
    if alone and not admin.endpoint.local:
        tables.fault(
            "admin.endpoint",
            f'is "{admin.endpoint}", where other machines could look at it',
            "add interface=127.0.0.1 to the endpoint, or a token_file",
        )
    if admin.proxy_users is not None and not admin.board and tables.is_sound("admin.proxy_users"):
        tables.fault(
            "admin.proxy_users", "means nothing without the board", "add board = true, or leave it out"
        )


def readable_secrets(
    certificates: Mapping[str, Path | None], secrets: Mapping[str, Path | None]
) -> Iterator[tuple[str, Wrong]]:
    """Yield the files that every user of the machine can read, by place."""
    for place, path in certificates.items():
        for file in _keys(path) if path is not None else ():
            yield from _readable(place, file)
    for place, path in secrets.items():
        if path is not None:
            yield from _readable(place, path)


def _keys(path: Path) -> Iterable[Path]:
    try:
        return [file for place in places(path).values() for file in files_of(place) if file.name != CHAIN]
    except Wrong:
        return []  # an unreadable file is a fault of its own


def _readable(place: str, file: Path) -> Iterator[tuple[str, Wrong]]:
    try:
        mode = os.stat(file).st_mode
    except OSError:
        return
    if mode & (stat.S_IROTH | stat.S_IWOTH):
        yield place, Wrong(f"is {file}, which every user of this machine can read", f"chmod o= {file}")
