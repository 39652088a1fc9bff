"""Rules by which the sandbox fails as a real server fails: before the effect, after it, or without an end.

A client must find out whether the effect took place, so each kind in `KINDS` states it. Rules are matched by library,
operation and method, the oldest first; each may apply to a number of requests only.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal, NewType, get_args

from attrs import define

from sip2gw.sandbox import strict_json
from sip2gw.sandbox.form import Count
from sip2gw.sandbox.operations import OPERATIONS
from sip2gw.sandbox.problem import Problem

Kind = Literal[
    "slow",
    "hang",
    "refuse",
    "reset_before",
    "reset_after_commit",
    "hang_after_commit",
    "error_after_commit",
    "error",
    "cut_body",
    "slow_body",
    "garbage",
    "huge_body",
    "huge_headers",
    "unauthorized",
    "rate_limited",
    "late_commit",
    "wrong_type",
    "redirect",
]

KINDS: Mapping[str, str] = {
    "slow": "waits `seconds`, then serves",
    "hang": "never answers, and does nothing",
    "refuse": "closes connections at once, for every library and for `/control`, for `seconds`; does nothing",
    "reset_before": "resets the connection and does nothing",
    "reset_after_commit": "does it, then resets the connection",
    "hang_after_commit": "does it, and never answers",
    "error_after_commit": "does it, then answers `status` (500)",
    "error": "answers `status` (500) with `body`, and does nothing",
    "cut_body": "does it, then closes in the middle of the answer",
    "slow_body": "does it, then sends the answer one byte every `seconds`",
    "garbage": "does it, then answers 200 with invalid JSON (or with `body`)",
    "huge_body": "does it, then answers 200 with a JSON text of `size` bytes (64 MiB)",
    "huge_headers": "does it, then answers with `size` bytes of headers (1 MiB)",
    "unauthorized": "answers 401 and does nothing",
    "rate_limited": "answers 429 with `retry_after` and does nothing",
    "late_commit": "does it only after `seconds`, then answers if the client is still connected",
    "wrong_type": "does it, then answers JSON of another shape (or `body`)",
    "redirect": "answers 302 (or `status`) with `location`, and does nothing",
}


Seconds = NewType("Seconds", float)
Header = NewType("Header", str)


def _seconds(value: Any, _: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < 1e6:
        raise ValueError("must be a number of seconds, not negative")
    return float(value)


def _header(value: Any, _: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, (str, int, float)) or "\n" in str(value):
        raise ValueError("must be one line of text, or a number")
    return str(value)


strict_json.learn(Seconds, _seconds)
strict_json.learn(Header, _header)


@define
class Misbehaviour:
    """One rule. `times` is how often it still applies, None: without an end. The other three may be `*`."""

    what: Kind
    library: str = "*"
    endpoint: str = "*"
    method: str = "*"
    seconds: Seconds = Seconds(0.0)
    times: Count | None = None
    status: Count | None = None
    body: str | None = None
    size: Count | None = None
    retry_after: Header = Header("1")
    location: Header = Header("http://elsewhere.invalid/")

    def covers(self, library: str, operation: str, method: str) -> bool:
        """Return whether this rule applies to such a request."""
        pairs = ((self.library, library), (self.endpoint, operation), (self.method, method))
        return self.times != 0 and all(wanted in ("*", given) for wanted, given in pairs)

    def everywhere(self) -> bool:
        """Whether it refuses connections."""
        return self.what == "refuse" and self.library == self.endpoint == self.method == "*"


class Misbehaviours:
    """The rules in force. `clock` has `seconds()`."""

    def __init__(self, clock: Any) -> None:
        self._clock = clock
        self._rules: list[tuple[Misbehaviour, float | None]] = []

    def add(self, wanted: Mapping[str, Any]) -> Misbehaviour:
        """Add a rule, from its JSON form. Raises `Problem` (`validation_failed`)."""
        try:
            rule = strict_json.structure(wanted, Misbehaviour)
        except strict_json.Faults as faults:
            raise Problem("validation_failed", str(faults)) from None
        if rule.endpoint != "*" and rule.endpoint not in {operation.name for operation in OPERATIONS}:
            raise Problem(
                "validation_failed", f"endpoint: {rule.endpoint} is not an operation of the contract"
            )
        if rule.status is not None and not 200 <= rule.status < 600:
            raise Problem("validation_failed", "status: must be from 200 to 599")
        # A refusal lasts for its seconds; for the other kinds they are a delay.
        until = self._clock.seconds() + rule.seconds if rule.what == "refuse" and rule.seconds else None
        self._rules.append((rule, until))
        return rule

    def clear(self) -> None:
        """Remove the rules."""
        self._rules.clear()

    def pick(self, library: str, operation: str, method: str) -> Misbehaviour | None:
        """Return the rule for a request, and count one of its `times`."""
        if not self._rules:
            return None
        return self._use(rule for rule in self._current() if rule.covers(library, operation, method))

    def refuses(self) -> bool:
        """Return whether a new connection is closed at once."""
        return (
            self._use(rule for rule in self._current() if rule.everywhere() and rule.times != 0) is not None
        )

    def _current(self) -> Iterator[Misbehaviour]:
        now = self._clock.seconds()
        return (rule for rule, until in self._rules if until is None or now < until)

    def _use(self, rules: Iterator[Misbehaviour]) -> Misbehaviour | None:
        rule = next(rules, None)
        if rule is not None and rule.times is not None:
            rule.times = Count(rule.times - 1)
        return rule


assert set(KINDS) == set(get_args(Kind))  # noqa: S101 (the table above is complete, or nothing starts)
