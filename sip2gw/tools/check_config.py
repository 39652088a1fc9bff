"""`sip2gw check-config`: all faults of a configuration file, or the endpoints that it listens on."""

from __future__ import annotations

import os

import click

from sip2gw.config import Config, load
from sip2gw.faults import ConfigFaults


@click.command(short_help="Check a configuration file.")
@click.argument("file", type=click.Path(), required=True)
def check_config(file: str) -> None:
    """Check the configuration FILE (TOML) without listening anywhere.

    All faults are shown at once, each with its place and what to write instead; the exit status is then 1. The
    command reads certificates and keys: run it as the user that the gateway runs as.

    \b
    The smallest useful file:
      [[listen]]
      endpoint = "tcp:6009"
      certificates = "/etc/letsencrypt/live/sip2.example.org"
      [librarika]
      url = "https://{library}.librarika.com/api/v1"
      [admin]
      endpoint = "tcp:8080:interface=127.0.0.1"
    """
    config = read_config(file)
    click.echo(f"{file}: ok")
    for line in _places(config):
        click.echo(f"  {line}")
    for warning in config.warnings:
        click.echo(f"  warning: {warning}")


def read_config(file: str) -> Config:
    """Load a configuration file. On faults, print them on standard error and exit with status 1."""
    try:
        return load(file)
    except ConfigFaults as faults:
        click.echo(str(faults), err=True)
        raise SystemExit(1) from None


def _places(config: Config) -> list[str]:
    """List the endpoints that the gateway would listen on, and its store, one on each line."""
    lines = []
    for listen in config.listen:
        how = "plain" if listen.certificates is None else f"TLS with {listen.certificates}"
        if listen.client_authorities is not None:
            how += f", client certificates {listen.client_certificates or 'required'}"
        if listen.proxy_from is not None:
            how += f", from balancers in {' '.join(map(str, listen.proxy_from))}"
        lines.append(f"SIP2 on {listen.endpoint}, {how}")
    if config.admin is not None:
        lines.append(f"health on {config.admin.endpoint}")
    file = config.store.file(os.environ)
    lines.append(f"store in {file or config.store.url}")
    return lines
