"""Pass only listed fields of an event on to the log; other fields are left out and counted.

A failure is logged by the classes of its exceptions and its stack; the text of an exception may quote a terminal or
an API, and is never logged. Texts of other programs are left out as well.
"""

from __future__ import annotations

import string
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from twisted.logger import LogEvent, LogLevel
from twisted.python.failure import Failure

FIELDS = frozenset({
    "address", "advice", "bug", "called", "code", "count", "failure", "fault", "files", "has", "host", "key", "library",
    "limit", "message", "milliseconds", "more", "most", "note", "number", "operation", "outcome", "patron", "peer",
    "reason", "request_id", "seat", "seats", "seconds", "secured", "since", "stack", "state", "terminal", "until",
    "version", "wanted", "warning", "was", "what", "where", "who", "why",
})  # fmt: skip
"""Fields of our own events that are logged."""

OF_TWISTED = frozenset({"version", "exe", "pyVersion", "reactor"})
"""Fields of Twisted's events that are logged: how the process began."""

LONGEST = 2000
"""Characters of one value."""

OURS = "sip2gw"
DROPPED = "…"
_CAUSES = 4

Lost = Callable[[str], None]


def veiled(event: LogEvent, lost: Lost) -> LogEvent | None:
    """Return the event as it may be written, or None. `lost("field")` is called for each left-out field."""
    namespace = str(event.get("log_namespace", ""))
    ours = namespace == OURS or namespace.startswith(f"{OURS}.")
    allowed = FIELDS if ours else OF_TWISTED
    fields = {key: _value(value) for key, value in event.items() if key in allowed}
    for key in event:
        if ours and key not in allowed and not key.startswith("log_"):
            lost("field")
    text = _Formatter({key: event[key] for key in fields}, lost).format(str(event.get("log_format") or ""))
    failure = event.get("log_failure")
    if not ours and (not text or DROPPED in text):
        if failure is None and event.get("log_level", LogLevel.info) < LogLevel.warn:
            lost("text")
            return None
        text = f"something of {namespace}"
    if isinstance(failure, Failure):
        fields["stack"] = stack_of(failure)
        text = f"{text}\n{fields['stack']}"
    kept: LogEvent = {key: event[key] for key in ("log_time", "log_level", "log_namespace") if key in event}
    return {**kept, **fields, "log_format": text.replace("{", "{{").replace("}", "}}")}


def stack_of(failure: Failure) -> str:
    """Return the stack of a failure and the classes of its exceptions, the last first, without any value."""
    told, error, seen = [], failure.value, 0
    frames = traceback.extract_tb(failure.getTracebackObject())
    while error is not None and seen < _CAUSES:
        kind = type(error)
        told.append(f"{kind.__module__}.{kind.__qualname__}")
        told += [f"  {frame.filename}:{frame.lineno} in {frame.name}" for frame in frames]
        error, seen = error.__cause__ or error.__context__, seen + 1
        frames = traceback.extract_tb(error.__traceback__) if error is not None else frames
    return "\n".join(told)


def _value(value: Any) -> Any:
    if value is None or isinstance(value, bool | int | float):
        return value
    text = str(value)
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
    return text if len(text) <= LONGEST else text[:LONGEST] + DROPPED


class _Formatter(string.Formatter):
    """A formatter that inserts a value as it is, and never looks into it."""

    def __init__(self, fields: Mapping[str, Any], lost: Lost) -> None:
        self._fields = fields
        self._lost = lost

    def get_field(self, field_name: str, args: Any, kwargs: Any) -> tuple[Any, str]:  # noqa: ARG002 (as the base)
        if field_name in self._fields:
            return self._fields[field_name], field_name
        self._lost("field")
        return DROPPED, field_name

    def format_field(self, value: Any, format_spec: str) -> str:
        try:
            return str(_value(super().format_field(value, format_spec)))
        except (TypeError, ValueError):  # a number's format, for a value that is None
            return str(_value(value))

    def format(self, text: str) -> str:  # type: ignore[override]  # all there is to fill in is known
        try:
            return self.vformat(text, (), {})
        except (ValueError, LookupError):
            return DROPPED
