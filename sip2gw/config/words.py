"""Check texts and words of TOML. The fix is the word that was probably meant."""

from __future__ import annotations

from collections.abc import Callable, Collection
from difflib import get_close_matches
from enum import Enum
from typing import Any

from sip2gw.config.scalars import is_one_line, say
from sip2gw.faults import Wrong
from sip2gw.sip2.message import REQUESTS, RESPONSES, Request

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
        found = words(value, known)
        for word in found:
            if word not in known:
                raise Wrong(f"has {say(word)}", _hint(word, known))
        return found

    return check


def one_of(kind: type[Enum]) -> Check:
    """Return a check for a member of an enumeration, by its value."""
    return lambda value: kind(choice(*sorted(member.value for member in kind))(value))


def words(value: Any, known: Collection[str] = ()) -> tuple[str, ...]:
    """Return a list of texts, each once. `known` is for the fix. Raises `Wrong`."""
    if not isinstance(value, list) or not all(isinstance(word, str) for word in value):
        given = value if isinstance(value, list) else [value]
        likely = [meant(str(word), known) or str(word) for word in given]
        shown = ", ".join(f'"{word}"' for word in likely) if set(likely) <= set(known) else '"...", "..."'
        raise Wrong(f"is {say(value)} and no list of texts", f"write it like [{shown}]")
    if len(set(value)) != len(value):
        raise Wrong(f"is {say(value)}, with something twice", "name each once")
    return tuple(value)


def meant(word: str, known: Collection[str]) -> str:
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


def _hint(value: Any, known: Collection[str]) -> str:
    if isinstance(value, str) and (likely := meant(value, known)):
        return f'did you mean "{likely}"?'
    ordered = known if isinstance(known, tuple) else sorted(known)
    return "write " + " or ".join(f'"{word}"' for word in ordered)


def _answers(request: type[Request], code: str) -> bool:
    return request.response.code == code
