"""Log the actions of terminals at most so many times a minute for each kind, and less often for strangers.

Otherwise a client that can connect, or has one terminal's account, could fill the disk.
"""

from __future__ import annotations

from typing import Any

from twisted.logger import Logger, LogLevel

from sip2gw.gateway.visits import Visit
from sip2gw.log.sparing import Sparing


class Telling:
    """Log the actions of one visit."""

    def __init__(self, sparing: Sparing, visit: Visit) -> None:
        self._sparing = sparing
        self._visit = visit

    def warn(self, log: Logger, kind: str, text: str, **fields: object) -> None:
        """Log `text` as a warning, unless this kind was logged too often. `text` may name {library} and {peer}."""
        self._tell(log, LogLevel.warn, kind, text, **fields)

    def info(self, log: Logger, kind: str, text: str, **fields: object) -> None:
        """Log `text` as information, unless this kind was logged too often."""
        self._tell(log, LogLevel.info, kind, text, **fields)

    def _tell(self, log: Logger, level: Any, kind: str, text: str, **fields: object) -> None:
        library = self._visit.place.library
        of = self._visit.asker.source if library else ""
        facts: dict[str, object] = {"library": library or "no library yet", "peer": self._visit.peer}
        self._sparing.tell(log, level, kind, text, of=of, **(facts | fields))
