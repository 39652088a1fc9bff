"""Options of all emulated terminals: the address of the gateway, and the identity of the terminal."""

from __future__ import annotations

import functools
import sys
from collections.abc import Callable
from typing import Any, TypeVar

import click
from attrs import frozen

from sip2gw.sip2 import Secret
from sip2gw.tools.address import PLAIN_PORT, TLS_PORT, Address, read_fingerprint
from sip2gw.tools.identity import LoginForm, Terminal

F = TypeVar("F", bound=Callable[..., Any])

_TERMINATORS = {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n"}
_LOOPBACK = ("127.", "localhost", "::1")

_OPTIONS = [
    click.option("--host", default="127.0.0.1", show_default=True, help="Host of the gateway."),
    click.option(
        "--port", type=click.IntRange(1, 65535), help="Port of the gateway.  [default: 6009, plain 6001]"
    ),
    click.option("--tls/--plain", default=True, show_default="TLS", help="Use TLS, or plain SIP2."),
    click.option(
        "--ca-file", type=click.Path(exists=True, dir_okay=False), help="Trust these authorities (PEM)."
    ),
    click.option("--fingerprint", metavar="SHA256", help="Trust only the certificate with this fingerprint."),
    click.option("--insecure", is_flag=True, help="Trust any certificate. For tests only."),
    click.option("--server-name", metavar="NAME", help="The name in the certificate, if it is not the host."),
    click.option(
        "--client-cert",
        type=click.Path(exists=True, dir_okay=False),
        help="The terminal's own certificate (PEM).",
    ),
    click.option(
        "--client-key",
        type=click.Path(exists=True, dir_okay=False),
        help="The key of that certificate (PEM).  [default: in the same file]",
    ),
    click.option("--library", default="", metavar="AO", help="Institution id: the library's nickname."),
    click.option("--account", default="", metavar="USER", help="User name of the terminal's account."),
    click.option("--password", envvar="SIP2GW_PASSWORD", show_envvar=True, help="Password of the account."),
    click.option("--location", default="", metavar="CP", help="Location of the terminal."),
    click.option(
        "--login-form",
        type=click.Choice([form.value for form in LoginForm]),
        default="ao",
        show_default=True,
        help="How the terminal sends library and account. ao: AO and AC in the 93."
        " nickname: CN is the library, CO user:password."
        " slash: CN is library/user. cp: CP is the library. plain: library only in the AO of later messages."
        " none: no 93, AC in each message.",
    ),
    click.option("--no-error-detection", is_flag=True, help="Send neither AY nor AZ."),
    click.option(
        "--terminator",
        type=click.Choice(list(_TERMINATORS)),
        default="cr",
        show_default=True,
        help="The end of each line.",
    ),
    click.option(
        "--timeout",
        type=click.FloatRange(0.1),
        default=10.0,
        show_default=True,
        help="Seconds to wait for an answer.",
    ),
]


@frozen
class Setup:
    """A terminal, and the gateway to which it connects."""

    address: Address
    terminal: Terminal
    error_detection: bool = True
    terminator: bytes = b"\r"
    timeout: float = 10.0

    @property
    def logs_in(self) -> bool:
        """Whether there is an account, and the form of login sends a 93."""
        return bool(self.terminal.account) and self.terminal.login_form is not LoginForm.NONE


def setup_options(command: F) -> F:
    """Add these options to a command, which gets them as one argument, `setup`."""

    @functools.wraps(command)
    def with_setup(*args: Any, **options: Any) -> Any:
        own = {name: value for name, value in options.items() if name not in _NAMES}
        return command(*args, setup=_setup(**{name: options[name] for name in _NAMES}), **own)

    for option in reversed(_OPTIONS):
        with_setup = option(with_setup)
    return with_setup  # type: ignore[return-value]  # the signature differs by `setup`, which click calls


def _setup(
    *,
    host: str,
    port: int | None,
    tls: bool,
    ca_file: str | None,
    fingerprint: str | None,
    insecure: bool,
    server_name: str | None,
    client_cert: str | None,
    client_key: str | None,
    library: str,
    account: str,
    password: str | None,
    location: str,
    login_form: str,
    no_error_detection: bool,
    terminator: str,
    timeout: float,
) -> Setup:
    try:
        pinned = read_fingerprint(fingerprint) if fingerprint else None
    except ValueError as wrong:
        raise click.BadParameter(str(wrong), param_hint="--fingerprint") from None
    if client_key is not None and client_cert is None:
        raise click.BadParameter("give --client-cert too", param_hint="--client-key")
    if tls and insecure:
        click.echo("The certificate is not checked: the answers may come from another computer.", err=True)
    if not tls and not host.startswith(_LOOPBACK):
        click.echo("Without TLS, the network can read passwords and patrons.", err=True)
    if account and password is None:
        password = _asked_password(account)
    port = port or (TLS_PORT if tls else PLAIN_PORT)
    return Setup(
        Address(host, port, tls, ca_file, pinned, insecure, server_name, client_cert, client_key),
        Terminal(library, account, Secret(password or ""), location, LoginForm(login_form)),
        not no_error_detection,
        _TERMINATORS[terminator],
        timeout,
    )


def _asked_password(account: str) -> str | None:
    """Ask the person for the password; if there is none, say that no password is sent."""
    if sys.stdin.isatty():
        given: str = click.prompt(f"Password of {account}", hide_input=True, err=True)
        return given
    click.echo("No password is sent: give --password, or set SIP2GW_PASSWORD.", err=True)
    return None


_NAMES = frozenset(_setup.__kwdefaults__ or ()) | frozenset(_setup.__annotations__) - {"return"}
