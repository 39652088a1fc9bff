"""`sip2gw invite`: a link with which an installer sees how far a terminal comes at one library."""

from __future__ import annotations

import sys
from urllib.parse import urlsplit

import click

from sip2gw.addresses import is_loopback
from sip2gw.connect import qr
from sip2gw.tools.admin import Gateway, gateway_options, print_json


@click.command(short_help="Make a link for the installer of a terminal.")
@click.argument("library")
@gateway_options
@click.option("--public-url", metavar="URL", help="How the installer reaches that endpoint, if it differs.")
def invite(gateway: Gateway, library: str, public_url: str | None, as_json: bool) -> None:
    """Print a link to the page "Connect a terminal" of LIBRARY. It is valid for 8 hours and five browsers.

    In a terminal window its QR code follows, for a phone.

    The exit status is 1 if the gateway makes no link, and 2 if it does not answer.
    """
    code = gateway.page("invite", library, has="code", method="POST")["code"]
    link = f"{(public_url or gateway.url).rstrip('/')}/connect/#{code}"
    if as_json:
        print_json({"library": library, "link": link, "hours": 8})
        return
    click.echo(link)
    if sys.stdout.isatty():
        _show(link)


def _show(link: str) -> None:
    """Draw the QR code of a link, in white on black also where the window has other colours."""
    lines = qr.blocks(link)
    try:
        "".join(lines).encode(sys.stdout.encoding)
    except UnicodeEncodeError:
        return  # the window can't show it
    for line in lines:
        click.secho(line, fg="bright_white", bg="black")
    if lines and is_loopback(urlsplit(link).hostname or ""):
        click.echo("Only this machine can open the link: for a phone, give --public-url.", err=True)
