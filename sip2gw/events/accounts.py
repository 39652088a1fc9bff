"""An account as events show it: not whole, because a password may have been entered in its place."""

from __future__ import annotations

import re

_MAIL = re.compile(r"([^\s@:/])[^\s@:/]*(@[A-Za-z0-9.-]+\.[A-Za-z]{2,})")


def masked_account(account: str) -> str:
    """Return `k...@riverside.example` for an e-mail address. Any other text may be a password: it gives `(...)`."""
    found = _MAIL.fullmatch(account.strip())
    return f"{found[1]}...{found[2]}" if found else "(...)" if account else ""
