"""The message reference, read off the declarations in `sip2gw.sip2`."""

import inspect
from collections.abc import Iterator
from typing import Any

import attrs
from markdown import code, table

from sip2gw.circulation import supported
from sip2gw.sip2 import REQUESTS, RESPONSES, Message, PatronFlag, Request, messages
from sip2gw.sip2.codes import ENUMS, EXTENSIONS
from sip2gw.sip2.fields import VOCABULARY, Fixed, Variable
from sip2gw.sip2.kinds import SUPPORTED_MESSAGES
from sip2gw.sip2.message import Member

KINDS = {
    "yn": "`Y` or `N`",
    "ynu": "`Y`, `N` or `U` (not known)",
    "01": "`1` yes, `0` no",
    "timestamp": "date and time, `YYYYMMDDZZZZHHMMSS`",
    "digits": "digits, padded with zeros",
    "count": "four digits, or blank when not known",
    "number": "a whole number",
    "money": "an amount, with a point",
    "text": "text",
    "display": "text for people",
    "currency": "ISO 4217 code",
    "version": "`1.00` or `2.00`",
    "char": "one character",
    "patron_status": "[fourteen flags](#patron-status)",
    "summary": "ten places, a `Y` at the list that is wanted",
    "supported_messages": "[sixteen places](#supported-messages)",
}


def messages_page() -> str:
    """Every message, each request followed by what answers it."""
    parts = [
        "# Messages",
        "All 31 messages of SIP 2.00, made from the declarations in `sip2gw/sip2/messages/`. The order of the fields "
        "is the order in which the gateway sends them. It reads them in any order. It writes strictly and "
        "[reads tolerantly](../../wire.md).",
        f"BX tells terminals that these requests are offered: {_listing(sorted(supported()))}. Every other request "
        "gets its own response, with every field saying no.",
    ]
    shown: set[str] = set()
    for request in sorted(REQUESTS.values(), key=lambda cls: cls.code):
        parts.append(_section(request))
        if request.response.code and request.response.code not in shown:
            shown.add(request.response.code)
            parts.append(_section(request.response))
    parts += [_section(cls) for code_, cls in sorted(RESPONSES.items()) if code_ not in shown]
    return "\n\n".join(parts) + "\n"


def fields_page() -> str:
    """Every variable field, and the tables of codes."""
    return "\n\n".join([
        "# Fields and codes",
        "Made from `sip2gw/sip2/fields.py` and `codes.py`.",
        "## Variable fields",
        table(
            ["Code", "Name", "Content", "Meaning"],
            [[code(one.code), _words(one.name), _marks(one), one.doc] for one in _vocabulary()],
        ),
        "(patron-status)=\n## Patron status\n\nFourteen places. `Y` is a restriction, a blank is none.",
        table(["Place", "`Y` means"], [[str(flag.value), _words(flag.name.lower())] for flag in PatronFlag]),
        "(supported-messages)=\n## Supported messages (BX)",
        table(
            ["Place", "Request"],
            [[str(place), f"{one} {_title(REQUESTS[one])}"] for place, one in enumerate(SUPPORTED_MESSAGES)],
        ),
        *_enums(),
        "## Fields outside the protocol\n\nSome terminals send these. The gateway keeps unknown fields, and never "
        "fails because of them.",
        table(["Code", "Seen as"], [[code(one), name] for one, name in sorted(EXTENSIONS.items())]),
    ]) + "\n"  # fmt: skip


def _vocabulary() -> list[Variable[Any]]:
    return sorted(VOCABULARY.values(), key=lambda one: one.code)


def _enums() -> Iterator[str]:
    for name, meanings in ENUMS.items():
        yield f"(codes-{name.replace('_', '-')})=\n## Codes: {_words(name)}"
        yield table(["Code", "Means"], [[code(one), meaning] for one, meaning in meanings.items()])


def _section(message: type[Message]) -> str:
    doc = inspect.getdoc(message) or ""
    parts = [f"(message-{message.code})=\n## {message.code} {_title(message)}", doc]
    if issubclass(message, Request):
        response = message.response
        answer = f"[{response.code} {_title(response)}](#message-{response.code})"
        if message is messages.RequestACSResend:
            parts.append(f"Answered with the bytes of the last answer, or {answer} if there was none.")
        else:
            parts.append(f"Answered by {answer}.")
        if message.read_only:
            parts.append("Changes nothing in the library.")
    parts.append(_members(message))
    return "\n\n".join(parts)


def _members(message: type[Message]) -> str:
    if not message.members:
        return "No fields but the trailer."
    rows, place = [], 2
    for name, member in message.members.items():
        field = member.field
        if isinstance(field, Fixed):
            where = f"{place}" if field.width == 1 else f"{place} to {place + field.width - 1}"
            place += field.width
        else:
            where = code(field.code)
        rows.append(
            [where, _words(name), _presence(member), _content(field), _default(message, name, member)]
        )
    last = "If not said" if issubclass(message, Request) else "A refusal says"
    return table(["Place or code", "Field", "", "Content", last], rows)


def _presence(member: Member) -> str:
    if isinstance(member.field, Fixed):
        return "fixed"
    since = "" if member.since in ("1.00", "2.00") else f", since {member.since}"
    return ("any number" if member.field.repeats else "required" if member.required else "optional") + since


def _content(field: Fixed[Any] | Variable[Any]) -> str:
    kind = field.kind.name
    if kind.startswith("enum:"):
        table_name = kind.removeprefix("enum:")
        return f"[code](#codes-{table_name.replace('_', '-')})"
    return KINDS[kind]


def _marks(field: Variable[Any]) -> str:
    marks = [_content(field)]
    if field.length:
        marks.append(f"length {field.length}")
    if field.repeats:
        marks.append("repeatable")
    if field.secret:
        marks.append("secret: never shown or logged")
    return ", ".join(marks)


def _default(message: type[Message], name: str, member: Member) -> str:
    """Return the default as it is on the wire; blank for an echoed or a required field."""
    default = getattr(attrs.fields_dict(message)[name], "default", attrs.NOTHING)  # type: ignore[arg-type]
    if default is attrs.NOTHING or default in (None, (), ""):
        return ""
    return code(member.field.kind.format(default))


def _title(message: type[Message]) -> str:
    return {"sc_status": "SC Status", "acs_status": "ACS Status"}.get(message.name) or " ".join(
        word.upper() if word in ("sc", "acs") else word.capitalize() for word in message.name.split("_")
    )


def _listing(codes: list[str]) -> str:
    return ", ".join(f"[{one}](#message-{one})" for one in codes)


def _words(name: str) -> str:
    return name.replace("_", " ")
