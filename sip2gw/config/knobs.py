"""Each knob of a profile says what it takes. A test sees to it that none is forgotten."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Any

from attrs import field, make_class

from sip2gw.circulation import catalogues
from sip2gw.circulation.profile import Alert, DueDateForm
from sip2gw.circulation.settings import KNOBS
from sip2gw.config.values import flag, integer, say
from sip2gw.faults import Wrong
from sip2gw.sip2.fields import VOCABULARY
from sip2gw.sip2.message import REQUESTS, RESPONSES

_CODE = re.compile(r"[A-Z][A-Z0-9]")
_ASCII = "".join(map(chr, range(0x20, 0x7F)))
_STATEFUL = re.compile(r"(iso2022|hz|utf_?7)", re.IGNORECASE)
_IDENTIFIERS = ("accession", "barcode", "isbn")
_NAMES_IN_AE = ("name", "patron_id")
_NAMES_IN_AV = ("ref", "kind", "amount", "currency", "title", "item_id", "since")

Check = Callable[[Any], Any]
"""Gives the value as the program wants it. Raises `Wrong`."""


def plain_text(value: Any) -> str:
    """A text of one line, perhaps empty."""
    if not isinstance(value, str) or not (value.isprintable() or not value):
        raise Wrong(f"is {say(value)} and no text", "write a text in quotes")
    return value.strip()


def choice(*known: str) -> Check:
    """One of these words."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise Wrong(f"is {say(value)}", _hint(value, known))
        return value

    return check


def listed(known: Collection[str]) -> Callable[[Any], tuple[str, ...]]:
    """A list of such words, each once."""

    def check(value: Any) -> tuple[str, ...]:
        words = _words(value)
        for word in words:
            if word not in known:
                raise Wrong(f"has {say(word)}", _hint(word, known))
        return words

    return check


def one_of(kind: type[Enum]) -> Check:
    """A member of an enumeration, by its value."""
    return lambda value: kind(choice(*(member.value for member in kind))(value))


def language(value: Any) -> str:
    """A language that texts are there for."""
    text = plain_text(value)
    if text and catalogues.known(text) is None:
        raise Wrong(f"is {say(value)}", f"the languages are {', '.join(sorted(catalogues.LANGUAGES))}")
    return text


def _words(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        raise Wrong(f"is {say(value)} and no list of texts", 'write it like ["...", "..."]')
    if len(set(value)) != len(value):
        raise Wrong(f"is {say(value)}, with something twice", "name each once")
    return tuple(value)


def _hint(value: Any, known: Collection[str]) -> str:
    close = get_close_matches(str(value).lower(), sorted(known), n=1)
    if close and isinstance(value, str):
        return f'did you mean "{close[0]}"?'
    return "write " + " or ".join(f'"{word}"' for word in sorted(known))


def _charset(value: Any) -> str:
    try:
        name = plain_text(value)
        fits = not _STATEFUL.match(name) and _ASCII.encode(name) == _ASCII.encode()
    except (LookupError, ValueError):
        fits = False
    if not fits:
        raise Wrong(
            f"is {say(value)}", 'write "utf-8", "cp850", "latin-1", "ascii" or another that contains ASCII'
        )
    return name


def _delimiter(value: Any) -> str:
    wanted = isinstance(value, str) and len(value) == 1 and value in _ASCII.strip() and not value.isalnum()
    if not wanted:
        raise Wrong(f"is {say(value)}", 'write one sign such as "|" or "^", no letter or digit')
    return str(value)


def _fields(value: Any) -> frozenset[str]:
    """Codes of variable fields, everywhere or in one response."""
    for entry in _words(value):
        message, _, code = entry.rpartition(".")
        if not _is_field(code) or (message and message not in RESPONSES):
            raise Wrong(
                f"has {say(entry)}", 'write the code of a field, "BD", or of one in one response, "10.AA"'
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
    words = listed(_IDENTIFIERS)(value)
    if not words:
        raise Wrong("is empty, so that no item could be found", f"name some of {', '.join(_IDENTIFIERS)}")
    return words


CHECKS: Mapping[str, Check] = {
    "charset": _charset,
    "terminator": choice("cr", "crlf", "lf"),
    "delimiter": _delimiter,
    "error_detection": choice("auto", "always", "never"),
    "max_length": lambda value: integer(value, 20, 4000),
    "institution_id": plain_text,
    "library_in": lambda value: frozenset(listed(("CN", "CP"))(value)),
    "messages": lambda value: frozenset(REQUESTS if value == "all" else listed(REQUESTS)(value)),
    "hide": _fields,
    "show": _fields,
    "rename": _renames,
    "due_date": one_of(DueDateForm),
    "alerts": lambda value: frozenset(map(Alert, listed([alert.value for alert in Alert])(value))),
    "list_limit": lambda value: integer(value, 1, 1000),
    "name_template": _template(_NAMES_IN_AE),
    "fee_template": _template(_NAMES_IN_AV),
    "strip_prefix": plain_text,
    "identifiers": _identifiers,
    "branch": plain_text,
    "language": language,
    **dict.fromkeys(
        (
            "offline", "renew_by_checkout", "patron_updates", "item_updates", "overpayment", "patron_password",
            "alert_type", "alert_type_on_success", "destination", "destination_always", "hold_patron", "call_number",
            "sort_bin", "not_on_loan_ok", "holds_ready_only", "receipts",
        ),
        flag,
    ),
}  # fmt: skip
"""By the name of the knob."""


def table(name: str, further: Mapping[str, Check]) -> tuple[type[Any], dict[type[Any], Check]]:
    """A class for tables with all knobs and these further keys, none of which must be given, and its kinds of values.

    A key that is not given is None.
    """
    checks = {knob: CHECKS[knob] for knob in KNOBS} | dict(further)
    kinds = {key: type(key, (), {}) for key in checks}
    optional: dict[str, Any] = {key: kind | None for key, kind in kinds.items()}
    made = make_class(
        name, {key: field(default=None, type=kind) for key, kind in optional.items()}, frozen=True
    )
    return made, {kind: checks[key] for key, kind in kinds.items()}


def given(read: Any) -> dict[str, Any]:
    """The knobs that a table sets."""
    return {knob: value for knob in KNOBS if (value := getattr(read, knob)) is not None}
