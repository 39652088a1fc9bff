"""`sip2gw invite`: a link with which an installer sees how far a terminal comes at one library."""

from __future__ import annotations

import json
import sys
from typing import TextIO
from urllib.error import HTTPError, URLError
from urllib.parse import quote, urlsplit
from urllib.request import ProxyHandler, Request, build_opener

import click

from sip2gw.addresses import is_loopback
from sip2gw.connect import qr

_OPENER = build_opener(ProxyHandler({}))
"""Asks the gateway without a proxy: gateway and token are on this machine."""


@click.command(short_help="Make a link for the installer of a terminal.")
@click.argument("library")
@click.option(
    "--url",
    default="http://127.0.0.1:8080",
    show_default=True,
    help="The endpoint of [admin] of the gateway.",
)
@click.option("--token-file", type=click.File(), help="The file with the token of [admin], if it has one.")
@click.option("--public-url", metavar="URL", help="How the installer reaches that endpoint, if it differs.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for other programs.")
def invite(library: str, url: str, token_file: TextIO | None, public_url: str | None, as_json: bool) -> None:
    """Print a link to the page "Connect a terminal" of LIBRARY. It is valid for 8 hours and five browsers.

    In a terminal window its QR code follows, for a phone.

    The exit status is 2 if the gateway makes none.
    """
    if not url.startswith(("http://", "https://")):
        raise click.UsageError(f"{url} is not a URL of http or https")
    request = Request(  # noqa: S310 (http, see above)
        f"{url.rstrip('/')}/invite/{quote(library, safe='')}", method="POST"
    )
    if token_file is not None:
        request.add_header("Authorization", f"Bearer {token_file.read().strip()}")
    try:
        with _OPENER.open(request, timeout=10) as answer:
            code = json.loads(answer.read())["code"]
    except HTTPError as error:
        with error:
            click.echo(f"{url} made no link: {_reason(error)}", err=True)
        raise SystemExit(2) from None
    except (URLError, OSError, ValueError, KeyError) as error:
        reason = error.reason if isinstance(error, URLError) else error
        click.echo(f"{url} made no link: {reason}", err=True)
        raise SystemExit(2) from None
    link = f"{(public_url or url).rstrip('/')}/connect/#{code}"
    if as_json:
        click.echo(json.dumps({"library": library, "link": link, "hours": 8}))
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


def _reason(error: HTTPError) -> str:
    try:
        return str(json.loads(error.read())["error"])
    except (ValueError, KeyError, TypeError):
        return str(error)
