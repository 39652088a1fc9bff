"""The file of a store of SQLite: made once for its owner alone, and told from another file in its place."""

from __future__ import annotations

import os
from pathlib import Path

from twisted.logger import Logger

from sip2gw.store.port import StoreFailed
from sip2gw.store.sqlite_failures import file_failure


def is_there(path: Path) -> bool:
    """Return whether there is such a file. Raises `StoreFailed` if its folder does not show that."""
    return _status(path) is not None


def _status(path: Path) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise file_failure(error, path) from None


class StoreFile:
    """A file at `path`, which is the store's from `note_opened` on."""

    log = Logger()

    def __init__(self, path: Path) -> None:
        self.path = path
        self._opened: tuple[int, int] | None = None

    @property
    def is_new(self) -> bool:
        """Whether the file was not opened before."""
        return self._opened is None

    @property
    def uri(self) -> str:
        """The address for SQLite, which then makes no file."""
        return f"{self.path.absolute().as_uri()}?mode=rw"

    def make(self) -> bool:
        """Make the file if there is none, readable by its owner alone; return whether it was made. Raises `OSError`."""
        made = not self.path.exists()
        opened = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            if os.fstat(opened).st_uid == os.geteuid():
                os.fchmod(opened, 0o600)
        finally:
            os.close(opened)
        return made

    def note_opened(self, *, made: bool) -> None:
        """Note which file it is, and log it if it was made: where one was expected, its disk is not there."""
        self._opened = self._found()
        if made:
            self.log.info("there was no store in {where}: a new one was made", where=str(self.path))

    def check(self) -> None:
        """Raise `StoreFailed` if the file that was opened was removed or replaced, or can't be looked for."""
        if self._opened is not None and self._found() != self._opened:
            why = "the file was removed or replaced: put it back, or start the gateway again"
            raise StoreFailed("gone", f"{self.path}: {why}")

    def _found(self) -> tuple[int, int] | None:
        """Return device and inode of the file; None if there is none."""
        found = _status(self.path)
        return None if found is None else (found.st_dev, found.st_ino)
