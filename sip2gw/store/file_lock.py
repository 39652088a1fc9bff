"""A lock on a file beside the store, so that two gateways never use one store of SQLite."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from sip2gw.store.port import StoreFailed


class FileLock:
    """The lock of one gateway. The parent of several workers takes it; it ends with the process that has it."""

    def __init__(self, store: Path) -> None:
        self._path = store.with_name(f"{store.name}.lock")
        self._held: int | None = None

    def take(self) -> None:
        """Take the lock, unless this object has it. Raises `StoreFailed`."""
        if self._held is not None:
            return
        try:
            opened = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise StoreFailed("read-only", f"{self._path} can't be written: {error.strerror}") from None
        try:
            fcntl.flock(opened, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(opened)
            raise StoreFailed(
                "locked",
                f"another gateway uses {self._path.with_suffix('')}: stop it, or give this one another path",
            ) from None
        self._held = opened

    def release(self) -> None:
        """Release the lock, if this object has it."""
        if self._held is not None:
            os.close(self._held)
            self._held = None
