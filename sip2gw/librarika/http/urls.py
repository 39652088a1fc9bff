"""Build the URLs of libraries' APIs. A nickname must be one DNS label, so that no terminal can choose another host.

Base URLs are parsed once for each library. A call only adds a path of the contract.
"""

from __future__ import annotations

import re
from functools import lru_cache

from attrs import field, frozen
from hyperlink import DecodedURL, EncodedURL, URLParseError

from sip2gw import addresses
from sip2gw.library import Refused

_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", re.ASCII)
_HOLE = "{library}"
_READY = 4096
"""URLs that are kept ready. A library has some twenty; none names a person or an item."""


def checked_nickname(text: str) -> str:
    """Return `text` if it is one lower-case DNS label. Raises `Refused("library_not_found")` otherwise."""
    if not _LABEL.fullmatch(text):
        raise Refused("library_not_found", "the nickname is not a lower-case DNS label")
    return text


class ReadyURL(EncodedURL):
    """A URL that is ready to be sent, as text and as the bytes in `wire`. It is made once for each operation.

    treq takes a parsed URL and only needs its text again; hyperlink's parsing and quoting would take a sixth of the
    processor time of a call. Use no other method of it.
    """

    __slots__ = ("_ready", "wire")

    def __init__(self, text: str) -> None:
        self._ready, self.wire = text, text.encode("ascii")

    def to_uri(self) -> EncodedURL:
        """Return itself."""
        return self

    def to_text(self, with_password: bool = False) -> str:
        """Return the text that it was made from."""
        del with_password  # It has no password: `Template` refuses user names.
        return self._ready


ready = lru_cache(maxsize=_READY)(ReadyURL)
"""Returns the `ReadyURL` of a text."""


@frozen
class Template:
    """The URL of the libraries' APIs, with `{library}` in the place of the nickname.

    Raises `ValueError` with the fix if requests of terminals could reach another host or be overheard.
    """

    text: str = field()

    def __attrs_post_init__(self) -> None:
        if not re.fullmatch(r"[!-~]+", self.text):
            raise ValueError("write the URL in ASCII and without spaces, other letters as punycode or %XX")
        if self.text.count(_HOLE) != 1:
            raise ValueError(f"write {_HOLE} exactly once, such as https://{_HOLE}.librarika.com/api/v1")
        try:
            one, other = self._parsed("a"), self._parsed("b")
        except (URLParseError, ValueError) as error:
            raise ValueError(f"is not a URL ({type(error).__name__}); write https://HOST/PATH") from None
        if (one.scheme, one.port) != (other.scheme, other.port):
            raise ValueError(f"put {_HOLE} into the host or the path")
        if any(one.userinfo) or one.query or one.fragment:
            raise ValueError("leave out user name, query and fragment; accounts come from the terminals")
        if one.scheme == "http" and not addresses.is_loopback(one.host):
            raise ValueError("plain http is only for this machine itself; write https")
        if one.scheme not in ("http", "https") or not one.host:
            raise ValueError("write https://HOST/PATH")

    def base(self, nickname: str) -> str:
        """Return the base URL of a library, without a slash at its end."""
        return self.text.replace(_HOLE, checked_nickname(nickname)).rstrip("/")

    def host(self, nickname: str) -> str:
        """Return scheme, host and port of a library's API, which several libraries may share."""
        url = self._parsed(nickname)
        return f"{url.scheme}://{url.host}:{url.port}"

    def name(self, nickname: str) -> str:
        """Return the host name of a library's API."""
        return self._parsed(nickname).host.lower()

    @property
    def is_one_host(self) -> bool:
        """Whether all libraries are on one host."""
        return self.name("a") == self.name("b")

    @property
    def names_private(self) -> bool:
        """Whether it has an IP address, or the name of this machine, and needs no DNS."""
        host = self._parsed("a").host
        return addresses.is_loopback(host) or addresses.read(host) is not None

    def _parsed(self, nickname: str) -> DecodedURL:
        return DecodedURL.from_text(self.text.replace(_HOLE, nickname))
