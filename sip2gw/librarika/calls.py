"""How one request of a terminal asks: one call, as one account, within one deadline, with what a refusal is about."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from copy import copy
from math import inf
from typing import Any, Self, TypeVar

from sip2gw.librarika import translation
from sip2gw.librarika.accounts import Account
from sip2gw.librarika.http.structuring import Misshapen, structured
from sip2gw.librarika.languages import Languages
from sip2gw.librarika.records import InQuestion
from sip2gw.librarika.rules import RulesShelf
from sip2gw.library import FeeKind, Refused, Rules, Still

T = TypeVar("T")

_OURS = {"reservation_not_found": "hold_not_found"}
"""Codes that have another name among the port's."""


class Calls:
    """The calls of one account, perhaps those of one request. `languages` remembers what the members met speak."""

    def __init__(self, account: Account, shelf: RulesShelf, languages: Languages) -> None:
        self.account = account
        self.shelf = shelf
        self.languages = languages
        self._until = inf
        self._still: Still | None = None

    def within(self, seconds: float, still: Still | None) -> Self:
        """The same for one request, which must have all its answers so soon."""
        client, other = self.account.api.client, copy(self)
        other._until = min(client.now() + seconds, client.deadline())
        other._still = still
        return other

    @property
    def until(self) -> float:
        """When the answer must be there."""
        return min(self._until, self.account.api.client.deadline())

    async def rules(self) -> Rules:
        """What the library is and allows."""
        return await self.shelf.rules(self.until)

    async def read(self, kind: type[T], operation: str, path: str, body: Mapping[str, Any]) -> T:
        """Ask. It is a POST too: what names a person does not belong in a URL."""
        return await self._ask(kind, operation, path, body, None)

    async def write(self, kind: type[T], operation: str, path: str, body: Mapping[str, Any], key: str) -> T:
        """Write under this key. A lost answer is settled by the same call; `InDoubt` if that fails too."""
        return await self._ask(kind, operation, path, body, key)

    async def _ask(
        self, kind: type[T], operation: str, path: str, body: Mapping[str, Any], key: str | None
    ) -> T:
        said = {name: value for name, value in body.items() if value is not None}
        try:
            return await self.account.record(
                kind, operation, "POST", path, until=self.until, body=said, key=key, still=self._still
            )
        except Refused as refusal:
            raise self._about(refusal, operation, str(body.get("member_no", ""))) from None

    def _about(self, refusal: Refused, operation: str, member_no: str) -> Refused:
        """The same refusal, with the item that it is about."""
        said = InQuestion()
        with suppress(Misshapen):
            said = structured(dict(refusal.document), InQuestion)
        if member_no and said.language:
            self.languages.meet(member_no, said.language)
        facts = dict(refusal.facts)
        if refusal.code == "fee_required":
            facts["kind"] = (FeeKind.HOLD if operation == "reserve" else FeeKind.LOAN).value
        code = _OURS.get(refusal.code, refusal.code)
        return Refused(code, refusal.reason, facts, translation.in_question(said))
