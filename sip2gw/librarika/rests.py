"""How long a server asks to be left alone: Retry-After in seconds or as a date, and never more than is believed."""

from __future__ import annotations

import re
from datetime import UTC
from email.utils import parsedate_to_datetime

from twisted.web.http_headers import Headers

_SECONDS = re.compile(rb"\d{1,10}", re.ASCII)


def rest(headers: Headers, now: float, most: float) -> float | None:
    """The seconds of `Retry-After`, from 0 to `most`; None if there is none, or it is neither form.

    A date counts from the server's own time, which `Date` tells; `now` is ours, since 1970.
    """
    said = (headers.getRawHeaders(b"Retry-After") or [b""])[-1]
    if _SECONDS.fullmatch(said.strip()):
        return min(float(said), most)
    moment = date(said)
    if moment is None:
        return None
    server = date((headers.getRawHeaders(b"Date") or [b""])[-1])
    return min(max(moment - (now if server is None else server), 0.0), most)


def date(raw: bytes) -> float | None:
    """An HTTP date in seconds since 1970, or None."""
    try:
        moment = parsedate_to_datetime(raw.decode("ascii"))
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError, TypeError):
        return None
