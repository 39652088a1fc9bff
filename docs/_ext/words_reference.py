"""Tables of words that the program itself says: refusals, advice for installers, misbehaviours, help texts."""

from pathlib import Path

import click
from markdown import table

from sip2gw.circulation import texts
from sip2gw.sandbox.misbehaviour import KINDS
from sip2gw.tenants import ADVICE
from sip2gw.tools.cli import main


def advice() -> str:
    """What the log says when a login is refused."""
    return table(
        ["Code", "What the log tells the installer"], [[f"`{code}`", said] for code, said in ADVICE.items()]
    )


def screen() -> str:
    """What a patron reads, by the code of the refusal."""
    rows = [[f"`{code}`", said] for code, said in (texts.REASONS | texts.DECLINED).items()]
    rows += [
        ["the library could not be asked", texts.NOT_AVAILABLE],
        ["the answer to a write was lost", texts.IN_DOUBT],
        ["the request is not implemented", texts.NOT_OFFERED],
        ["a fault of the gateway itself", texts.FAULT],
    ]
    return table(["Why", "What the screen says (AF)"], rows)


def misbehaviours() -> str:
    """Everything that the sandbox can do wrong."""
    return table(["`what`", "The sandbox"], [[f"`{kind}`", said] for kind, said in KINDS.items()])


def transcripts(folder: Path) -> str:
    """Every transcript as it is."""
    files = sorted(folder.glob("*.txt"))
    return "\n".join(f"## {file.stem}\n\n```text\n{file.read_text(encoding='utf-8')}```\n" for file in files)


def commands() -> str:
    """The help text of every command."""
    return "\n".join(_help(main, click.Context(main, info_name="sip2gw")))


def _help(command: click.Command, context: click.Context) -> list[str]:
    context.max_content_width = 100
    parts = [f"### {context.command_path}", "", "```text", command.get_help(context), "```", ""]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if inner := command.get_command(context, name):
                parts += _help(inner, click.Context(inner, info_name=name, parent=context))
    return parts
