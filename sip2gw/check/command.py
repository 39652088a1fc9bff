"""`sip2gw check LIBRARY`: the command."""

from __future__ import annotations

import json
from typing import Any

import click
from attrs import asdict

from sip2gw.check.library import Subject, look
from sip2gw.check.steps import Step, reach
from sip2gw.config import Config, LibrarikaAPI, load
from sip2gw.faults import ConfigFaults, Wrong
from sip2gw.library import Credentials
from sip2gw.secret import Secret
from sip2gw.tenants import ADVICE, nickname
from sip2gw.tools.shown import printable

_MARKS = {True: ("ok", "green"), False: ("FAIL", "red"), None: ("-", "yellow")}


@click.command(short_help="Check from this machine whether a library can be used.")
@click.argument("library", metavar="LIBRARY")
@click.option(
    "--config", "file", type=click.Path(), help="The gateway's configuration.  [default: Librarika's own API]"
)
@click.option(
    "--account", default="", metavar="USER", help="User name.  [default: the library's own, of --config]"
)
@click.option(
    "--password", envvar="SIP2GW_PASSWORD", show_envvar=True, help="Password; without it you are asked."
)
@click.option(
    "--terminal", "location", default="", metavar="CP", help="Also check this location of a terminal."
)
@click.option("--member", is_flag=True, help="Also look up a member: asks for the card number.")
@click.option("--copy", default="", metavar="NUMBER", help="Also look up this copy.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
def check(
    library: str,
    file: str | None,
    account: str,
    password: str | None,
    location: str,
    member: bool,
    copy: str,
    as_json: bool,
) -> None:
    """Check LIBRARY, by its nickname: name, connection, TLS, certificate, account, permission, licences.

    Nothing is changed at the library, and no seat is taken. The exit status is 1 if a step fails.
    """
    name = nickname(library)
    if name is None:
        raise click.ClickException(f"{library!r} is not a nickname. {ADVICE['library_not_found']}")
    config = _config(file)
    if account and password is None:
        password = click.prompt(f"Password of {account}", hide_input=True, err=True)
    # Not an argument: every user of the machine can see those.
    card = click.prompt("Card number", hide_input=True, err=True) if member else ""
    credentials = Credentials(account, Secret(password or "")) if account else _service_account(config, name)
    steps = list(reach(config.librarika.url.replace("{library}", name), config.librarika.ca_file))
    if all(step.ok is not False for step in steps):
        subject = Subject(name, credentials, location, card, copy, used=_used(file, name))
        steps += _at_the_library(config, subject)
    if as_json:
        click.echo(json.dumps([asdict(step) for step in steps], indent=2))
    else:
        for step in steps:
            click.echo(shown(step))
    if any(step.ok is False for step in steps):
        raise SystemExit(1)


def _config(file: str | None) -> Config:
    if file is None:
        return Config(listen=(), librarika=LibrarikaAPI())
    try:
        return load(file)
    except ConfigFaults as faults:
        raise click.ClickException(str(faults)) from None


def _service_account(config: Config, name: str) -> Credentials | None:
    from sip2gw.wiring.journaling import service_accounts

    try:
        return service_accounts(config).get(name)
    except Wrong as wrong:
        raise click.ClickException(f"the password_file of {name} {wrong}") from None


def _used(file: str | None, name: str) -> int | None:
    """Return how many seats of the library the gateway lends now; None if it can't be asked."""
    from sip2gw.tools.admin import open_gateway

    if file is None:
        return None
    try:
        return int(open_gateway(None, None, file).get("libraries", name)["used"])
    except (click.ClickException, ValueError, KeyError, TypeError):
        return None


async def ask(config: Config, reactor: Any, subject: Subject) -> list[Step]:
    """Return the steps at the library, from the answers of its API."""
    from sip2gw.metrics import Metrics
    from sip2gw.wiring.configured import make_librarika

    librarika = make_librarika(config, reactor, Metrics())
    try:
        return [step async for step in look(librarika, config.settings, subject)]
    finally:
        await librarika.close()


def _at_the_library(config: Config, subject: Subject) -> list[Step]:
    """Ask the API, in a reactor of its own."""
    from twisted.internet import reactor
    from twisted.internet.defer import Deferred

    steps: list[Step] = []
    bugs: list[Any] = []

    def begin() -> None:
        done = Deferred.fromCoroutine(ask(config, reactor, subject))
        done.addCallbacks(steps.extend, bugs.append).addCallback(lambda _: reactor.stop())  # type: ignore[attr-defined]

    reactor.callWhenRunning(begin)  # type: ignore[attr-defined]
    reactor.run()  # type: ignore[attr-defined]
    if bugs:
        raise click.ClickException(f"a bug of this command: {bugs[0].type.__name__}")
    return steps


def shown(step: Step) -> str:
    """Return a step for people, with the fix in a line of its own."""
    mark, colour = _MARKS[step.ok]
    first = f"{click.style(f'{mark:5}', colour)}{step.name:13}{printable(step.text)}"
    return f"{first}\n{'':18}{printable(step.fix)}" if step.fix else first
