"""The link of an invitation, and its QR code for a phone."""

from __future__ import annotations

import re
from base64 import b64encode
from io import BytesIO, StringIO

import segno

ORIGIN = re.compile(r"https?://(?:[A-Za-z0-9.-]{1,253}|\[[0-9A-Fa-f:]{2,45}\])(?::[0-9]{1,5})?")
_LINK = re.compile(rf"{ORIGIN.pattern}/connect/#[A-Za-z0-9_-]{{1,64}}")


def link(origin: str, code: str) -> str:
    """Return the link to the page at an origin, such as `https://sip2.example.org`; empty if that is none."""
    made = f"{origin}/connect/#{code}"
    return made if _LINK.fullmatch(made) else ""


def svg(link: str) -> bytes | None:
    """Return a link as a QR code; None if it is not one to this page."""
    if not _LINK.fullmatch(link):
        return None
    image = BytesIO()
    _code(link).save(image, kind="svg", scale=6, light="#fff", xmldecl=False)
    return image.getvalue()


def inline(link: str) -> str:
    """Return a link as a QR code that is the source of an image in a page; empty if it is not one to this page."""
    image = svg(link)
    return "" if image is None else f"data:image/svg+xml;base64,{b64encode(image).decode()}"


def blocks(link: str) -> list[str]:
    """Return a link as the lines of a QR code in half blocks; none if it is not one to this page.

    What is light has the colour of the text.
    """
    if not _LINK.fullmatch(link):
        return []
    text = StringIO()
    _code(link).terminal(text, compact=True)
    return text.getvalue().splitlines()


def _code(link: str) -> segno.QRCode:
    return segno.make(link, error="m", micro=False)
