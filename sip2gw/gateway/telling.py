"""What a terminal that is logged in does is logged as it comes; what strangers do, a few times a minute for each kind.

Else whoever can connect could fill the disk.
"""

from __future__ import annotations

from twisted.logger import Logger, LogLevel

from sip2gw.gateway.sparing import Sparing
from sip2gw.gateway.visits import Visit


class Telling:
    """Logs warnings about one visit."""

    def __init__(self, sparing: Sparing, visit: Visit) -> None:
        self._sparing = sparing
        self._visit = visit

    def warn(self, log: Logger, kind: str, text: str, **fields: object) -> None:
        """Log `text`, a format that may name {library} and {peer}, if one more of this kind may be."""
        library = self._visit.place.library
        self._sparing.tell(
            log, LogLevel.warn, None if library else kind, text,
            library=library or "no library yet", peer=self._visit.peer, **fields,
        )  # fmt: skip
