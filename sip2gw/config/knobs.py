"""The check of each knob of a profile."""

from __future__ import annotations

import re
import string
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_type_hints

from attrs import field, make_class

from sip2gw.circulation import translations
from sip2gw.circulation.profile import Profile
from sip2gw.circulation.settings import KNOBS
from sip2gw.config.checks import Checked, check_of
from sip2gw.config.response_fields import EVER_SENT, SENT
from sip2gw.config.scalars import say
from sip2gw.config.words import Check, listed, meant, plain_text, words
from sip2gw.faults import Wrong
from sip2gw.sip2.fields import VOCABULARY
from sip2gw.sip2.message import REQUESTS, RESPONSES

_CODE = re.compile(r"[A-Z][A-Z0-9]")
_ASCII = "".join(map(chr, range(0x20, 0x7F)))
_STATEFUL = re.compile(r"(iso2022|hz|utf_?7|raw.unicode)", re.IGNORECASE)
_CHARSETS = ("ascii", "cp437", "cp850", "cp936", "cp1252", "iso-8859-1", "iso-8859-15", "latin-1", "utf-8")
_IN_VALUES = ".,-/:"
_ALWAYS = frozenset({"93", "97", "99"})
"""The requests that every terminal may use."""
_IDENTIFIERS = ("accession", "barcode", "isbn")
_NAMES_IN_AE = ("name", "patron_id")
_NAMES_IN_AV = ("ref", "kind", "amount", "currency", "title", "item_id", "since")


def language(value: Any) -> str:
    """Return a language that has translated texts."""
    text = plain_text(value)
    if text and translations.known(text) is None:
        raise Wrong(f"is {say(value)}", f"the languages are {', '.join(sorted(translations.LANGUAGES))}")
    return text


def _charset(value: Any) -> str:
    try:
        name = plain_text(value)
        fits = not _STATEFUL.match(name) and _ASCII.encode(name) == _ASCII.encode()
    except (LookupError, ValueError):
        fits = False
    if not fits:
        likely = "cp850" if str(value) == "850" else meant(str(value), _CHARSETS)
        others = 'write "utf-8", "cp850", "latin-1", "ascii" or another that contains ASCII'
        raise Wrong(f"is {say(value)}", f'did you mean "{likely}"?' if likely else others)
    return name


def _delimiter(value: Any) -> str:
    wanted = isinstance(value, str) and len(value) == 1 and value in _ASCII.strip() and not value.isalnum()
    if not wanted:
        raise Wrong(f"is {say(value)}", 'write one sign such as "|" or "^", no letter or digit')
    if value in _IN_VALUES:
        raise Wrong(
            f"is {say(value)}, which amounts or dates contain", 'write another sign, such as "|" or "^"'
        )
    return str(value)


def _messages(value: Any) -> frozenset[str]:
    allowed = frozenset(REQUESTS if value == "all" else listed(REQUESTS)(value))
    if not allowed - _ALWAYS:
        problem = (
            f"allows nothing but {', '.join(sorted(_ALWAYS))}, which are always allowed"
            if allowed
            else "is empty"
        )
        raise Wrong(problem, 'name what the terminal is for, such as ["09"], or "all"')
    return allowed


def _fields(value: Any) -> frozenset[str]:
    """Return codes of variable fields, for all responses or for one."""
    for entry in words(value):
        message, _, code = entry.rpartition(".")
        if not _is_field(code) or (message and message not in RESPONSES):
            raise Wrong(
                f"has {say(entry)}", 'write the code of a field, "BD", or of one in one response, "10.AA"'
            )
        sent = SENT[message] if message else EVER_SENT
        if code not in sent:
            having = sorted(other for other, codes in SENT.items() if code in codes)
            fix = f"{code} is in {', '.join(having)}" if having else "leave it out"
            raise Wrong(
                f"has {say(entry)}, but {message or 'no answer'} {'never ' * bool(message)}has {code}", fix
            )
    return frozenset(value)


def _renames(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise Wrong(f"is {say(value)}", 'write it like { AQ = "CT" }')
    for code, new in value.items():
        if not (_is_field(code) and isinstance(new, str) and _is_field(new)):
            raise Wrong(f"has {code} = {say(new)}", 'both are codes of fields: write it like { AQ = "CT" }')
    return dict(value)


def _is_field(code: str) -> bool:
    return code in VOCABULARY or (_CODE.fullmatch(code) is not None and code not in ("AY", "AZ"))


def _template(known: tuple[str, ...]) -> Check:
    def check(value: Any) -> str:
        text = plain_text(value)
        wanted = ", ".join(f"{{{name}}}" for name in known)
        try:
            named = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
            text.format(**dict.fromkeys(known, ""))
        except (ValueError, LookupError, AttributeError) as error:
            raise Wrong(
                f"is {say(value)}, which can't be filled in ({error})", f"it may use {wanted}"
            ) from None
        if not set(named) <= set(known):
            raise Wrong(f"is {say(value)}", f"it may use {wanted}")
        return text

    return check


def _identifiers(value: Any) -> tuple[str, ...]:
    found = listed(_IDENTIFIERS)(value)
    if not found:
        raise Wrong("is empty, so that no item could be found", f"name some of {', '.join(_IDENTIFIERS)}")
    return found


_OWN: Mapping[str, Check] = {
    "charset": _charset,
    "delimiter": _delimiter,
    "messages": _messages,
    "hide": _fields,
    "show": _fields,
    "rename": _renames,
    "name_template": _template(_NAMES_IN_AE),
    "fee_template": _template(_NAMES_IN_AV),
    "identifiers": _identifiers,
    "language": language,
}
"""Knobs whose type does not say all that their values need."""


def _check_of(knob: str, kind: Any) -> Check:
    check = _OWN.get(knob) or check_of(kind, Path())
    if check is None:
        raise TypeError(f"the knob {knob} has no check")
    return check


_TYPES = get_type_hints(Profile, include_extras=True)

CHECKS = {knob: _check_of(knob, _TYPES[knob]) for knob in KNOBS}
"""By the name of the knob: its check, which follows from its type in `Profile` or is one of `_OWN`."""


def table(name: str, further: Mapping[str, Check]) -> type[Any]:
    """Return a class for tables with all knobs and these further keys, all optional; a key not given is None."""
    checks = CHECKS | dict(further)
    optional: dict[str, Any] = {key: Annotated[Any, Checked(check)] | None for key, check in checks.items()}
    return make_class(
        name, {key: field(default=None, type=kind) for key, kind in optional.items()}, frozen=True
    )


def given(read: Any) -> dict[str, Any]:
    """Return the knobs that a table sets."""
    return {knob: value for knob in KNOBS if (value := getattr(read, knob)) is not None}
