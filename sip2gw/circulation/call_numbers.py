"""Call numbers stand in the order of the shelf: 823.91 before 823.7 would be wrong, and QA 76.9 comes before QA 123.

Dewey, Library of Congress and homegrown numbers are all read the same way: words, whole numbers, and decimals (after a
point, or right after the letters of a cutter).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

Element = tuple[int, int, str]
Key = tuple[Element, ...]

_NUMBER, _WORD, _DECIMAL = range(3)
"""What comes first where one call number has this and another that: 823, 823 AUS, 823.7."""

_PART = re.compile(r"(\.?)(\d+)|([^\W\d_]+)")


def key(call_number: str) -> Key:
    """By this, call numbers sort as they stand on the shelf. Case, blanks and punctuation do not matter."""
    return tuple(_elements(call_number.casefold()))


def within(call_number: str, first: str, last: str) -> bool:
    """Whether a call number stands between two others. What begins as `last` does is still within: 899.5 is in 899."""
    place, end = key(call_number), key(last)
    return bool(place) and key(first) <= place and (place <= end or _begins(place, end))


def can_hold(first: str, last: str) -> bool:
    """Whether any call number stands between these two."""
    return key(first) <= key(last) or _begins(key(first), key(last))


def contains(outer: tuple[str, str], inner: tuple[str, str]) -> bool:
    """Whether every call number between the two of `inner` stands between those of `outer`."""
    last, end = key(inner[1]), key(outer[1])
    return key(outer[0]) <= key(inner[0]) and (_begins(last, end) or (last < end and not _begins(end, last)))


def _elements(text: str) -> Iterator[Element]:
    before = None
    whole = False
    for match in _PART.finditer(text):
        point, digits, word = match.groups()
        touches = before is not None and before.end() == match.start()
        if word:
            yield (_WORD, 0, word)
        elif whole and touches and (point or (before is not None and before[3])):
            # "823.70" and "823.7" are one place, "823.0" is 823.
            if decimals := "".join(str(int(digit)) for digit in digits).rstrip("0"):
                yield (_DECIMAL, 0, decimals)
        else:
            yield (_NUMBER, int(digits[-18:]), "")
            whole = True
        before = match


def _begins(place: Key, end: Key) -> bool:
    if not end or len(place) < len(end) or place[: len(end) - 1] != end[:-1]:
        return False
    (kind, number, text), (wanted, limit, beginning) = place[len(end) - 1], end[-1]
    return (kind, number) == (wanted, limit) and text.startswith(beginning)
