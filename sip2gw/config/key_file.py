"""The file with the keys by which readers' data in the store are encrypted: read, and made if there is none.

The first key encrypts. Those below it are keys that it has replaced, which only decrypt.
"""

from __future__ import annotations

import os
from base64 import b64decode
from contextlib import suppress
from pathlib import Path
from secrets import token_hex
from tempfile import NamedTemporaryFile

from sip2gw.faults import Wrong, unreadable
from sip2gw.secret import Secret

KEY = "sip2gw.key"
KEY_SIZE = 32
"""Bytes of a key."""
MOST_KEYS = 8
"""Keys in a file: each write is compared with what was written under each of them."""

MAKE_KEY = "make one with `openssl rand -hex 32`"


def keys_in(path: Path) -> tuple[Secret, ...]:
    """Return the keys in a file, one in a line, each as 64 hexadecimal digits; the newest first. Raises `Wrong`."""
    try:
        lines = path.read_text(encoding="ascii").splitlines()
    except OSError as error:
        raise unreadable(path, error, MAKE_KEY) from None
    except UnicodeDecodeError:
        raise Wrong(f"is {path}, which is not ASCII text", MAKE_KEY) from None
    keys = [
        _key(line.strip(), f"{path}, line {number}") for number, line in enumerate(lines, 1) if line.strip()
    ]
    if not keys:
        raise Wrong(f"is {path}, which is empty", MAKE_KEY)
    if len(keys) > MOST_KEYS:
        raise Wrong(
            f"is {path}, which has more than {MOST_KEYS} keys", "remove those that are no longer in use"
        )
    if len(set(keys)) < len(keys):
        raise Wrong(f"is {path}, which has one key twice", f"remove one of them, or {MAKE_KEY}")
    return tuple(Secret(key.hex()) for key in keys)


def _key(written: str, where: str) -> bytes:
    """Return a key that was written in hexadecimal or base64. Raises `Wrong`."""
    for read in (bytes.fromhex, lambda encoded: b64decode(encoded, validate=True)):
        with suppress(ValueError):
            if len(key := read(written)) == KEY_SIZE:
                return key
    raise Wrong(f"is {where}, which has no {KEY_SIZE} bytes in hexadecimal or base64", MAKE_KEY)


def kept_keys(path: Path) -> tuple[Secret, ...]:
    """Return the keys in a file, which is made with a random key if it does not exist. Raises `Wrong`, OSError.

    Of several processes that make it at the same time, all get the same key.
    """
    if not path.exists():
        # The file appears with all of its content, or not at all. Only its owner can read a temporary file.
        with NamedTemporaryFile("w", dir=path.parent, prefix=f".{path.name}.") as made:
            made.write(token_hex(KEY_SIZE) + "\n")
            made.flush()
            os.fsync(made.fileno())
            with suppress(FileExistsError):
                os.link(made.name, path)
        folder = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    return keys_in(path)
