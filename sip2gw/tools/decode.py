"""`sip2gw decode`: lines of SIP2 in words, from arguments, a file or standard input."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import click
from rich.console import Console

from sip2gw.sip2 import Dialect, UnknownMessage
from sip2gw.tools.decoded import Decoded

_WIDE = 160
"""Columns where the output is no terminal."""


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The lines of a stream, ended by CR, LF or both; empty ones are left out."""
    rest: list[bytes] = []
    for chunk in chunks:
        *whole, last = re.split(rb"[\r\n]", chunk)
        for piece in whole:
            line = b"".join([*rest, piece])
            rest = []
            if line:
                yield line
        rest.append(last)
    if line := b"".join(rest):
        yield line


def _chunks(stream: BinaryIO) -> Iterator[bytes]:
    # read1 hands over what is there, so that `tail -f log | sip2gw decode` shows lines as they come.
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    while chunk := read(65536):
        yield chunk


def charset(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """A charset whose first 128 characters are ASCII, by its Python name."""
    try:
        fits = "|AZ09".encode(value) == b"|AZ09"
    except (LookupError, UnicodeError):
        fits = False
    if not fits:
        raise click.BadParameter(f"{value!r} is no charset for SIP2: try utf-8, cp850, latin-1 or cp1252")
    return value


@click.command(short_help="Show lines of SIP2 in words.")
@click.argument("lines", nargs=-1, metavar="[LINE]...")
@click.option("--file", type=click.File("rb"), help="Read lines from this file; - is standard input.")
@click.option("--secrets", is_flag=True, help="Show passwords and account names (AC AD CN CO); else ***.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object a line.")
@click.option("--charset", default="utf-8", show_default=True, callback=charset, help="Charset of the lines.")
def decode(lines: tuple[str, ...], file: BinaryIO | None, secrets: bool, as_json: bool, charset: str) -> None:
    """Show each LINE of SIP2 field by field, in words, with a verdict on its checksum.

    Without LINE and --file, lines are read from standard input. They may end with CR, LF or both. The exit status is
    1 if a line was no SIP2 message.

    \b
    sip2gw decode '9900302.00AY2AZFCA4'
    sip2gw decode --json < terminal.log
    """
    dialect = Dialect(charset=charset)
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    failures = 0
    for number, line in enumerate(_sources(lines, file), 1):
        try:
            decoded = Decoded(line, dialect, secrets=secrets)
        except UnknownMessage as unknown:
            failures += 1
            _complain(number, unknown, as_json)
            continue
        if as_json:
            click.echo(json.dumps(decoded.as_object()))
        else:
            console.print(decoded.heading(), style="bold")
            console.print(decoded.table())
            console.print()
    if failures:
        raise SystemExit(1)


def _sources(lines: tuple[str, ...], file: BinaryIO | None) -> Iterator[bytes]:
    for line in lines:
        yield from split_lines([os.fsencode(line)])
    if file is not None:
        yield from split_lines(_chunks(file))
    elif not lines:
        yield from split_lines(_chunks(sys.stdin.buffer))


def _complain(number: int, unknown: UnknownMessage, as_json: bool) -> None:
    """Say which line was no message, without showing it: it may hold a password."""
    why = f"unknown message code {unknown.code}" if unknown.code else "does not begin with a message code"
    if as_json:
        click.echo(json.dumps({"error": f"line {number}: no SIP2 message: {why}"}))
    else:
        click.echo(f"line {number}: no SIP2 message: {why}", err=True)
