"""Carry out each misbehaviour of `misbehaviour.KINDS` on the wire.

`answer` carries the request out when it is called; a misbehaviour without an effect never calls it.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.web.server import Request

from sip2gw.sandbox.answer import Answer, write
from sip2gw.sandbox.misbehaviour import Misbehaviour
from sip2gw.sandbox.problem import Problem

Serve = Callable[[], Answer]


class Client:
    """The other side of a request, which may have disconnected in the meantime."""

    def __init__(self, request: Request, clock: Any) -> None:
        # Twisted's request is only partly annotated.
        self.request: Any = request
        self.gone = False
        self._clock = clock
        waiting: Deferred[None] = request.notifyFinish()
        waiting.addErrback(self._lost)

    def _lost(self, _: object) -> None:
        self.gone = True

    def later(self, seconds: float, what: Callable[[], object]) -> None:
        """Do something after a while, or at once if the delay is 0."""
        if seconds > 0:
            self._clock.callLater(seconds, what)
        else:
            what()

    def send(self, answer: Answer) -> None:
        """Answer without a fault."""
        self.begin(answer)
        self.end(answer.body)

    def begin(self, answer: Answer, length: int | None = None) -> None:
        """Send status and headers, announcing a body of `length` bytes."""
        if self.gone:
            return
        write(self.request, answer)
        size = len(answer.body) if length is None else length
        self.request.responseHeaders.setRawHeaders("content-length", [str(size)])

    def end(self, body: bytes) -> None:
        """Send the rest of the body."""
        if not self.gone:
            self.request.write(body)
            self.request.finish()

    def reset(self) -> None:
        """Reset the connection."""
        if not self.gone:
            self.request.channel.forceAbortClient()


def misbehave(request: Request, rule: Misbehaviour, answer: Serve, clock: Any) -> None:
    """Treat a request by the rule."""
    client = Client(request, clock)
    _MISDEEDS[rule.what](client, rule, answer)


def _slow(client: Client, rule: Misbehaviour, answer: Serve) -> None:
    client.later(rule.seconds, lambda: client.send(answer()))


def _hang(_: Client, __: Misbehaviour, ___: Serve) -> None:
    """Send nothing, without an end."""


def _reset(client: Client, rule: Misbehaviour, _: Serve) -> None:
    # A refusal's seconds say how long it is in force, not how long a request waits.
    client.later(0 if rule.what == "refuse" else rule.seconds, client.reset)


def _reset_after(client: Client, _: Misbehaviour, answer: Serve) -> None:
    answer()
    client.reset()


def _hang_after(_: Client, __: Misbehaviour, answer: Serve) -> None:
    answer()


def _error(client: Client, rule: Misbehaviour, _: Serve) -> None:
    client.send(_failure(rule))


def _error_after(client: Client, rule: Misbehaviour, answer: Serve) -> None:
    answer()
    client.send(_failure(rule))


def _failure(rule: Misbehaviour) -> Answer:
    if rule.body is not None:
        return Answer(rule.status or 500, rule.body.encode())
    return Answer.no(Problem("internal_error", status=rule.status or 500))


def _cut_body(client: Client, _: Misbehaviour, answer: Serve) -> None:
    whole = answer()
    client.begin(whole)
    if not client.gone:
        client.request.write(whole.body[: len(whole.body) // 2])
        # Not aborted, so that the first half does arrive.
        client.request.channel.loseConnection()


def _slow_body(client: Client, rule: Misbehaviour, answer: Serve) -> None:
    whole = answer()
    client.begin(whole)

    def drip(at: int) -> None:
        if client.gone:
            return
        if at >= len(whole.body):
            client.request.finish()
            return
        client.request.write(whole.body[at : at + 1])
        client.later(rule.seconds or 1.0, lambda: drip(at + 1))

    drip(0)


def _garbage(client: Client, rule: Misbehaviour, answer: Serve) -> None:
    answer()
    body = b'\x00\xff{"id": 1,,<html>' if rule.body is None else rule.body.encode()
    client.send(Answer(rule.status or 200, body))


def _wrong_type(client: Client, rule: Misbehaviour, answer: Serve) -> None:
    done = answer()
    body = json.dumps([{"items": "none"}, 7]) if rule.body is None else rule.body
    client.send(Answer(rule.status or done.status, body.encode()))


def _huge_body(client: Client, rule: Misbehaviour, answer: Serve) -> None:
    done = answer()
    size = rule.size or 64 << 20
    client.begin(done, size)
    left = size - 1

    def pull() -> None:
        # Written piece by piece as the client takes it, so that the sandbox itself stays small.
        nonlocal left
        if client.gone:
            return
        piece = min(left, 1 << 16)
        left -= piece
        client.request.write(b" " * piece)
        if left <= 0:
            client.request.unregisterProducer()
            client.end(b"1")

    client.request.registerProducer(_Puller(pull), False)


class _Puller:
    """A pull producer around a function."""

    def __init__(self, pull: Callable[[], None]) -> None:
        self.resumeProducing = pull

    def stopProducing(self) -> None:
        """Do nothing: `Client.gone` is set."""


def _huge_headers(client: Client, rule: Misbehaviour, answer: Serve) -> None:
    done = answer()
    filling = {f"X-Filling-{number}": "x" * 1000 for number in range((rule.size or 1 << 20) // 1000)}
    client.send(Answer(done.status, done.body, done.content_type, {**done.headers, **filling}))


def _unauthorized(client: Client, _: Misbehaviour, __: Serve) -> None:
    client.send(Answer.no(Problem("unauthorized", headers={"WWW-Authenticate": 'Bearer realm="librarika"'})))


def _rate_limited(client: Client, rule: Misbehaviour, _: Serve) -> None:
    problem = Problem("rate_limited", status=rule.status or 429, headers={"Retry-After": rule.retry_after})
    client.send(Answer.no(problem))


def _redirect(client: Client, rule: Misbehaviour, _: Serve) -> None:
    client.send(Answer(rule.status or 302, b"", "", {"Location": rule.location}))


_MISDEEDS: dict[str, Callable[[Client, Misbehaviour, Serve], None]] = {
    "slow": _slow,
    "hang": _hang,
    "refuse": _reset,
    "reset_before": _reset,
    "reset_after_commit": _reset_after,
    "hang_after_commit": _hang_after,
    "error_after_commit": _error_after,
    "error": _error,
    "cut_body": _cut_body,
    "slow_body": _slow_body,
    "garbage": _garbage,
    "huge_body": _huge_body,
    "huge_headers": _huge_headers,
    "unauthorized": _unauthorized,
    "rate_limited": _rate_limited,
    "late_commit": _slow,
    "wrong_type": _wrong_type,
    "redirect": _redirect,
}
