"""Answer the questions of `/journal` and `/audit` from the store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import partial
from typing import Any

from twisted.web.http import BAD_REQUEST, CONFLICT, NOT_ALLOWED, NOT_FOUND, OK, SERVICE_UNAVAILABLE

from sip2gw.admin.health import Content
from sip2gw.admin.journal import Question
from sip2gw.journal import audit, listing, people
from sip2gw.journal.audit import By, NotPossible
from sip2gw.journal.listing import Listed, Wanted
from sip2gw.journal.opening import Accounts
from sip2gw.journal.people import ACTIONS, NotThere
from sip2gw.journal.states import OPEN, State
from sip2gw.store.port import Store, StoreFailed

_DIGITS = 15
"""Of a number that both stores can compare with a row's."""


class _Amiss(ValueError):
    """The question can't be understood. The text is for the person."""


async def answer(store: Store, accounts: Accounts, question: Question) -> Content:
    """Return status and content. A change is durable then."""
    try:
        return await _answer(store, accounts, question)
    except _Amiss as amiss:
        return BAD_REQUEST, {"error": str(amiss)}
    except NotThere as missing:
        return NOT_FOUND, {"error": str(missing)}
    except NotPossible as not_possible:
        return CONFLICT, {"error": str(not_possible)}
    except StoreFailed as failed:
        return SERVICE_UNAVAILABLE, {"error": f"the store: {failed.reason}"}


async def _answer(store: Store, accounts: Accounts, question: Question) -> Content:
    reading = question.method in ("GET", "HEAD")
    match (question.page, *question.path):
        case ("journal",) if reading:
            found = await store.read(partial(listing.find, wanted=_wanted(question.query)))
            return OK, {"rows": [_row(one, accounts) for one in found], "more": len(found) == listing.PAGE}
        case ("audit",) if reading:
            before = _number(_known(question.query, "before").get("before", "0"))
            entries = await store.read(partial(audit.entries, before_number=before))
            return OK, {
                "entries": [audit.entry_in_json(one) for one in entries],
                "more": len(entries) == listing.PAGE,
            }
        case ("journal", number) if reading:
            row = await store.read(partial(people.look, number=_number(number)))
            return OK, _row(row, accounts)
        case ("journal", number, action) if action in ACTIONS and question.method == "POST":
            work = partial(people.act, number=_number(number), action=action, by=_by(question))
            return OK, _row(await store.change(work), accounts)
        case ("journal",) | ("audit",) | ("journal", _):
            return NOT_ALLOWED, {"error": "method not allowed"}
        case ("journal", _, action) if action in ACTIONS:
            return NOT_ALLOWED, {"error": "method not allowed"}
    return NOT_FOUND, {"error": "not found"}


def _row(row: Listed, accounts: Accounts) -> dict[str, Any]:
    waits = accounts.waits_for(row.library) if row.state in OPEN else ""
    return {**listing.row_in_json(row), **({"to_do": waits} if waits else {})}


def _wanted(query: Mapping[str, str]) -> Wanted:
    _known(query, "library", "terminal", "state", "older", "after")
    states = frozenset(map(_state, filter(None, query.get("state", "").split(","))))
    return Wanted(
        library=query.get("library", "").lower(),
        terminal=query.get("terminal", ""),
        older=float(_number(query.get("older", "0"))),
        after_number=_number(query.get("after", "0")),
        **({"states": states} if states else {}),
    )


def _state(text: str) -> State:
    try:
        return State(text.strip().upper())
    except ValueError:
        raise _Amiss(f"state: write one of {', '.join(State).lower()}") from None


def _known(query: Mapping[str, str], *names: str) -> Mapping[str, str]:
    if query.keys() - set(names):
        raise _Amiss(f"unknown parameter; known are {', '.join(names)}")
    return query


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit()) or len(text) > _DIGITS:
        raise _Amiss("write numbers as digits; older is in seconds")
    return int(text)


def _by(question: Question) -> By:
    try:
        said = json.loads(question.body)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict) or said.keys() != {"why"} or not isinstance(said["why"], str):
        raise _Amiss('send a JSON object with your reason: {"why": "..."}')
    try:
        return By(question.who, said["why"])
    except NotPossible as incomplete:
        raise _Amiss(str(incomplete)) from None
