"""The order of call numbers on the shelf: 823.7 before 823.91, and QA 76.9 before QA 123.

Dewey, Library of Congress and a library's own numbers are read in the same way: as words, whole numbers and decimals.
Decimals follow a point, or the letters of a cutter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Element = tuple[int, int, str]
Key = tuple[Element, ...]

_NUMBER, _WORD, _DECIMAL = range(3)
"""The order of elements at the same place of two call numbers: 823, 823 AUS, 823.7."""

_PART = re.compile(r"(\.?)(\d+)|([^\W\d_]+)")


def key(call_number: str) -> Key:
    """Return a key that sorts call numbers as on the shelf. Case, blanks and punctuation do not count."""
    return tuple(_elements(call_number.casefold()))


def within(call_number: str, first: str, last: str) -> bool:
    """Return whether a call number is between two others. One that begins as `last` does is: 899.5 is in 899."""
    place, end = key(call_number), key(last)
    return bool(place) and key(first) <= place and (place <= end or _begins(place, end))


def can_hold(first: str, last: str) -> bool:
    """Return whether any call number is between these two."""
    return key(first) <= key(last) or _begins(key(first), key(last))


def contains(outer: tuple[str, str], inner: tuple[str, str]) -> bool:
    """Return whether every call number between the two of `inner` is between those of `outer`."""
    last, end = key(inner[1]), key(outer[1])
    return key(outer[0]) <= key(inner[0]) and (_begins(last, end) or (last < end and not _begins(end, last)))


def _elements(text: str) -> Iterator[Element]:
    """Yield the words, whole numbers and decimals of a call number."""
    before = None
    whole = False
    for match in _PART.finditer(text):
        point, digits, word = match.groups()
        touches = before is not None and before.end() == match.start()
        if word:
            yield (_WORD, 0, word)
        elif whole and touches and (point or (before is not None and before[3])):
            # "823.70" is the same as "823.7", and "823.0" as 823.
            if decimals := "".join(str(int(digit)) for digit in digits).rstrip("0"):
                yield (_DECIMAL, 0, decimals)
        else:
            yield (_NUMBER, int(digits[-18:]), "")
            whole = True
        before = match


def _begins(place: Key, end: Key) -> bool:
    """Return whether a call number begins as another one does."""
    if not end or len(place) < len(end) or place[: len(end) - 1] != end[:-1]:
        return False
    (kind, number, text), (wanted, limit, beginning) = place[len(end) - 1], end[-1]
    return (kind, number) == (wanted, limit) and text.startswith(beginning)
