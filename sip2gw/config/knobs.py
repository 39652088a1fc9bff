"""The type of each knob of a profile. A test checks that none is missing."""

from __future__ import annotations

import re
import string
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from enum import Enum
from typing import Any

from attrs import field, make_class

from sip2gw.circulation import catalogues
from sip2gw.circulation.profile import Alert, DueDateForm, WhenDown
from sip2gw.circulation.settings import KNOBS
from sip2gw.config.answers import EVER_SENT, SENT
from sip2gw.config.scalars import flag, integer, is_one_line, say
from sip2gw.faults import Wrong
from sip2gw.sip2.fields import VOCABULARY
from sip2gw.sip2.message import REQUESTS, RESPONSES, Request

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

Check = Callable[[Any], Any]
"""Returns the value as the program needs it. Raises `Wrong`."""


def plain_text(value: Any) -> str:
    """Return a text of one line, perhaps empty."""
    if not isinstance(value, str) or not is_one_line(value):
        number = isinstance(value, int | float) and not isinstance(value, bool)
        raise Wrong(
            f"must be text, not {say(value)}",
            f'write "{value}", in quotes' if number else "write a text in quotes",
        )
    return value.strip()


def choice(*known: str) -> Check:
    """Return a check for one of these words."""

    def check(value: Any) -> str:
        if not isinstance(value, str) or value not in known:
            raise Wrong(f"is {say(value)}", _hint(value, known))
        return value

    return check


def listed(known: Collection[str]) -> Callable[[Any], tuple[str, ...]]:
    """Return a check for a list of such words, each once."""

    def check(value: Any) -> tuple[str, ...]:
        words = _words(value, known)
        for word in words:
            if word not in known:
                raise Wrong(f"has {say(word)}", _hint(word, known))
        return words

    return check


def one_of(kind: type[Enum]) -> Check:
    """Return a check for a member of an enumeration, by its value."""
    return lambda value: kind(choice(*sorted(member.value for member in kind))(value))


def language(value: Any) -> str:
    """Return a language that has translated texts."""
    text = plain_text(value)
    if text and catalogues.known(text) is None:
        raise Wrong(f"is {say(value)}", f"the languages are {', '.join(sorted(catalogues.LANGUAGES))}")
    return text


def _words(value: Any, known: Collection[str] = ()) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        words = value if isinstance(value, list) else [value]
        meant = [_meant(str(word), known) or str(word) for word in words]
        shown = ", ".join(f'"{word}"' for word in meant) if set(meant) <= set(known) else '"...", "..."'
        raise Wrong(f"is {say(value)} and no list of texts", f"write it like [{shown}]")
    if len(set(value)) != len(value):
        raise Wrong(f"is {say(value)}, with something twice", "name each once")
    return tuple(value)


def _hint(value: Any, known: Collection[str]) -> str:
    if isinstance(value, str) and (meant := _meant(value, known)):
        return f'did you mean "{meant}"?'
    ordered = known if isinstance(known, tuple) else sorted(known)
    return "write " + " or ".join(f'"{word}"' for word in ordered)


def _meant(word: str, known: Collection[str]) -> str:
    """Return the known word that was probably meant; empty if none is similar."""
    signs = {"\r": "cr", "\n": "lf", "\r\n": "crlf"}.get(word, word.strip().lower())
    for likely in (word, signs, word.strip().zfill(2)):
        if likely in known:
            return likely
    if word in RESPONSES:  # the codes of two messages are always alike
        return next(
            (code for code, request in REQUESTS.items() if code in known and _answers(request, word)), ""
        )
    close = [] if word.isdecimal() else get_close_matches(signs, sorted(known), n=1)
    return close[0] if close else ""


def _answers(request: type[Request], code: str) -> bool:
    return request.response.code == code


def _charset(value: Any) -> str:
    try:
        name = plain_text(value)
        fits = not _STATEFUL.match(name) and _ASCII.encode(name) == _ASCII.encode()
    except (LookupError, ValueError):
        fits = False
    if not fits:
        meant = "cp850" if str(value) == "850" else _meant(str(value), _CHARSETS)
        others = 'write "utf-8", "cp850", "latin-1", "ascii" or another that contains ASCII'
        raise Wrong(f"is {say(value)}", f'did you mean "{meant}"?' if meant else others)
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
    for entry in _words(value):
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
    "messages": _messages,
    "checkin_when_down": one_of(WhenDown),
    "fee_when_down": one_of(WhenDown),
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
    """Return a class for tables with all knobs and these further keys, all optional, and its types of values.

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
    """Return the knobs that a table sets."""
    return {knob: value for knob in KNOBS if (value := getattr(read, knob)) is not None}
