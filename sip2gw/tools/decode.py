"""`sip2gw decode`: lines of SIP2 in words, from arguments, a file or standard input."""

from __future__ import annotations

import io
import json
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import click
from rich.console import Console

from sip2gw.sip2 import Dialect
from sip2gw.tools.charsets import charset
from sip2gw.tools.decoded import Decoded
from sip2gw.tools.escapes import as_bytes
from sip2gw.tools.hex_dump import joined
from sip2gw.tools.pasted import NoMessage, find

_WIDE = 160
"""Columns, if the output is not a terminal."""


def split_lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the lines of a stream, ended by CR, LF or both, without empty ones."""
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
    # read1 returns the bytes that have arrived, so that `tail -f log | sip2gw decode` shows lines as they come.
    read: Callable[[int], bytes] = getattr(stream, "read1", stream.read)
    while chunk := read(65536):
        yield chunk


def one_sign(ctx: click.Context, param: click.Parameter, value: str | None) -> str | None:
    """Check a character that may close a field."""
    if value is not None and (len(value) != 1 or value.isalnum() or value.isspace()):
        raise click.BadParameter("must be one character, such as ^, and not a letter, a digit or a blank")
    return value


@click.command(short_help="Show lines of SIP2 in words.")
@click.argument("lines", nargs=-1, metavar="[LINE]...")
@click.option("--file", type=click.File("rb"), help="Read lines from this file; - is standard input.")
@click.option(
    "--secrets", is_flag=True, help="Show passwords and account names (AC AD CN CO) instead of ***."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object on each line.")
@click.option(
    "--delimiter", callback=one_sign, help="The character that closes a field.  [default: found in each line]"
)
@click.option("--charset", default="utf-8", show_default=True, callback=charset, help="Charset of the lines.")
def decode(
    lines: tuple[str, ...],
    file: BinaryIO | None,
    secrets: bool,
    as_json: bool,
    delimiter: str | None,
    charset: str,
) -> None:
    """Show each LINE of SIP2 field by field, in words, with a verdict on its checksum.

    A LINE may be a message, or a line of a log with a message in it; lines of a hex dump are joined. Without LINE and
    --file, lines are read from standard input. They may end with CR, LF or both. The exit status is 1 if a line has
    no SIP2 message in it.

    \b
    sip2gw decode '9900302.00AY2AZFCA4'
    sip2gw decode --json < terminal.log
    """
    dialect = Dialect(charset=charset)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # a screen without a character shows its number
    console = Console(width=None if sys.stdout.isatty() else _WIDE, highlight=False)
    failures = 0
    for number, line in joined(_sources(lines, file, charset)):
        try:
            found = find(line, dialect, delimiter)
        except NoMessage as no_message:
            failures += 1
            _report(number, str(no_message), as_json)
            continue
        for one in found:
            _show(Decoded.found(one, secrets=secrets), number, console, as_json)
    if failures:
        raise SystemExit(1)


def _show(decoded: Decoded, number: int, console: Console, as_json: bool) -> None:
    if as_json:
        click.echo(json.dumps(decoded.as_object()))
        return
    if decoded.note:
        click.echo(f"line {number}: {decoded.note}", err=True)
    console.print(decoded.heading(), style="bold")
    console.print(decoded.table())
    console.print()


def _sources(lines: tuple[str, ...], file: BinaryIO | None, charset: str) -> Iterator[bytes]:
    for line in lines:
        yield from split_lines([line.encode(sys.getfilesystemencoding(), "surrogateescape")])
    if file is not None:
        yield from split_lines(as_bytes(_chunks(file), charset))
    elif not lines:
        yield from split_lines(as_bytes(_chunks(sys.stdin.buffer), charset))


def _report(number: int, why: str, as_json: bool) -> None:
    """Report the number of a line without a message, but not the line: it may hold a password."""
    if as_json:
        click.echo(json.dumps({"error": f"line {number}: no SIP2 message found: {why}"}))
    else:
        click.echo(f"line {number}: no SIP2 message found: {why}", err=True)
