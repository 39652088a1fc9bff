"""Whatever is shown of a line goes through here first, and its secrets stay behind.

A secret may also stand where no secret belongs: as a field that the message does not know, in a login that was
built wrongly, or in a fixed part that is too short. When in doubt it is masked.
"""

from __future__ import annotations

import re

import attrs

from sip2gw.sip2 import Layout
from sip2gw.sip2.fields import VOCABULARY, Variable

MASK = "***"
SECRETS = frozenset(code for code, field in VOCABULARY.items() if field.secret)
"""AC, AD, CN and CO, wherever they stand."""

_SECRET_IN_FIXED = re.compile("|".join(sorted(SECRETS)))
_ANYWHERE = frozenset({"AO", "AY", "AZ"})
"""Terminals put AO into a login, and old trailers into anything."""


def masked(layout: Layout) -> Layout:
    """The same line with every secret value replaced by `***`."""
    return attrs.evolve(layout, fixed=_mask_fixed(layout), fields=_mask_fields(layout))


def _mask_fields(layout: Layout) -> tuple[tuple[str, str], ...]:
    listed = {
        member.field.code for member in layout.message.members.values() if isinstance(member.field, Variable)
    }
    listed |= _ANYWHERE
    login = layout.code == "93"
    shown = []
    in_doubt = login
    for code, value in layout.fields:
        if code in SECRETS:
            in_doubt = login or value != ""
        elif code in listed:
            in_doubt = login
        # What this message does not know, next to a secret, may be the rest of a password that holds the delimiter.
        hidden = code in SECRETS or (in_doubt and code not in listed)
        shown.append((code, MASK if hidden else value))
    return tuple(shown)


def _mask_fixed(layout: Layout) -> tuple[tuple[str, str], ...]:
    """A fixed part that is too short has swallowed the first fields: from a secret one on, nothing is shown."""
    shown: list[tuple[str, str]] = []
    found = False
    for name, characters in layout.fixed:
        secret = None if name == "currency_type" else _SECRET_IN_FIXED.search(characters)
        if found:
            shown.append((name, ""))
        elif secret:
            found = True
            shown.append((name, characters[: secret.end()] + MASK))
        else:
            shown.append((name, characters))
    return tuple(shown)


def as_line(layout: Layout) -> str:
    """A layout as one line of text again, with its trailer."""
    fixed = "".join(characters for _, characters in layout.fixed)
    fields = "".join(f"{code}{value}|" for code, value in layout.fields)
    sequence = "" if layout.sequence is None else f"AY{layout.sequence}"
    checksum = "" if layout.checksum is None else f"AZ{layout.checksum}"
    return visible(layout.code + fixed + fields + sequence + checksum)


def visible(text: str) -> str:
    """`text` with everything that could steer a screen written out, such as `\\x1b`."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
