"""Make the calls of one request of a terminal: as one account, before one deadline."""

from __future__ import annotations

import re
from collections.abc import Coroutine, Mapping
from contextlib import suppress
from typing import Any, TypeVar

from sip2gw.librarika import translation
from sip2gw.librarika.accounts import Account
from sip2gw.librarika.http.structuring import Misshapen, structured
from sip2gw.librarika.labels import Labels
from sip2gw.librarika.languages import Languages
from sip2gw.librarika.records import Booking, InQuestion
from sip2gw.librarika.rules import RulesCache
from sip2gw.library import FeeKind, InDoubt, Made, MayWrite, Occasion, Refused, Rules
from sip2gw.secret import Secret

T = TypeVar("T")

_OURS = {"reservation_not_found": "hold_not_found"}
"""Codes of the API that have another name in the port."""
_LONGEST = 255
_HALF = re.compile("[\ud800-\udfff]")
"""Half of a surrogate pair, which no charset can encode."""


class Calls:
    """The calls of one account or of one request. `languages` remembers the languages of the members it has met."""

    __slots__ = ("_background", "_may_write", "_until", "account", "languages", "made", "rules_cache")

    def __init__(
        self,
        account: Account,
        rules_cache: RulesCache,
        languages: Languages,
        until: float | None = None,
        may_write: MayWrite | None = None,
        *,
        background: bool = False,
        made: list[Made] | None = None,
    ) -> None:
        self.account = account
        self.rules_cache = rules_cache
        self.languages = languages
        self._until = until
        self._may_write = may_write
        self._background = background
        self.made = made
        """The calls so far; None if this is not for one request."""

    def within(self, seconds: float, may_write: MayWrite | None) -> Calls:
        """Return the calls for one request, whose answers must all be there in so many `seconds`."""
        client = self.account.api.client
        until = client.now() + min(seconds, client.timeouts.call)
        background = self._background
        return Calls(
            self.account, self.rules_cache, self.languages, until, may_write, background=background, made=[]
        )

    def in_background(self) -> Calls:
        """Return calls that take no slot that a terminal waits for."""
        return Calls(self.account, self.rules_cache, self.languages, background=True)

    @property
    def until(self) -> float:
        """The time by which the answer must be there, on the clock of the reactor."""
        return self.account.api.client.deadline() if self._until is None else self._until

    def rules(self) -> Coroutine[Any, Any, Rules]:
        """Return the rules of the library."""
        return self.rules_cache.rules(self.until)

    async def ask(
        self, kind: type[T], operation: str, path: str, body: Mapping[str, Any], key: str | None = None
    ) -> T:
        """Read, or write under this key, and return the record in the answer.

        A read is a POST too, because a person's number does not belong in a URL. Members of `body` that are None are
        left out. If the answer of a write is lost, the same call is made again without the `password` in its body;
        `InDoubt` if that fails too. `Refused("invalid_credentials")` when the account can't sign in any longer.
        """
        try:
            answer = await self.account.request(
                operation,
                "POST",
                path,
                until=self.until,
                body={name: value for name, value in body.items() if value is not None},
                key=key,
                may_write=None if key is None else self._may_write,
                background=self._background,
                shape=kind,
                made=self.made,
            )
        except Refused as refusal:
            raise self._about(refusal, operation, str(body.get("member_no", ""))) from None
        record: T = answer.record
        return record

    def _about(self, refusal: Refused, operation: str, member_no: str) -> Refused:
        """Return the refusal with the port's code, and with the item that it is about."""
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


def must_be(booking: Booking, operation: str, become: frozenset[str], whose: str | None) -> None:
    """Raise `InDoubt` unless a write has made the booking what it should be, for this member if one is given."""
    if booking.status not in become:
        raise InDoubt(f"{operation}: the booking in the answer has another status")
    if whose is not None and _bare(booking.member.member_no) != _bare(whose):
        raise InDoubt(f"{operation}: the booking in the answer is another member's")


def _bare(member_no: str) -> str:
    """Return a number without what does not count in many databases: letter case, outer blanks and leading zeros."""
    return member_no.strip().casefold().lstrip("0")


class Noun:
    """The port's methods about one noun. `labels` says which labels the terminal reads."""

    __slots__ = ("_calls", "_labels")

    def __init__(self, calls: Calls, labels: Labels = Labels()) -> None:  # noqa: B008 (frozen)
        self._calls, self._labels = calls, labels


def member(
    patron_id: str, password: Secret | None = None, occasion: Occasion | None = None
) -> dict[str, Any]:
    """Return the members of a body that name the patron. `occasion` is for a write.

    The body of a write also says that there was a password, because the password is left out when it is sent again.
    `Refused("member_not_found")` for a text that can't be a member's number.
    """
    if not 0 < len(patron_id) <= _LONGEST or _HALF.search(patron_id):
        raise Refused("member_not_found", "the patron identifier is empty, too long, or half a character")
    entered = occasion is not None and (bool(password) or occasion.password_entered)
    if not (password or entered):
        return {"member_no": patron_id}
    known = password.reveal() if password else None
    return {"member_no": patron_id, "password": known, "password_entered": entered or None}
