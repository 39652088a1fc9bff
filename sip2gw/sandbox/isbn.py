"""ISBNs. Two numbers name the same book if their ISBN-13 is the same, with hyphens or without, old or new."""

from __future__ import annotations

from stdnum import isbn
from stdnum.exceptions import ValidationError


def isbn_key(number: str) -> str:
    """Return the ISBN-13 of an ISBN of either length, without hyphens; the empty string for anything else."""
    try:
        return isbn.validate(number, convert=True)
    except ValidationError:
        return ""
