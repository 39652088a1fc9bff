"""How one request of a terminal asks: one call, as one account, within one deadline, with what a refusal is about."""

from __future__ import annotations

from collections.abc import Coroutine, Mapping
from contextlib import suppress
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

    def __init__(
        self,
        account: Account,
        shelf: RulesShelf,
        languages: Languages,
        *,
        until: float = inf,
        still: Still | None = None,
    ) -> None:
        self.account = account
        self.shelf = shelf
        self.languages = languages
        self._until = until
        self._still = still

    def within(self, seconds: float, still: Still | None) -> Self:
        """The same for one request, which must have all its answers so soon."""
        client = self.account.api.client
        until = client.now() + min(seconds, client.timeouts.call)
        return type(self)(self.account, self.shelf, self.languages, until=until, still=still)

    @property
    def until(self) -> float:
        """When the answer must be there."""
        return min(self._until, self.account.api.client.deadline())

    def rules(self) -> Coroutine[Any, Any, Rules]:
        """What the library is and allows."""
        return self.shelf.rules(self.until)

    async def ask(
        self, kind: type[T], operation: str, path: str, body: Mapping[str, Any], key: str | None = None
    ) -> T:
        """Ask, or write under this key. A read is a POST too: what names a person does not belong in a URL.

        A write whose answer is lost is settled by the same call, with no `password` in its body; `InDoubt` if that
        fails too. `Refused("invalid_credentials")` when the account can't sign in any longer.
        """
        said = {name: value for name, value in body.items() if value is not None}
        try:
            answer = await self.account.request(
                operation,
                "POST",
                path,
                until=self.until,
                body=said,
                key=key,
                still=self._still,
                shape=kind,
            )
        except Refused as refusal:
            raise self._about(refusal, operation, str(body.get("member_no", ""))) from None
        record: T = answer.record
        return record

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
