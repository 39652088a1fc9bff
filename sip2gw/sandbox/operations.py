"""The contract's operations, one line each: name, method, path, and the rule that answers.

`docs/librarika-api.yaml` has the same names under `operationId`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from sip2gw.sandbox import (
    auth,
    bookings,
    copies,
    fees,
    loans,
    members,
    passwords,
    renewals,
    reservations,
    returns,
)
from sip2gw.sandbox.answer import Answer
from sip2gw.sandbox.asked import Asked
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.strict import LARGEST

Rule = Callable[[Call, Asked], tuple[int, Any] | Answer]


@frozen
class Operation:
    """`path` is below the library's base. A write runs in a transaction of its own and may carry a key.

    `query` names the parameters that it knows.
    """

    name: str
    method: str
    path: str
    rule: Rule
    body: type[Any] | None = None
    body_optional: bool = False
    writes: bool = False
    needs_token: bool = True
    query: tuple[str, ...] = ()


def _library(call: Call, asked: Asked) -> Answer:
    """`get_library`: 304 without a body for whoever has this version already."""
    headers = {"ETag": call.library.etag, "Cache-Control": "private, max-age=300"}
    known = {tag.strip().removeprefix("W/") for tag in asked.if_none_match.split(",")}
    if call.library.etag in known or "*" in known:
        return Answer(304, b"", "", headers)
    return Answer(200, call.library.document, headers=headers)


def _list_bookings(call: Call, asked: Asked) -> tuple[int, Any]:
    statuses = asked.many("status", tuple(bookings.STATUSES))
    offset, limit = asked.number("offset", 0, 0, 10**9), asked.number("limit", 50, 1, 200)
    which = bookings.Filter(
        statuses,
        asked.flag("ready"),
        asked.number("copy_id", 0, 1, LARGEST) or None,
        asked.number("media_id", 0, 1, LARGEST) or None,
        asked.choice("order", ("oldest", "newest")) == "newest",
    )
    return bookings.of_member(call, asked.identity, which, offset, limit)


def _find_copies(call: Call, asked: Asked) -> tuple[int, Any]:
    return copies.find(call, asked.needed("identifier"), asked.many("types", copies.TYPES) or copies.TYPES)


OPERATIONS = (
    Operation("get_health", "GET", "/health", lambda call, asked: (200, {"status": "ok"}), needs_token=False),  # noqa: ARG005
    Operation(
        "create_token",
        "POST",
        "/auth/tokens",
        lambda call, asked: auth.sign_in(call, asked.token_life, asked.body),
        auth.Credentials,
        needs_token=False,
    ),
    Operation(
        "refresh_token",
        "POST",
        "/auth/tokens/refresh",
        lambda call, asked: auth.renew(call, asked.token_life, asked.body),
        auth.Refresh,
        needs_token=False,
    ),
    Operation(
        "revoke_token",
        "DELETE",
        "/auth/tokens/current",
        lambda call, asked: auth.revoke(call, asked.authorization),
    ),
    Operation("get_library", "GET", "/library", _library),
    Operation(
        "find_member",
        "GET",
        "/members",
        lambda call, asked: members.find(call, asked.needed("member_no")),
        query=("member_no",),
    ),
    Operation(
        "verify_member",
        "POST",
        "/members/{id}/verify",
        lambda call, asked: passwords.verify(call, asked.attempts, asked.identity, asked.body),
        passwords.Verification,
    ),
    Operation(
        "list_bookings",
        "GET",
        "/members/{id}/bookings",
        _list_bookings,
        query=("status", "ready", "copy_id", "media_id", "order", "offset", "limit"),
    ),
    Operation(
        "list_transactions",
        "GET",
        "/members/{id}/transactions",
        lambda call, asked: fees.transactions(call, asked.identity, asked.flag("open") or False),
        query=("open",),
    ),
    Operation("find_copies", "GET", "/copies", _find_copies, query=("identifier", "types")),
    Operation(
        "find_media",
        "GET",
        "/media",
        lambda call, asked: copies.of_name(call, asked.needed("title")),
        query=("title",),
    ),
    Operation(
        "create_booking",
        "POST",
        "/bookings",
        lambda call, asked: loans.create(call, asked.body),
        loans.NewBooking,
        writes=True,
    ),
    Operation(
        "return_booking",
        "POST",
        "/bookings/{id}/return",
        lambda call, asked: returns.take_back(call, asked.identity, asked.body),
        returns.Return,
        body_optional=True,
        writes=True,
    ),
    Operation(
        "extend_booking",
        "POST",
        "/bookings/{id}/extend",
        lambda call, asked: renewals.extend(call, asked.identity, asked.body),
        renewals.Extension,
        body_optional=True,
        writes=True,
    ),
    Operation(
        "extend_all_bookings",
        "POST",
        "/members/{id}/bookings/extend-all",
        lambda call, asked: renewals.extend_all(call, asked.identity, asked.body),
        renewals.ExtensionOfAll,
        body_optional=True,
        writes=True,
    ),
    Operation(
        "cancel_booking",
        "POST",
        "/bookings/{id}/cancel",
        lambda call, asked: reservations.cancel(call, asked.identity, asked.body),
        reservations.Cancellation,
        writes=True,
    ),
    Operation(
        "change_booking",
        "PATCH",
        "/bookings/{id}",
        lambda call, asked: reservations.change(call, asked.identity, asked.body),
        reservations.Change,
        writes=True,
    ),
    Operation(
        "revert_booking",
        "POST",
        "/bookings/{id}/revert",
        lambda call, asked: reservations.revert(call, asked.identity),
        renewals.Nothing,
        body_optional=True,
        writes=True,
    ),
    Operation(
        "pay_fees",
        "POST",
        "/members/{id}/payments",
        lambda call, asked: fees.pay(call, asked.identity, asked.body),
        fees.Payment,
        writes=True,
    ),
    Operation(
        "update_copy",
        "PATCH",
        "/copies/{id}",
        lambda call, asked: copies.update(call, asked.identity, asked.body),
        copies.CopyUpdate,
        writes=True,
    ),
    Operation(
        "update_member",
        "PATCH",
        "/members/{id}",
        lambda call, asked: members.update(call, asked.identity, asked.body),
        members.MemberUpdate,
        writes=True,
    ),
)


def _key(segments: tuple[str, ...]) -> tuple[str, ...]:
    """A path with its number taken out: it always comes second, after one of the three nouns that have numbers."""
    if len(segments) > 1 and segments[0] in ("members", "bookings", "copies"):
        return (segments[0], "{id}", *segments[2:])
    return segments


_ROUTES: dict[tuple[str, ...], dict[str, Operation]] = {}
for _operation in OPERATIONS:
    _ROUTES.setdefault(tuple(_operation.path.strip("/").split("/")), {})[_operation.method] = _operation


def route(method: str, segments: tuple[str, ...]) -> tuple[Operation, int]:
    """The operation of a method and path, and the number in the path. Raises `Problem`."""
    key = _key(segments)
    methods = _ROUTES.get(key)
    if methods is None:
        raise Problem("not_found")
    identity = 0
    if key != segments:
        text = segments[1]
        if not (text.isascii() and text.isdigit() and len(text) < 16):
            raise Problem("not_found", "the number in the path is none")
        identity = int(text)
    if method not in methods:
        raise Problem("method_not_allowed", headers={"Allow": ", ".join(sorted(methods))})
    return methods[method], identity
