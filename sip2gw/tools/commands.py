"""Commands of the emulator: the same after `sip2gw terminal` and at its prompt.

Each returns whether all answers were a yes, and may raise `WrongUse`, `Unreachable` and click's own errors.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import click

from sip2gw.sip2 import Request
from sip2gw.sip2.codes import ENUMS
from sip2gw.sip2.fields import Variable
from sip2gw.sip2.kinds import NUMBER, TIMESTAMP, YN, Kind
from sip2gw.tools.emulator import Emulator
from sip2gw.tools.identity import REQUEST_NAMES, LoginForm
from sip2gw.tools.requests import HELP, HOLD_MODES, LISTS, OPTIONS, REQUEST_COMMANDS, RequestCommand, request

_MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S", "%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S"]
_LONG = 12
"""A field with this many codes or more does not list them in its line of help."""


class WrongUse(Exception):
    """A command that can't be followed. The text says how to use it."""


def _command_of(ask: RequestCommand) -> click.Command:
    """Make the command of a request, with an argument or an option for each of its fields."""
    parameters: list[click.Parameter] = [_argument(ask, given) for given in ask.given]
    for name in ask.options:
        parameters += _options(ask, name)
    repeated = next((given.rstrip("*") for given in ask.given if given.endswith("*")), None)

    @click.pass_obj
    def follow(emulator: Emulator, **values: Any) -> bool:
        return emulator.ask_each(_requests(emulator, ask, values, repeated))

    return click.Command(ask.name, callback=follow, params=parameters, help=ask.heading)


def _requests(
    emulator: Emulator, ask: RequestCommand, values: dict[str, Any], repeated: str | None
) -> Iterator[Request]:
    """Yield one request, or one for each value of the argument that may be repeated."""
    try:
        if repeated is None:
            yield request(emulator.terminal, ask, values)
            return
        for each in values[repeated]:
            yield request(emulator.terminal, ask, {**values, repeated: each})
    except ValueError as wrong:
        raise WrongUse(str(wrong)) from None


def _argument(ask: RequestCommand, given: str) -> click.Argument:
    name = given.rstrip("?*")
    field = ask.kind.members[name].field
    shown = field.code if isinstance(field, Variable) else name.split("_")[0].upper()
    if given.endswith("*"):
        return click.Argument([name], nargs=-1, required=True, metavar=f"{shown}...")
    optional = given.endswith("?")
    return click.Argument([name], required=not optional, metavar=f"[{shown}]" if optional else shown)


def _options(ask: RequestCommand, name: str) -> list[click.Parameter]:
    """Make the options of one field. Their values follow from the kind of the field."""
    if name == "hold_mode":
        return [
            click.Option([option, name], flag_value=mode, help=f"hold mode {mode}.")
            for option, mode in HOLD_MODES.items()
        ]
    field = ask.kind.members[name].field
    option, said = OPTIONS[name], _meaning(ask, name)
    if field.kind is YN:
        return [click.Option([option, name], is_flag=True, default=None, help=f"{said}.")]
    return [
        click.Option([option, name], type=_type(name, field.kind), help=f"{said}.", metavar=_metavar(name))
    ]


def _meaning(ask: RequestCommand, name: str) -> str:
    """Describe a field in a line of help: its name, and its codes or its meaning."""
    field = ask.kind.members[name].field
    known = f"{field.code} {field.name}" if isinstance(field, Variable) else field.name
    codes = ENUMS.get(field.kind.name.removeprefix("enum:"), {})
    listed = ", ".join(f"{code} {meaning}" for code, meaning in codes.items()) if len(codes) < _LONG else ""
    more = HELP.get(name) or listed
    return known.replace("_", " ") + (f": {more}" if more else "")


def _type(name: str, kind: Kind[Any]) -> click.ParamType | type[int] | None:
    if name == "summary":
        return click.Choice(list(LISTS))
    if kind is TIMESTAMP:
        return click.DateTime(_MOMENTS)
    return click.IntRange(0) if kind is NUMBER else None


def _metavar(name: str) -> str | None:
    return (
        "YYYY-MM-DD[THH:MM[:SS]]"
        if name in ("transaction_date", "nb_due_date", "return_date", "expiration_date")
        else None
    )


@click.command(short_help="Log in only, 93.")
@click.pass_obj
def login(emulator: Emulator) -> bool:
    """Log in with 93; at the prompt, log in again."""
    if not emulator.setup.logs_in:
        none = emulator.terminal.login_form is LoginForm.NONE
        why = "form none sends no 93" if none else "--account is missing"
        raise WrongUse(f"nothing to log in with: {why}")
    emulator.close()
    return emulator.log_in()


@click.command(short_help="Ask for the last answer again, 97.")
@click.pass_obj
def resend(emulator: Emulator) -> bool:
    """Ask for the last answer again. It is a yes if the bytes are the same."""
    return emulator.ask_again()


@click.command(short_help="Send any request by its name in the protocol, with its fields.")
@click.argument("name", type=click.Choice(sorted(REQUEST_NAMES)), metavar="MESSAGE")
@click.argument("fields", nargs=-1, metavar="[FIELD=VALUE]...")
@click.pass_obj
def send(emulator: Emulator, name: str, fields: tuple[str, ...]) -> bool:
    """Send any request of SIP 2.00, spelled field by field: send item_information AB=10001"""
    return ask_by_name(emulator, name, fields)


@click.command(short_help="Send a line as it is.")
@click.argument("line", metavar="LINE")
@click.pass_obj
def raw(emulator: Emulator, line: str) -> bool:
    """Send LINE as it is. Only the terminator is added."""
    return emulator.ask_line(os.fsencode(line))


@click.command(short_help="Play transcripts.")
@click.argument("transcripts", nargs=-1, required=True, type=click.Path(dir_okay=False))
@click.pass_obj
def play(emulator: Emulator, transcripts: tuple[str, ...]) -> bool:
    """Play each of TRANSCRIPTS over its own connections, and show which answers differ."""
    return play_all(emulator, transcripts)


def ask_by_name(emulator: Emulator, name: str, assignments: Iterable[str]) -> bool:
    """Send any request of SIP 2.00, with `field=value` for its fields. Raises `WrongUse`."""
    values = {}
    for assignment in assignments:
        field, equals, value = assignment.partition("=")
        if not equals:
            raise WrongUse(f"{field}: write a field as field=value")
        values[field] = value
    try:
        asked = emulator.terminal.named(name, values)
    except ValueError as wrong:
        raise WrongUse(str(wrong)) from None
    return emulator.ask(asked)


def play_all(emulator: Emulator, files: Iterable[str]) -> bool:
    """Play transcripts one after the other. Raises `WrongUse` if a file is not a transcript."""
    try:
        matched = [emulator.play(Path(file)) for file in files]
    except (OSError, UnicodeDecodeError) as error:
        raise WrongUse(f"a transcript can't be read: {error}") from None
    except ValueError as wrong:
        raise WrongUse(str(wrong)) from None
    return all(matched)


COMMANDS: dict[str, click.Command] = {
    "login": login,
    **{name: _command_of(ask) for name, ask in REQUEST_COMMANDS.items()},
    "resend": resend,
    "send": send,
    "raw": raw,
    "play": play,
}
"""Every command by its name."""
