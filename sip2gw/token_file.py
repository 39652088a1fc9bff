"""The token of the admin endpoint, in a file.

The commands that ask a running gateway read it as well. They start without the configuration, which is slow to import.
"""

from __future__ import annotations

from pathlib import Path

from sip2gw.faults import Wrong, unreadable
from sip2gw.secret import Secret

SHORTEST_TOKEN = 32
"""Characters."""


def token_in(path: Path) -> Secret:
    """Return the token in a file. Raises `Wrong`."""
    try:
        token = path.read_text(encoding="ascii").strip()
    except OSError as error:
        raise unreadable(path, error, "name a file with a token") from None
    except UnicodeDecodeError:
        raise Wrong(f"is {path}, which is not ASCII text", "put a token there") from None
    if len(token) < SHORTEST_TOKEN or not token.isprintable() or " " in token:
        raise Wrong(
            f"is {path}, which has no token of {SHORTEST_TOKEN} characters or more in one line",
            "make one with `openssl rand -hex 32`",
        )
    return Secret(token)
