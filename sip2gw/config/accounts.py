"""Read the accounts that the configuration gives to terminals that can't log in, and refuse public ones.

Each client that reaches such an endpoint is the library's terminal. So each account needs a loopback endpoint, TLS,
or a range of addresses, and `check-config` warns of each.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from attrs import frozen

from sip2gw.config.checks import Checked, File
from sip2gw.config.networks import Networks
from sip2gw.config.scalars import say, text
from sip2gw.config.tables import Tables
from sip2gw.faults import Wrong, unreadable
from sip2gw.secret import Secret
from sip2gw.tenants import nickname

if TYPE_CHECKING:
    from sip2gw.config.listen import Listen


def nickname_in(value: Any) -> str:
    """Return a library's nickname. Raises `Wrong`."""
    label = nickname(value) if isinstance(value, str) else None
    if label is None:
        meant = nickname(re.sub(r"^\w+://|\.librarika\..*$", "", value)) if isinstance(value, str) else None
        fix = "write the part of the library's address before .librarika.com"
        raise Wrong(f"is {say(value)}, not a nickname", f'write "{meant}"' if meant else fix)
    return label


def password_in(path: Path) -> Secret:
    """Return the password in a file of one line. Raises `Wrong`."""
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except OSError as error:
        raise unreadable(path, error, "name a file with a password") from None
    except UnicodeDecodeError:
        raise Wrong(f"is {path}, which is not text in UTF-8", "put the password there as UTF-8") from None
    if len(lines) != 1 or not lines[0].strip() or not lines[0].isprintable():
        raise Wrong(f"is {path}, which does not have one line with a password", "write the password there")
    return Secret(lines[0])


def account_name(value: Any) -> str:
    """Return the user name of an account. Raises `Wrong`."""
    return text(value, '"kiosk@riverside.example"').strip()


def _certificate_owner(value: Any) -> str:
    return text(value, '"north-kiosk-1"').strip()


def account_tables(value: Any) -> tuple[dict[str, Any], ...]:
    """Return tables of `TerminalAccount`, not yet read. Raises `Wrong`."""
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise Wrong(f"is {say(value)}, not a list of tables", "write [[listen.terminals]] for each")
    return tuple(value)


Nickname = Annotated[str, Checked(nickname_in)]
"""The part of a library's address before .librarika.com."""

AccountName = Annotated[str, Checked(account_name)]

PasswordFile = Annotated[Path, File(password_in, '"/etc/sip2gw/riverside.password"')]

_KEYS = ("library", "account", "password_file")
_WIDEST = {4: 8, 6: 16}
"""Prefix bits of the widest network that still counts as a range of addresses, by IP version."""


@frozen
class TerminalAccount:
    """`[[listen.terminals]]`: terminals of this endpoint that can't log in, by address or client certificate."""

    library: Nickname
    """The library's nickname."""
    account: AccountName
    """The account that they use."""
    password_file: PasswordFile
    """A file with its password, in one line."""
    addresses: Networks | None = None
    """Their networks or addresses, such as ["192.0.2.16/28"]."""
    certificate: Annotated[str, Checked(_certificate_owner)] | None = None
    """The name in their client certificate."""


@frozen
class ServiceAccount:
    """The account with which writes that wait are forwarded while no terminal of the library has logged in."""

    library: Nickname
    account: AccountName
    password_file: PasswordFile


def read_accounts(place: str, listen: Listen, tables: Tables) -> tuple[dict[str, TerminalAccount], list[str]]:
    """Return the accounts that the endpoint at `place` gives, by place, its own last; and the warnings."""
    found: dict[str, TerminalAccount] = {}
    for number, raw in enumerate(listen.terminals or ()):
        here = f"{place}.terminals[{number}]"
        one = tables.read(raw, TerminalAccount, here)
        if one is not None:
            if other := next((there for there, earlier in found.items() if _is_twin(one, earlier)), ""):
                problem = "names terminals that {other} names too"
                tables.fault(here, problem, "name each terminal in one table", other)
            found[here] = one
            if one.addresses is None and one.certificate is None:
                tables.fault(here, "names no terminal", "add addresses or certificate")
    if (own := _own(place, listen, tables)) is not None:
        found[place] = own
    warnings = [_checked(here, one, place, listen, tables) for here, one in found.items()]
    return found, [warning for warning in warnings if warning]


def _is_twin(one: TerminalAccount, other: TerminalAccount) -> bool:
    """Return whether two tables match a terminal equally well. A narrower network comes before a wider one."""
    if one.certificate != other.certificate:
        return False
    if one.addresses is None or other.addresses is None:
        return one.addresses is other.addresses and one.certificate is not None
    return not set(one.addresses).isdisjoint(other.addresses)


def _own(place: str, listen: Listen, tables: Tables) -> TerminalAccount | None:
    """Return the account that the endpoint gives to each client. Library, account and password file come together."""
    if listen.library and listen.account and listen.password_file:
        return TerminalAccount(listen.library, listen.account, listen.password_file, listen.addresses)
    missing = [key for key in _KEYS if getattr(listen, key) is None and tables.is_sound(f"{place}.{key}")]
    used = [key for key in (*_KEYS, "addresses") if getattr(listen, key) is not None]
    if used and missing:
        tables.fault(
            f"{place}.{used[0]}", f"means nothing without {' and '.join(missing)}", "add it, or leave it out"
        )
    return None


def _checked(here: str, one: TerminalAccount, place: str, listen: Listen, tables: Tables) -> str:
    """Add the faults of one account, or return the warning."""
    if one.certificate is not None and listen.client_authorities is None:
        tables.fault(f"{here}.certificate", "means nothing without client_authorities", f"add it to {place}")
    elif _is_public(one, listen):
        tables.fault(
            f"{here}.library",
            f'would be given to every client that reaches "{listen.endpoint}", which is plain SIP2',
            'add addresses = ["192.0.2.16/28"], or certificates, or interface=127.0.0.1 to the endpoint',
        )
    else:
        return f"{here}: {_who(one, listen)} is a terminal of {one.library}, without a login"
    return ""


def _is_public(one: TerminalAccount, listen: Listen) -> bool:
    """Return whether any client that can connect to a plain port would have this account."""
    if listen.certificates is not None:
        return False
    ranged = one.addresses is not None and all(
        network.prefixlen >= _WIDEST[network.version] for network in one.addresses
    )
    alone = listen.endpoint.local and listen.proxy_from is None
    return not (ranged or alone)


def _who(one: TerminalAccount, listen: Listen) -> str:
    where = f" from {' '.join(map(str, one.addresses))}" if one.addresses else ""
    what = f" with the certificate {one.certificate}" if one.certificate else ""
    return f"every client that reaches {listen.endpoint}{where}{what}"
