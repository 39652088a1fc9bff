"""Nothing that came off a wire chooses a host: a nickname is one DNS label before it is put into a URL, or refused.

Base URLs are parsed once for each library; a call only adds a path of the contract.
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
"""URLs that are kept ready: a library has some twenty, none of which names a person or an item."""


def checked_nickname(text: str) -> str:
    """`text` if it is one lower-case DNS label. Raises `Refused("library_not_found")` for anything else."""
    if not _LABEL.fullmatch(text):
        raise Refused("library_not_found", "the nickname is no lower-case DNS label")
    return text


class ReadyURL(EncodedURL):
    """A URL whose text is ready for the wire, as text and as the bytes in `wire`. Made once for each operation.

    treq takes a parsed URL, only to ask it for its text again; hyperlink's parsing and quoting would be a sixth of
    the processor time of a call. Nothing else may be asked of it.
    """

    __slots__ = ("_ready", "wire")

    def __init__(self, text: str) -> None:
        self._ready, self.wire = text, text.encode("ascii")

    def to_uri(self) -> EncodedURL:
        """Itself: it is one already."""
        return self

    def to_text(self, with_password: bool = False) -> str:
        """The text that it was made with."""
        del with_password  # There is none in it: `Template` takes no user names.
        return self._ready


ready = lru_cache(maxsize=_READY)(ReadyURL)
"""The URL with this text."""


@frozen
class Template:
    """Where the API of a library is, with `{library}` in the place of its nickname.

    Raises `ValueError` with the fix if terminals' requests could go astray or be overheard.
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
            raise ValueError(f"is no URL ({type(error).__name__}); write https://HOST/PATH") from None
        if (one.scheme, one.port) != (other.scheme, other.port):
            raise ValueError(f"put {_HOLE} into the host or the path")
        if any(one.userinfo) or one.query or one.fragment:
            raise ValueError("leave out user name, query and fragment; accounts come from the terminals")
        if one.scheme == "http" and not addresses.is_loopback(one.host):
            raise ValueError("plain http is only for this machine itself; write https")
        if one.scheme not in ("http", "https") or not one.host:
            raise ValueError("write https://HOST/PATH")

    def base(self, nickname: str) -> str:
        """The base URL of a library without a slash at its end. `nickname` has been checked."""
        return self.text.replace(_HOLE, checked_nickname(nickname)).rstrip("/")

    def host(self, nickname: str) -> str:
        """Scheme, host and port of a library's API, which several may share."""
        url = self._parsed(nickname)
        return f"{url.scheme}://{url.host}:{url.port}"

    def name(self, nickname: str) -> str:
        """The name of the host of a library's API."""
        return self._parsed(nickname).host.lower()

    @property
    def is_one_host(self) -> bool:
        """Whether all libraries are at one host."""
        return self.name("a") == self.name("b")

    @property
    def names_private(self) -> bool:
        """Whether it names an address, or this machine, and no name that DNS would have to tell."""
        host = self._parsed("a").host
        return addresses.is_loopback(host) or addresses.read(host) is not None

    def _parsed(self, nickname: str) -> DecodedURL:
        return DecodedURL.from_text(self.text.replace(_HOLE, nickname))
