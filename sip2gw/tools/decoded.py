"""One line taken apart for people and for programs: the same content, as a table and as an object.

Secrets are masked unless `secrets` says otherwise.
"""

from __future__ import annotations

import re
from typing import Any, Self

from rich.table import Table
from rich.text import Text

from sip2gw.sip2 import DEFAULT, Dialect, Layout, lay_out
from sip2gw.sip2.checksum import checksum
from sip2gw.sip2.fields import VOCABULARY, Fixed
from sip2gw.tools.masking import MASK, as_line, masked, visible
from sip2gw.tools.pasted import Found, spelled
from sip2gw.tools.words import field_name, in_words

_DIGITS = re.compile("[0-9A-Fa-f]{1,4}")


class Decoded:
    """A line by its parts. Raises `UnknownMessage` for a line that is no message."""

    def __init__(self, line: bytes, dialect: Dialect = DEFAULT, *, secrets: bool = False) -> None:
        self._show(spelled(line, dialect), secrets)

    @classmethod
    def found(cls, found: Found, *, secrets: bool = False) -> Self:
        """A message that was found in a line of a log."""
        self = cls.__new__(cls)
        self._show(found, secrets)
        return self

    def _show(self, found: Found, secrets: bool) -> None:
        layout = lay_out(found.line, found.dialect)
        self._line = found.line
        self._delimiter = found.dialect.delimiter
        self.note = found.note
        self.layout: Layout = layout if secrets else masked(layout, in_doubt=found.in_doubt)

    def as_object(self) -> dict[str, Any]:
        """What `--json` prints."""
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
        """The line again, on one line and safe for a screen."""
        return as_line(self.layout, self._delimiter)

    def verdict(self) -> str:
        """What is to be said of the checksum."""
        layout = self.layout
        if layout.checksum is None:
            return "no checksum"
        right, digits = self._right_checksum(layout.checksum), layout.checksum.strip(" ")
        if not _DIGITS.fullmatch(digits):
            return f"DAMAGED, {right} would be right"
        if layout.checksum_ok and int(digits, 16) == int(right, 16):
            return "right"
        if layout.checksum_ok:
            return f"fits the characters, not the bytes ({right} would)"
        return f"WRONG, {right} would be right"

    def _right_checksum(self, digits: str) -> str:
        """The sum over what the terminal sent, from the message code to the letters AZ."""
        line = self._line.replace(b"\0", b"")
        start = line.index(self.layout.code.encode())
        end = line.rindex(b"AZ") + 2
        right, whole = (checksum(line[place:end]).decode() for place in (start, 0))
        return whole if whole.lstrip("0") == digits.strip(" ").lstrip("0").upper() else right

    def table(self) -> Table:
        """One row for each field: code, name, characters, meaning."""
        rows = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        rows.add_column(style="cyan", no_wrap=True)
        rows.add_column(style="dim", no_wrap=True)
        rows.add_column(overflow="fold")
        rows.add_column(style="green", overflow="fold")
        for name, characters, meaning in self._fixed_rows():
            rows.add_row("", Text(name), Text(repr(visible(characters))), Text(meaning))
        for code, value in self.layout.fields:
            known = VOCABULARY.get(code)
            meaning = in_words(known, value) if known and value not in ("", MASK) else ""
            rows.add_row(Text(code), Text(field_name(code)), Text(visible(value)), Text(meaning))
        if self.layout.sequence is not None:
            rows.add_row("AY", "sequence_number", self.layout.sequence, "")
        if self.layout.checksum is not None:
            bad = not self.layout.checksum_ok
            rows.add_row(
                "AZ", "checksum", self.layout.checksum, Text(self.verdict(), "bold red" if bad else "green")
            )
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
        """Code and name of the message."""
        return f"{self.layout.code} {self.layout.message.name}"
