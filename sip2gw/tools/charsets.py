"""The option for a charset."""

from __future__ import annotations

import click


def charset(ctx: click.Context, param: click.Parameter, value: str) -> str:
    """Check the name of a charset: Python must know it, and its first 128 characters must be ASCII."""
    try:
        fits = "|AZ09".encode(value) == b"|AZ09"
    except (LookupError, UnicodeError):
        fits = False
    if not fits:
        raise click.BadParameter(f"{value!r} is not a charset for SIP2: try utf-8, cp850, latin-1 or cp1252")
    return value
