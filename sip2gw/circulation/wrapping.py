"""Lines for a receipt printer: never wider than its paper, and never broken inside a character as people see it."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator

_JOINERS = "\u200c\u200d"
_VIRAMA = 9
"""The combining class of the sign that binds two Indic consonants."""


def wrapped(text: str, width: int | None) -> tuple[str, ...]:
    """`text` in lines of at most `width` columns, broken at spaces if that is possible; None: one line.

    A line is wider than that only when a single cluster is.
    """
    words = text.split()
    line = " ".join(words)
    if width is None or len(line) <= width // 2 or columns(line) <= width:  # no character takes more than two
        return (line,) if line else ()
    return tuple(_broken(words, width))


def _broken(words: Iterable[str], width: int) -> Iterator[str]:
    """Yield the words in lines; a word that is wider than a line begins a line of its own."""
    line, taken = "", 0
    for word in words:
        wide = columns(word)
        if line and taken + 1 + wide <= width:
            line, taken = f"{line} {word}", taken + 1 + wide
            continue
        if line:
            yield line
        *full, line = _pieces(word, width) if wide > width else [word]
        yield from full
        taken = columns(line)
    yield line


def columns(text: str) -> int:
    """How many columns of a fixed-width printer `text` takes: East Asian characters two, marks above or below none."""
    if text.isascii():
        return len(text)
    return sum(_columns_of(character) for character in text)


def clusters(text: str) -> Iterator[str]:
    """`text` in characters as people see them: a letter with its marks, a conjunct of Indic consonants."""
    begin = 0
    for place in range(1, len(text)):
        if not _belong_together(text[place - 1], text[place]):
            yield text[begin:place]
            begin = place
    if text:
        yield text[begin:]


def _pieces(word: str, width: int) -> list[str]:
    """A word that is wider than a line, in as many lines as it needs."""
    lines = [""]
    for cluster in clusters(word):
        if lines[-1] and columns(lines[-1] + cluster) > width:
            lines.append("")
        lines[-1] += cluster
    return lines


def _columns_of(character: str) -> int:
    if unicodedata.category(character) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _belong_together(before: str, after: str) -> bool:
    if after in _JOINERS or unicodedata.category(after).startswith("M"):
        return True
    return (before in _JOINERS or unicodedata.combining(before) == _VIRAMA) and after.isalpha()
