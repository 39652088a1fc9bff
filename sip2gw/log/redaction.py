"""Pass only listed fields of an event on to the log; other fields are left out and counted.

A failure is logged by the classes of its exceptions and its stack; the text of an exception may quote a terminal or
an API, and is never logged. Texts of other programs are left out as well.
"""

from __future__ import annotations

import string
import traceback
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from twisted.logger import LogEvent, LogLevel
from twisted.python.failure import Failure

from sip2gw.log.log_line import LogLine

FIELDS = frozenset({
    "address", "advice", "bug", "called", "code", "count", "failure", "fault", "files", "has", "host", "key", "library",
    "limit", "line", "message", "more", "most", "note", "number", "operation", "outcome", "patron", "peer",
    "process", "reason", "request_id", "seat", "seats", "seconds", "secured", "since", "stack", "state", "terminal",
    "until", "version", "wanted", "warning", "was", "what", "where", "who", "why", "worker",
})  # fmt: skip
"""Fields of our own events that are logged."""

OF_TWISTED = frozenset({"version", "exe", "pyVersion", "reactor"})
"""Fields of Twisted's events that are logged: how the process began."""

_KEPT = ("log_time", "log_level", "log_namespace")

LONGEST = 2000
"""Characters of one value."""

OURS = "sip2gw"
DROPPED = "…"
_CAUSES = 4

Lost = Callable[[str], None]

_Part = tuple[str, str | None, str | None, str | None]
"""Of a format: text, and then the field that follows, its form and its conversion."""
_CONVERTING = string.Formatter()
_NUMBERS = (int, float, type(None))
"""Types of values that are logged as they are; an int may be a bool."""


def redacted(event: LogEvent, lost: Lost) -> LogEvent | None:
    """Return the event as it may be written, or None. `lost("field")` is called for each left-out field."""
    namespace = str(event.get("log_namespace", ""))
    ours = namespace == OURS or namespace.startswith(f"{OURS}.")
    if ours and type(event.get("line")) is LogLine:  # made of listed fields, and shown later
        return {key: event[key] for key in (*_KEPT, "log_format", "line")}
    fields = _listed(event, ours, lost)
    text = _text(event, fields, lost)
    failure = event.get("log_failure")
    if not ours and (not text or DROPPED in text):
        if failure is None and event.get("log_level", LogLevel.info) < LogLevel.warn:
            lost("text")
            return None
        text = f"something of {namespace}"
    if isinstance(failure, Failure):
        fields["stack"] = stack_of(failure)
        text = f"{text}\n{fields['stack']}"
    made: LogEvent = {key: event[key] for key in _KEPT if key in event}
    made.update(fields)
    made["log_format"] = text.replace("{", "{{").replace("}", "}}")
    return made


def _listed(event: LogEvent, ours: bool, lost: Lost) -> dict[str, Any]:
    """Return the listed fields of an event, as they are shown."""
    allowed = FIELDS if ours else OF_TWISTED
    fields = {}
    for key, value in event.items():
        if key in allowed:
            as_it_is = type(value) is float or (
                type(value) is str and value.isprintable() and len(value) < LONGEST
            )
            fields[key] = value if as_it_is else _value(value)
        elif ours and not key.startswith("log_"):
            lost("field")
    return fields


def _text(event: LogEvent, fields: Mapping[str, Any], lost: Lost) -> str:
    """Return the text of an event; where its format is not one, only a sign that something is left out."""
    try:
        return _filled_in(str(event.get("log_format") or ""), event, fields, lost)
    except (ValueError, LookupError):
        return DROPPED


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
    if isinstance(value, _NUMBERS):
        return value
    text = str(value)
    if not text.isprintable():
        text = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in text)
    return text if len(text) <= LONGEST else text[:LONGEST] + DROPPED


@lru_cache(maxsize=1024)
def _parsed(text: str) -> tuple[_Part, ...]:
    """Return the parts of a format. Raises ValueError if it is not one."""
    return tuple(_CONVERTING.parse(text))


def _filled_in(text: str, event: LogEvent, fields: Mapping[str, Any], lost: Lost, depth: int = 0) -> str:
    """Fill in a format: with one of `fields`, which are shown already, never with an attribute or item of it.

    Where the format gives a form or a conversion, the value of the event is shown in it.
    """
    filled = []
    for literal, name, form, conversion in _parsed(text):
        filled.append(literal)
        if name is None:
            continue
        if name not in fields:
            lost("field")
            filled.append(DROPPED)
        elif form or conversion:
            if form and "{" in form:
                if depth:
                    raise ValueError("a form within the form of a form")
                form = _filled_in(form, event, fields, lost, depth + 1)
            value = _CONVERTING.convert_field(event[name], conversion) if conversion else event[name]
            filled.append(_formed(value, form or ""))
        else:
            filled.append(str(fields[name]))
    return "".join(filled)


def _formed(value: Any, form: str) -> str:
    try:
        return str(_value(format(value, form)))
    except (TypeError, ValueError):  # a number's form, for a value that is not one
        return str(_value(value))
