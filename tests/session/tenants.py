"""Tenants as a session sees them: it only ever asks one for its name."""

from datetime import UTC
from typing import Any, cast

from attrs import frozen

from sip2gw.library import Library, Rules
from sip2gw.tenants import Tenant


@frozen
class _Named:
    nickname: str


def tenant(nickname: str = "riverside", account: str = "kiosk") -> Tenant:
    library: Any = _Named(nickname)
    return Tenant(cast(Library, library), account, Rules(name="A library", zone=UTC))
