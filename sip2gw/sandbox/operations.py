"""The contract's operations, one line each: name, method, path, the body, and the rule that answers.

`docs/librarika-api.yaml` has the same names under `operationId`; a test compares the two.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import frozen

from sip2gw.sandbox import (
    auth,
    copies,
    extensions,
    fees,
    items,
    loans,
    members,
    payments,
    reservations,
    returns,
    undoing,
)
from sip2gw.sandbox.answer import Answer
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.problem import Problem

Rule = Callable[[Call, Any], tuple[int, Any] | Answer]


@frozen
class Operation:
    """`path` is below the library's base. A write may carry a key. A `body` is the class of the JSON that it takes."""

    name: str
    method: str
    path: str
    rule: Rule
    body: type[Any] | None = None
    writes: bool = False
    needs_token: bool = True
    replayed: Callable[[Call, Any, Answer], Answer] | None = None
    """Returns the first answer under a key as it is now, where it may have changed."""


def _health(_: Call, __: None) -> tuple[int, Any]:
    """Serve `get_health`."""
    return 200, {"status": "ok"}


def _library(call: Call, _: None) -> Answer:
    """Serve `get_library`: 304 without a body for a client that has this version already."""
    headers = {"ETag": call.library.etag, "Cache-Control": "private, max-age=300"}
    given = call.headers.get("if-none-match", "")
    known = {tag.strip().removeprefix("W/") for tag in given.split(",")}
    if call.library.etag in known or "*" in known:
        return Answer(304, b"", "", headers)
    return Answer(200, call.library.document, headers=headers)


def _write(name: str, path: str, rule: Rule, body: type[Any]) -> Operation:
    return Operation(name, "POST", path, rule, body, writes=True)


OPERATIONS = (
    Operation("get_health", "GET", "/health", _health, needs_token=False),
    Operation("create_token", "POST", "/auth/tokens", auth.sign_in, auth.Credentials, needs_token=False),
    Operation("refresh_token", "POST", "/auth/tokens/refresh", auth.renew, auth.Refresh, needs_token=False),
    Operation("revoke_token", "DELETE", "/auth/tokens/current", auth.revoke),
    Operation("get_library", "GET", "/library", _library),
    Operation("find_member", "POST", "/members/find", members.find, members.Find),
    _write("block_member", "/members/block", members.block, members.Block),
    _write("enable_member", "/members/enable", members.enable, members.Enable),
    Operation("find_copy", "POST", "/copies/find", items.find, copies.Find),
    _write("update_copy", "/copies/update", items.update, copies.CopyUpdate),
    Operation("issue", "POST", "/loans", loans.issue, loans.Issue, writes=True, replayed=loans.replayed),
    _write("extend", "/loans/extend", extensions.extend, extensions.Extension),
    _write("extend_all", "/loans/extend-all", extensions.extend_all, extensions.ExtensionOfAll),
    _write("undo_loan", "/loans/undo", undoing.undo_loan, undoing.UndoLoan),
    _write("return", "/returns", returns.take_back, returns.Return),
    _write("undo_return", "/returns/undo", undoing.undo_return, undoing.UndoReturn),
    _write("reserve", "/reservations", reservations.reserve, reservations.Reservation),
    _write("change_reservation", "/reservations/change", reservations.change, reservations.Change),
    _write("cancel_reservation", "/reservations/cancel", reservations.cancel, reservations.Cancellation),
    _write("pay", "/payments", payments.pay, fees.Payment),
)

_ROUTES: dict[str, dict[str, Operation]] = {}
for _operation in OPERATIONS:
    _ROUTES.setdefault(_operation.path, {})[_operation.method] = _operation


def route(method: str, path: str) -> Operation:
    """Return the operation of a method and a path below the library's base. Raises `Problem`."""
    methods = _ROUTES.get(path)
    if methods is None:
        raise Problem("not_found")
    if method not in methods:
        raise Problem("method_not_allowed", headers={"Allow": ", ".join(sorted(methods))})
    return methods[method]
