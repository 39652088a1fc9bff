"""Two numbers name the same book when their ISBN-13 is the same: hyphens and the older ten digits do not matter."""

from __future__ import annotations

from stdnum import isbn
from stdnum.exceptions import ValidationError


def isbn_key(number: str) -> str:
    """The ISBN-13 of an ISBN of either length, without hyphens; the empty string for anything else."""
    try:
        return isbn.validate(number, convert=True)
    except ValidationError:
        return ""
