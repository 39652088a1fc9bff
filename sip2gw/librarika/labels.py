"""Name the item of a scanned label to the API, which decides which copy is meant."""

from __future__ import annotations

import unicodedata
from typing import Any

from attrs import frozen
from stdnum import isbn

from sip2gw.library import Refused

ORDER = ("accession", "barcode", "isbn")
"""The types of identifiers that the API knows."""

_SHORTEST_ISBN = 9
"""Characters. An SBN, from before 1970, has one less than an ISBN."""


@frozen
class Labels:
    """The labels of a terminal that reads them as identifiers of these types only."""

    kinds: tuple[str, ...] = ORDER

    def named(self, item_id: str) -> dict[str, Any]:
        """Return the members of a body that name an item. `Refused("copy_not_found")` for an impossible label."""
        identifier = normalised(item_id)
        if not identifier:
            raise Refused("copy_not_found", "the item identifier is empty")
        possible = ORDER if len(identifier) >= _SHORTEST_ISBN and isbn.is_valid(identifier) else ORDER[:2]
        types = [kind for kind in possible if kind in self.kinds]
        if not types:
            raise Refused("copy_not_found", "the terminal reads no labels of this kind")
        return {"identifier": identifier[:255], "types": types}

    def either(self, item_id: str | None, title: str | None) -> dict[str, Any]:
        """Return the members of a body that name an item, or a title if there is no item."""
        if item_id is not None:
            return self.named(item_id)
        return {"title": (title or "").strip()[:4000] or " "}


def normalised(item_id: str) -> str:
    """Return a label without white space, control and format characters and Code-39 stars, with ASCII digits."""
    if item_id.isascii() and item_id.isalnum():
        return item_id  # Most labels are this plain.
    kept = []
    for character in item_id:
        if (digit := unicodedata.decimal(character, None)) is not None:
            kept.append(str(digit))
        elif not character.isspace() and unicodedata.category(character)[0] != "C":
            kept.append(character)
    text = "".join(kept)
    if len(text) > 1 and text.startswith("*") and text.endswith("*"):
        text = text[1:-1]
    return text
