"""Tables of the program's own texts: refusals, advice for installers, faults of the sandbox, help texts."""

from pathlib import Path

import click
from babel import Locale
from markdown import table

from sip2gw.circulation.texts import COUNTED, TEXTS
from sip2gw.circulation.translations import LANGUAGES, SIP2_LANGUAGES, texts_in
from sip2gw.sandbox.faults import FAULTS
from sip2gw.sandbox.misbehaviour import KINDS
from sip2gw.tenants import ADVICE
from sip2gw.tools.cli import main


def advice() -> str:
    """Return a table of log texts for refused logins."""
    return table(["Code", "Text in the log"], [[f"`{code}`", said] for code, said in ADVICE.items()])


def screen() -> str:
    """Return the texts for readers by id: in English, then in every other language."""
    return "\n".join(f"### {_name(language)}\n\n{_texts(language)}" for language in LANGUAGES)


def _texts(language: str) -> str:
    return table(
        ["Text", "On the screen or the receipt"], [[f"`{id}`", _forms(id, language)] for id in TEXTS]
    )


def _forms(id: str, language: str) -> str:
    catalogue = texts_in(language)
    if id not in COUNTED:
        return catalogue.gettext(TEXTS[id])
    one = COUNTED[id][1]
    forms = dict.fromkeys(catalogue.ngettext(one, TEXTS[id], count) for count in (1, 2))
    return " / ".join(forms)


def _name(language: str) -> str:
    locale = Locale.parse(language)
    return locale.english_name if language == "en" else f"{locale.english_name}: {locale.display_name}"


def languages() -> str:
    """Return a table of the languages: the tag of each, and its codes in a request."""
    rows = [[Locale.parse(tag).english_name, f"`{tag}`", _codes(tag)] for tag in LANGUAGES]
    return table(["Language", "Tag", "In the request"], rows)


def _codes(language: str) -> str:
    return (
        ", ".join(_code(code, tag) for code, tag in SIP2_LANGUAGES.items() if tag[:2] == language) or "none"
    )


def _code(code: str, tag: str) -> str:
    territory = Locale.parse(tag, sep="-").get_territory_name("en")
    return f"`{code}` ({territory})" if territory else f"`{code}`"


def misbehaviours() -> str:
    """Return a table of the sandbox's faults."""
    return table(["`what`", "The sandbox"], [[f"`{kind}`", said] for kind, said in KINDS.items()])


def transcripts(folder: Path) -> str:
    """Return every transcript as it is."""
    files = sorted(folder.glob("*.txt"))
    return "\n".join(f"## {file.stem}\n\n```text\n{file.read_text(encoding='utf-8')}```\n" for file in files)


def commands() -> str:
    """Return the help text of every command."""
    return "\n".join(_help(main, click.Context(main, info_name="sip2gw")))


def _help(command: click.Command, context: click.Context) -> list[str]:
    context.max_content_width = 100
    parts = [f"### {context.command_path}", "", "```text", command.get_help(context), "```", ""]
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            if inner := command.get_command(context, name):
                parts += _help(inner, click.Context(inner, info_name=name, parent=context))
    return parts


def faults() -> str:
    """Return a table of the fault proxy's faults."""
    return table(["Fault", "What happens"], [[f"`{fault}`", said] for fault, said in FAULTS.items()])
