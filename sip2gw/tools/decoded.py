"""One line by its fields, for people (a table) and for programs (an object). Secrets are masked by default.

A secret may also stand in a wrong place: in a field that the message does not have, in a login that was built wrongly,
in a fixed part that is too short, or behind an unexpected delimiter. In doubt it is masked.
"""

from __future__ import annotations

import re
from typing import Any, Self

import attrs
from rich.table import Table
from rich.text import Text

from sip2gw.sip2 import DEFAULT, Dialect, Layout, lay_out
from sip2gw.sip2.error_detection import checksum
from sip2gw.sip2.fields import CURRENCY_TYPE, VOCABULARY, Fixed, Variable
from sip2gw.tools.pasted import Found, with_delimiter
from sip2gw.tools.words import field_name, in_words

MASK = "***"
SECRETS = frozenset(code for code, field in VOCABULARY.items() if field.secret)
"""AC, AD, CN and CO, in any message."""

_CODES = "|".join(sorted(SECRETS))
_SECRET = re.compile(_CODES, re.IGNORECASE)
_BEHIND_A_SIGN = re.compile(rf"[^0-9A-Za-z .,@/'_-](?:{_CODES})", re.IGNORECASE)
"""A code behind a character that may be a delimiter: `.co` is the end of an address."""
_ANYWHERE = frozenset({"AO", "AY", "AZ"})
"""Terminals put AO into a login, and old trailers into any message."""

_LONGEST_SUM = 5

_DIGITS = re.compile("[0-9A-Fa-f]{1,4}")


class Decoded:
    """A line by its parts, with `***` in place of secrets. Raises `UnknownMessage` if the line is not a message."""

    def __init__(self, line: bytes, dialect: Dialect = DEFAULT) -> None:
        self._show(with_delimiter(line, dialect), secrets=False)

    @classmethod
    def found(cls, found: Found, *, secrets: bool = False) -> Self:
        """Decode a message that was found in a line of a log. `secrets` shows passwords and account names."""
        self = cls.__new__(cls)
        self._show(found, secrets=secrets)
        return self

    def _show(self, found: Found, *, secrets: bool) -> None:
        layout = lay_out(found.line, found.dialect)
        self._line = found.line
        self._delimiter = found.dialect.delimiter
        self.note = found.note
        self.layout: Layout = layout if secrets else masked(layout, in_doubt=found.in_doubt)

    def as_object(self) -> dict[str, Any]:
        """Return the object that `--json` prints."""
        layout = self.layout
        spelling = {"delimiter": self._delimiter} if self._delimiter != DEFAULT.delimiter else {}
        note = {"note": self.note} if self.note else {}
        return {
            "code": layout.code,
            "message": layout.message.name,
            "fixed": dict(layout.fixed),
            "fields": [list(field) for field in layout.fields],
            "sequence": layout.sequence,
            "checksum": layout.checksum,
            "checksum_ok": layout.checksum_ok,
            **spelling,
            **note,
        }

    def as_text(self) -> str:
        """Return the line again, on one line and safe for a screen."""
        return as_line(self.layout, self._delimiter)

    def verdict(self) -> str:
        """Return a verdict on the checksum, in words."""
        layout = self.layout
        if layout.checksum is None:
            return "no checksum"
        right, digits = self._right_checksum(layout.checksum), layout.checksum.strip(" ")
        if not _DIGITS.fullmatch(digits):
            return f"DAMAGED, should be {right}"
        if layout.checksum_ok and int(digits, 16) == int(right, 16):
            return "right"
        if layout.checksum_ok:
            return f"fits the characters, not the bytes: should be {right}"
        return f"WRONG, should be {right}"

    def _right_checksum(self, digits: str) -> str:
        """Compute the checksum of the bytes from the message code to the letters AZ."""
        line = self._line.replace(b"\0", b"")
        start = line.index(self.layout.code.encode())
        end = line.rindex(b"AZ") + 2
        right, whole = (checksum(line[place:end]).decode() for place in (start, 0))
        return whole if whole.lstrip("0") == digits.strip(" ").lstrip("0").upper() else right

    def table(self) -> Table:
        """Return a table with a row for each field: code, name, characters, meaning."""
        rows = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        rows.add_column(style="cyan", no_wrap=True)
        rows.add_column(style="dim", no_wrap=True)
        rows.add_column(overflow="fold")
        rows.add_column(style="green", overflow="fold")
        bad = self.layout.checksum_ok is False
        for code, name, characters, meaning in self.rows():
            style = "bold red" if bad and code == "AZ" else ""
            rows.add_row(Text(code), Text(name), Text(characters), Text(meaning, style))
        return rows

    def rows(self) -> list[tuple[str, str, str, str]]:
        """Return code, name, characters and meaning of each field. The fields of the fixed part have no code."""
        rows = [("", name, repr(visible(value)), meaning) for name, value, meaning in self._fixed_rows()]
        for code, value in self.layout.fields:
            known = VOCABULARY.get(code)
            meaning = in_words(known, value) if known and value not in ("", MASK) else ""
            rows.append((code, field_name(code), visible(value), meaning))
        if self.layout.sequence is not None:
            rows.append(("AY", "sequence_number", self.layout.sequence, ""))
        if self.layout.checksum is not None:
            rows.append(("AZ", "checksum", self.layout.checksum, self.verdict()))
        return rows

    def _fixed_rows(self) -> list[tuple[str, str, str]]:
        fields = {
            m.field.name: m.field for m in self.layout.message.members.values() if isinstance(m.field, Fixed)
        }
        rows = []
        for name, characters in self.layout.fixed:
            field = fields[name]
            if MASK in characters:
                meaning = ""
            elif len(characters) < field.width:
                meaning = f"too short: {len(characters)} of {field.width} characters"
            else:
                meaning = in_words(field, characters)
            rows.append((name, characters, meaning))
        return rows

    def heading(self) -> str:
        """Return code and name of the message."""
        return f"{self.layout.code} {self.layout.message.name}"


def masked(layout: Layout, *, in_doubt: bool = False) -> Layout:
    """Replace every secret value of a line with `***`.

    `in_doubt` means that its delimiter is unknown, so that any value may hold other fields.
    """
    fixed, found = _mask_fixed(layout)
    fields = _mask_fields(layout, in_doubt, found)
    checksum = layout.checksum
    if checksum is not None and len(checksum) > _LONGEST_SUM:
        checksum = MASK  # it is damaged, or it is not a checksum
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
        # An unexpected field next to a secret may be the rest of a password that holds the delimiter.
        hidden = code in SECRETS or (in_doubt and code not in listed) or (login and no_delimiter)
        shown.append((code, MASK if hidden else _hide(value, no_delimiter)))
    return tuple(shown)


def _hide(value: str, no_delimiter: bool) -> str:
    """Cut a value where a secret may begin in it."""
    found = (_SECRET if no_delimiter else _BEHIND_A_SIGN).search(value)
    return value[: found.end()] + MASK if found and found.end() < len(value) else value


def _mask_fixed(layout: Layout) -> tuple[tuple[tuple[str, str], ...], bool]:
    """Mask a fixed part from the first secret field in it on; also return whether there is one."""
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
    """Write a layout as one line of text, with its trailer."""
    fixed = "".join(characters for _, characters in layout.fixed)
    fields = "".join(f"{code}{value}{delimiter}" for code, value in layout.fields)
    sequence = "" if layout.sequence is None else f"AY{layout.sequence}"
    checksum = "" if layout.checksum is None else f"AZ{layout.checksum}"
    return visible(layout.code + fixed + fields + sequence + checksum)


def visible(text: str) -> str:
    """Write out all characters that could control a screen, such as `\\x1b`."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in text)
