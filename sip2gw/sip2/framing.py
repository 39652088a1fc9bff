"""Bytes into lines. However the bytes are cut into pieces, they give the same lines; no line is longer than allowed.

A line ends with CR or LF, and what stands between two ends counts only if it is more than NULs; so CR LF, LF CR and
CR NUL are one end each. The caller bounds how many bytes wait here.
"""

from __future__ import annotations

import re

_BEGIN = re.compile(rb"[^\r\0]")


class TooLong(Exception):
    """The line is longer than allowed; no part of it is a message."""


class Framer:
    """Cut the bytes of one connection into lines."""

    __slots__ = ("_at", "_bytes", "begun", "empty")

    def __init__(self) -> None:
        self.begun = False
        """Whether a line has begun, complete or not."""
        self.empty = True
        """Whether no byte waits."""
        self._bytes = b""
        self._at = 0

    def __len__(self) -> int:
        """Count the bytes that wait."""
        return len(self._bytes) - self._at

    @property
    def waiting(self) -> bytes:
        """The bytes that wait, without those before the line begins."""
        begin = _BEGIN.search(self._bytes, self._at)
        return self._bytes[begin.start() :] if begin else b""

    @property
    def whole(self) -> bool:
        """Whether a complete line waits."""
        if not self.begun:
            return False
        # No one expression for both: without an end it would be tried again from each byte on, and that takes seconds.
        begin = _BEGIN.search(self._bytes, self._at)
        return begin is not None and self._bytes.find(b"\r", begin.end()) >= 0

    def ends(self) -> int:
        """Count the ends of lines that wait; there are at least as many as lines."""
        return self._bytes.count(b"\r", self._at)

    def feed(self, piece: bytes) -> None:
        """Take in `piece`, the bytes received next."""
        self._bytes = self._bytes[self._at :] + piece.replace(b"\n", b"\r")
        self._at = 0
        self.empty = not self._bytes
        self.begun = self.begun or _BEGIN.search(self._bytes) is not None

    def next(self, longest: int) -> bytes | None:
        """Return the next line without its end, or None if it is not complete.

        Raises `TooLong` if it has more than `longest` bytes.
        """
        begin = _BEGIN.search(self._bytes, self._at)
        if begin is None:
            self._drop()
            return None
        self._at = begin.start()
        end = self._bytes.find(b"\r", self._at, self._at + longest + 1)
        if end >= 0:
            line = self._bytes[self._at : end]
            self._at = end + 1
            if _BEGIN.search(self._bytes, self._at) is None:
                self._drop()
            return line
        if len(self) > longest:
            raise TooLong
        return None

    def _drop(self) -> None:
        """Drop all bytes, because no line has begun in them."""
        self._bytes, self._at = b"", 0
        self.begun, self.empty = False, True
