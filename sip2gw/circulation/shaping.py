"""Every answer to a bound terminal passes here last: what it is not to be told goes, and the rest has its names for it.

A field that SIP2 requires is emptied and never left out. Fixed fields are told to everybody.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from functools import lru_cache
from typing import Any, TypeVar, cast

from sip2gw.circulation.profile import Profile
from sip2gw.sip2 import Response
from sip2gw.sip2.fields import Variable
from sip2gw.sip2.message import Member

R = TypeVar("R", bound=Response)


def shaped(response: R, profile: Profile) -> R:
    """The response as this profile wants it."""
    kind = cast(Hashable, type(response))  # mypy takes a class for as unhashable as its instances
    touched = _touched(kind, profile.receipts, profile.show, profile.hide, frozenset(profile.rename))
    if not touched and not response.extensions:
        return response
    changes: dict[str, Any] = {}
    moved: list[tuple[str, str]] = []
    for name, member, field, hidden in touched:
        if (value := getattr(response, name)) in (None, (), ""):
            continue
        if not hidden:
            moved += [(profile.rename[field.code], text) for text in _texts(field, value) if text]
        changes[name] = _nothing(member, field)
    further = tuple(
        (profile.rename.get(code, code), text)
        for code, text in response.extensions
        if not is_hidden(profile, response.code, code)
    )
    if not changes and further == response.extensions:
        return response
    return response.but(**changes, extensions=(*moved, *further))


def is_hidden(profile: Profile, message: str, code: str) -> bool:
    """Whether a field is left out of a message. What is said of this one message counts more than the general."""
    return _is_hidden(message, code, profile.receipts, profile.show, profile.hide)


def _is_hidden(message: str, code: str, receipts: bool, show: frozenset[str], hide: frozenset[str]) -> bool:
    if code == "AG" and not receipts:
        return True
    for entry in (f"{message}.{code}", code):
        if entry in show:
            return False
        if entry in hide:
            return True
    return False


@lru_cache(maxsize=4096)
def _touched(
    response: type[Response],
    receipts: bool,
    show: frozenset[str],
    hide: frozenset[str],
    renamed: frozenset[str],
) -> tuple[tuple[str, Member, Variable[Any], bool], ...]:
    """The fields of a message that a profile hides or renames, and whether each is hidden."""
    found = []
    for name, member in response.members.items():
        if isinstance(field := member.field, Variable):
            hidden = _is_hidden(response.code, field.code, receipts, show, hide)
            if hidden or field.code in renamed:
                found.append((name, member, field, hidden))
    return tuple(found)


def _nothing(member: Member, field: Variable[Any]) -> Any:
    if field.repeats:
        return ()
    return field.kind.absent if member.required else None


def _texts(field: Variable[Any], value: Any) -> Iterator[str]:
    if field.repeats:
        yield from map(field.kind.format, value)
    else:
        yield field.kind.format(value)
