"""Answer one request in one transaction: effect, ledger row and key are committed together.

`Incoming` has all that is needed of HTTP. `web` sends the answer to the client.
"""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Mapping
from datetime import date
from typing import Any

from attrs import Factory, frozen

from sip2gw.sandbox import auth, days, idempotency, reservations, strict_json
from sip2gw.sandbox.answer import Answer
from sip2gw.sandbox.attempts import Attempts
from sip2gw.sandbox.call import Call
from sip2gw.sandbox.libraries import Library
from sip2gw.sandbox.operations import Operation
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.schema import transaction

LARGEST_BODY = 1 << 20
"""Bytes."""


@frozen
class Incoming:
    """A request as it came: the path decoded, header names in lower case."""

    path: str
    headers: Mapping[str, str]
    body: bytes = Factory(bytes)


class Server:
    """The libraries, their database, and the counters of one sandbox. `clock` has `seconds()`, since 1970."""

    def __init__(self, database: sqlite3.Connection, clock: Any, token_life: float) -> None:
        self.database = database
        self.clock = clock
        self.token_life = token_life
        self.libraries: dict[str, Library] = {}
        self.attempts = Attempts()
        self.counts: dict[str, Counter[str]] = {}
        self.honour_keys = True
        self.expired: dict[str, date] = {}

    def library(self, nickname: str) -> Library:
        """Return the library with this nickname. Raises `Problem` (`library_not_found`)."""
        try:
            return self.libraries[nickname]
        except KeyError:
            raise Problem("library_not_found") from None

    def count(self, library: str, operation: str) -> None:
        """Count a request of an operation, also one that fails."""
        self.counts.setdefault(library, Counter())[operation] += 1

    def answer(self, library: Library, operation: Operation, incoming: Incoming) -> Answer:
        """Carry out a request, and return its answer."""
        call = Call(
            self.database,
            library,
            days.at(self.clock.seconds()),
            request_id=incoming.headers.get("x-request-id", ""),
            headers=incoming.headers,
            attempts=self.attempts,
            token_life=self.token_life,
        )
        try:
            if operation.needs_token:
                call.user_id = auth.authenticate(call)
            raw = _json(operation, incoming)
            body = _body(operation, raw)
            self._expire(call)
            key = incoming.headers.get("idempotency-key")
            if not operation.writes or key is None or not self.honour_keys:
                call.key = key or ""
                return self._carry_out(call, operation, body)
            call.key = idempotency.checked(key)
            mark = idempotency.fingerprint(operation.method, incoming.path, raw)
            if (first := idempotency.first_answer(call, mark)) is None:
                return self._carry_out(call, operation, body, mark)
            return first if operation.replayed is None else operation.replayed(call, body, first)
        except Problem as problem:
            return Answer.no(problem)

    def _expire(self, call: Call) -> None:
        """Give up expired reservations, with the first request of a library's day."""
        if self.expired.get(call.nickname) != call.today:
            with transaction(self.database):
                reservations.expire(call)
            self.expired[call.nickname] = call.today

    def _carry_out(self, call: Call, operation: Operation, body: Any, mark: str = "") -> Answer:
        self.database.execute("BEGIN IMMEDIATE")
        try:
            answer = _answer(operation.rule(call, body))
        except Problem as problem:
            self.database.execute("ROLLBACK")
            answer = Answer.no(problem.about(call.known))
            # Only a decision is kept: a malformed request may be sent again in valid form.
            if not mark or not (problem.status in (404, 409) or problem.code == "password_wrong"):
                return answer
            self.database.execute("BEGIN IMMEDIATE")
        except BaseException:  # a bug of a rule, or the process is interrupted
            self.database.execute("ROLLBACK")
            raise
        if mark:
            idempotency.keep(call, mark, answer)
        self.database.execute("COMMIT")
        return answer


def _answer(result: tuple[int, Any] | Answer) -> Answer:
    return result if isinstance(result, Answer) else Answer.of(*result)


def _json(operation: Operation, incoming: Incoming) -> Any:
    """Return the value of the body. Raises `Problem`."""
    if operation.body is None:
        return {}
    if len(incoming.body) > LARGEST_BODY:
        raise Problem("payload_too_large", f"at most {LARGEST_BODY} bytes")
    kind = incoming.headers.get("content-type", "application/json")
    if incoming.body and kind.partition(";")[0].strip().lower() != "application/json":
        raise Problem("unsupported_media_type")
    try:
        return strict_json.parse(incoming.body.decode())
    except ValueError:
        raise Problem("validation_failed", "the body is not JSON", status=400) from None


def _body(operation: Operation, raw: Any) -> Any:
    if operation.body is None:
        return None
    try:
        return strict_json.structure(raw, operation.body)
    except strict_json.Faults as faults:
        # Faults have places and fixes; they never repeat the value that was sent.
        found = [{"place": place, "fault": fault} for place, fault in faults.found]
        raise Problem("validation_failed", str(faults), faults=found) from None
