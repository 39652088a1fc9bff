"""`sip2gw load`: many terminals at once, to measure a gateway."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

from sip2gw.tools.address import Unreachable
from sip2gw.tools.options import Setup, setup_options

MESSAGES = ("99", "23", "11", "09")


def read_mix(ctx: click.Context, param: click.Parameter, value: str) -> dict[str, int]:
    """Read message codes with their weights, such as 99:1,23:4."""
    mix = {}
    for part in value.split(","):
        match = re.fullmatch(r"\s*([0-9]{2}):([0-9]{1,6})\s*", part)
        if match is None or match[1] not in MESSAGES:
            raise click.BadParameter(
                f"{part!r} is not CODE:WEIGHT with one of the codes {', '.join(MESSAGES)}"
            )
        mix[match[1]] = int(match[2])
    if not any(mix.values()):
        raise click.BadParameter("at least one weight must be more than 0")
    return mix


def read_names(ctx: click.Context, param: click.Parameter, value: str) -> list[str]:
    """Read names separated by commas; {1001..1200} in a name counts, with leading zeros if the first number has any."""
    names = []
    for part in filter(None, value.split(",")):
        span = re.fullmatch(r"(.*)\{([0-9]{1,9})\.\.([0-9]{1,9})\}(.*)", part)
        if span is None:
            names.append(part)
            continue
        before, first, last, after = span.groups()
        width = len(first) if first.startswith("0") else 0
        names += [f"{before}{number:0{width}d}{after}" for number in range(int(first), int(last) + 1)]
    if not names:
        raise click.BadParameter("no names")
    return names


def announce(text: str) -> None:
    """Report progress on standard error, so that standard output has only the result."""
    click.echo(text, err=True)


@contextmanager
def progress_bar(seconds: float) -> Iterator[Callable[[float, int], None] | None]:
    """Show a progress bar on standard error, if that is a terminal, and yield the function that moves it."""
    if not sys.stderr.isatty():
        yield None
        return
    columns = (BarColumn(), TextColumn("{task.fields[answers]} answers"), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("load", total=seconds, answers=0)
        yield lambda gone, answers: bar.update(task, completed=gone, answers=answers)


@click.command(short_help="Be many terminals at once, and measure.")
@setup_options
@click.option("--terminals", type=click.IntRange(1), default=10, show_default=True, help="How many at once.")
@click.option(
    "--seconds", type=click.FloatRange(0.1), default=10.0, show_default=True, help="How long to ask."
)
@click.option(
    "--rate",
    type=click.FloatRange(0),
    help="Messages a second, of all terminals together. With 0 they log in and stay silent."
    "  [default: each terminal asks again when it has its answer]",
)
@click.option(
    "--mix", default="99:1,23:4,11:2,09:2", show_default=True, callback=read_mix, help="Requests by weight."
)
@click.option(
    "--patrons", default="M-1001", show_default=True, callback=read_names, help="Such as M-{1001..1200}."
)
@click.option(
    "--items", default="10001", show_default=True, callback=read_names, help="Such as 10001,1{0002..0200}."
)
@click.option("--json", "as_json", is_flag=True, help="Print the result as one JSON object.")
def load(
    setup: Setup,
    terminals: int,
    seconds: float,
    rate: float | None,
    mix: dict[str, int],
    patrons: list[str],
    items: list[str],
    as_json: bool,
) -> None:
    """Be many terminals at once, all with the same account, and show how quickly they were answered.

    Each terminal has its own item, if there are enough: it checks the item out to its patron with 11, and checks it in
    with 09. Never use this with a library in use: the loans are real. The exit status is 2 if the gateway can't
    be reached, 1 if an answer was missing.
    """
    from sip2gw.tools.load_run import run
    from sip2gw.tools.load_terminal import Plan

    if len(items) < terminals and rate != 0 and (mix.get("11") or mix.get("09")):
        click.echo(
            f"{terminals} terminals share {len(items)} items: some checkouts will be refused", err=True
        )
    try:
        with progress_bar(seconds) as progress:
            result = run(setup, Plan(terminals, seconds, rate, mix, patrons, items), announce, progress)
    except Unreachable as lost:
        click.echo(str(lost), err=True)
        raise SystemExit(2) from None
    if as_json:
        click.echo(json.dumps(result.as_object()))
    else:
        result.show()
    sys.exit(1 if result.errors else 0)
