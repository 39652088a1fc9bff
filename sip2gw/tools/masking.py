"""Hide the secrets of a line before anything of it is shown.

A secret may also stand where no secret belongs: as a field that the message does not know, in a login that was
built wrongly, in a fixed part that is too short, or behind a delimiter that nobody expected. When in doubt it
is masked.
"""

from __future__ import annotations

import re

import attrs

from sip2gw.sip2 import Layout
from sip2gw.sip2.fields import CURRENCY_TYPE, VOCABULARY, Variable

MASK = "***"
SECRETS = frozenset(code for code, field in VOCABULARY.items() if field.secret)
"""AC, AD, CN and CO, wherever they stand."""

_CODES = "|".join(sorted(SECRETS))
_SECRET = re.compile(_CODES, re.IGNORECASE)
_BEHIND_A_SIGN = re.compile(rf"[^0-9A-Za-z .,@/'_-](?:{_CODES})", re.IGNORECASE)
"""A code behind what may be a delimiter: `.co` is the end of an address."""
_ANYWHERE = frozenset({"AO", "AY", "AZ"})
"""Terminals put AO into a login, and old trailers into anything."""

_LONGEST_SUM = 5


def masked(layout: Layout, *, in_doubt: bool = False) -> Layout:
    """The same line with every secret value replaced by `***`.

    `in_doubt` says that its delimiter is unknown, so that any value may hold other fields.
    """
    fixed, found = _mask_fixed(layout)
    fields = _mask_fields(layout, in_doubt, found)
    checksum = layout.checksum
    if checksum is not None and len(checksum) > _LONGEST_SUM:
        checksum = MASK  # it was damaged, or it is something else
    return attrs.evolve(layout, fixed=fixed, fields=fields, checksum=checksum)


def _mask_fields(layout: Layout, no_delimiter: bool, begun: bool) -> tuple[tuple[str, str], ...]:
    listed = {
        member.field.code for member in layout.message.members.values() if isinstance(member.field, Variable)
    }
    listed |= _ANYWHERE
    login = layout.code == "93"
    shown = []
    in_doubt = login or begun
    for code, value in layout.fields:
        if code in SECRETS:
            in_doubt = login or value != ""
        elif code in listed:
            in_doubt = login
        # What this message does not know, next to a secret, may be the rest of a password that holds the delimiter.
        hidden = code in SECRETS or (in_doubt and code not in listed) or (login and no_delimiter)
        shown.append((code, MASK if hidden else _hide(value, no_delimiter)))
    return tuple(shown)


def _hide(value: str, no_delimiter: bool) -> str:
    """A value up to where a secret may begin in it."""
    found = (_SECRET if no_delimiter else _BEHIND_A_SIGN).search(value)
    return value[: found.end()] + MASK if found and found.end() < len(value) else value


def _mask_fixed(layout: Layout) -> tuple[tuple[tuple[str, str], ...], bool]:
    """A fixed part that swallowed fields, and whether it did: from a secret one on, nothing is shown."""
    part = "".join(characters for _, characters in layout.fixed)
    currency = len(dict(layout.fixed).get(CURRENCY_TYPE.name, ""))
    whole = len(part) == layout.message.width and currency == CURRENCY_TYPE.width and part[-3:].isupper()
    # CAD and COP are currencies.
    found = next(
        (match for match in _SECRET.finditer(part) if not (whole and match.start() >= len(part) - 3)), None
    )
    if found is None:
        return layout.fixed, False
    shown, start = [], 0
    for name, characters in layout.fixed:
        end = start + len(characters)
        if end < found.end() or not characters:
            shown.append((name, characters))
        elif start < found.end():
            shown.append((name, characters[: found.end() - start] + MASK))
        else:
            shown.append((name, ""))
        start = end
    return tuple(shown), True


def as_line(layout: Layout, delimiter: str = "|") -> str:
    """A layout as one line of text again, with its trailer."""
    fixed = "".join(characters for _, characters in layout.fixed)
    fields = "".join(f"{code}{value}{delimiter}" for code, value in layout.fields)
    sequence = "" if layout.sequence is None else f"AY{layout.sequence}"
    checksum = "" if layout.checksum is None else f"AZ{layout.checksum}"
    return visible(layout.code + fixed + fields + sequence + checksum)


def visible(text: str) -> str:
    """`text` with everything that could steer a screen written out, such as `\\x1b`."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
