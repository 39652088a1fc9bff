"""Every answer to a bound terminal passes here last: what it is not to be told goes, and the rest has its names for it.

A field that SIP2 requires is emptied and never left out. Fixed fields are told to everybody.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from sip2gw.circulation.profile import Profile
from sip2gw.sip2 import Response
from sip2gw.sip2.fields import Variable
from sip2gw.sip2.message import Member

R = TypeVar("R", bound=Response)


def shaped(response: R, profile: Profile) -> R:
    """The response as this profile wants it."""
    changes: dict[str, Any] = {}
    moved: list[tuple[str, str]] = []
    for name, member in response.members.items():
        field = member.field
        if not isinstance(field, Variable) or (value := getattr(response, name)) in (None, (), ""):
            continue
        if is_hidden(profile, response.code, field.code):
            changes[name] = _nothing(member, field)
        elif field.code in profile.rename:
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
    if code == "AG" and not profile.receipts:
        return True
    for entry in (f"{message}.{code}", code):
        if entry in profile.show:
            return False
        if entry in profile.hide:
            return True
    return False


def _nothing(member: Member, field: Variable[Any]) -> Any:
    if field.repeats:
        return ()
    return field.kind.absent if member.required else None


def _texts(field: Variable[Any], value: Any) -> Iterator[str]:
    if field.repeats:
        yield from map(field.kind.format, value)
    else:
        yield field.kind.format(value)
