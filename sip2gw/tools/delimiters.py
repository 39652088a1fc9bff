"""Find the delimiter of a line: most terminals close fields with |, some with another character."""

from __future__ import annotations

import re
from collections import Counter

from sip2gw.sip2.fields import VOCABULARY

_USUAL = "|^~\\¦"
"""If two characters are equally frequent, the earlier one here is taken."""
_ORDINARY = ".,:;/@-_'\"()[]=&?!+*<>"
"""Characters that also stand in values: one occurrence is not enough."""
_BEFORE_CODE = re.compile(r"([^0-9A-Za-z ])(?=([A-Za-z]{2}))")
_TRAILER = re.compile(r"(?:AY[0-9]{1,9})?AZ[0-9A-Fa-f]{1,4}\s*\Z")


def delimiter_of(text: str) -> str | None:
    """Return the character that most often stands before field codes and at the end; None if there is none."""
    found: Counter[str] = Counter(
        sign for sign, code in _BEFORE_CODE.findall(text) if code.upper() in VOCABULARY or code == "AY"
    )
    last = _TRAILER.sub("", text.rstrip())[-1:]
    if last and not last.isalnum() and not last.isspace():
        found[last] += 1
    for sign in _ORDINARY:
        if found[sign] < 2:
            del found[sign]
    if not found:
        return None
    return max(found, key=lambda sign: (found[sign], sign in _USUAL, -_USUAL.find(sign)))
