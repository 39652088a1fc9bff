"""Fields of an answer that a terminal does not get, or gets under another code: the last step of every answer.

A required field is sent empty. Fixed fields are always sent.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeVar

from attrs import frozen

from sip2gw.circulation.profile import Profile
from sip2gw.sip2 import Response
from sip2gw.sip2.fields import Variable
from sip2gw.sip2.message import Member

R = TypeVar("R", bound=Response)


@frozen(eq=False)
class Changed:
    """A field of a response that a profile hides or, if `hidden` is false, renames."""

    name: str
    member: Member
    field: Variable[Any]
    hidden: bool


class FieldPlans(dict[type[Response], tuple[Changed, ...]]):
    """The changed fields of each class of response under one profile, found when the class is first sent."""

    def __init__(self, profile: Profile) -> None:
        super().__init__()
        self.profile = profile

    def __missing__(self, response: type[Response]) -> tuple[Changed, ...]:
        found = []
        for name, member in response.members.items():
            if isinstance(field := member.field, Variable):
                hidden = is_hidden(self.profile, response.code, field.code)
                if hidden or field.code in self.profile.rename:
                    found.append(Changed(name, member, field, hidden))
        plan = self[response] = tuple(found)
        return plan


def for_terminal(response: R, plans: FieldPlans) -> R:
    """Return the response without the hidden fields, and with the renamed ones under their codes."""
    profile = plans.profile
    changes: dict[str, Any] = {}
    moved: list[tuple[str, str]] = []
    for changed in plans[type(response)]:
        if (value := getattr(response, changed.name)) in (None, (), ""):
            continue
        if not changed.hidden:
            code = profile.rename[changed.field.code]
            moved += [(code, text) for text in _texts(changed.field, value) if text]
        changes[changed.name] = _nothing(changed.member, changed.field)
    further = [
        (profile.rename.get(code, code), text)
        for code, text in response.extensions
        if not is_hidden(profile, response.code, code)
    ]
    extensions = (*moved, *further)
    if not changes and extensions == response.extensions:
        return response
    return response.but(**changes, extensions=extensions)


def is_hidden(profile: Profile, message: str, code: str) -> bool:
    """Return whether a field is left out of a message. An entry for this one message counts more than a general one."""
    if code == "AG" and not profile.receipts:
        return True
    for entry in (f"{message}.{code}", code):
        if entry in profile.show:
            return False
        if entry in profile.hide:
            return True
    return False


def _nothing(member: Member, field: Variable[Any]) -> Any:
    """Return the empty value of a field."""
    if field.repeats:
        return ()
    return field.kind.absent if member.required else None


def _texts(field: Variable[Any], value: Any) -> Iterator[str]:
    """Yield the values of a field as they are written."""
    if field.repeats:
        yield from map(field.kind.format, value)
    else:
        yield field.kind.format(value)
