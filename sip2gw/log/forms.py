"""The two forms of a line in the log: text, and one JSON object. Made by the log's thread."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from twisted.logger import LogEvent, LogLevel, formatEvent

from sip2gw.log.log_line import LogLine, with_values

FACTS = "facts"
"""The fields of a line about a terminal, in an event."""
_NOT_FIELDS = frozenset({FACTS, "line", "stack", "system", "isError", "time", "format", "message_", "worker"})


def finished(event: LogEvent) -> LogEvent:
    """Return the event with the text and the fields of its line, if it has one: they were not made before."""
    line = event.get("line")
    if not isinstance(line, LogLine):
        return event
    made = {key: value for key, value in event.items() if key != "line"}
    text = "".join(sign if sign.isprintable() else repr(sign)[1:-1] for sign in str(line))
    made["log_format"] = text.replace("{", "{{").replace("}", "}}")
    made[FACTS] = line.facts()
    return made


def as_json(event: LogEvent) -> str:
    """Return an event, as `finished` made it, as one JSON object and a line end."""
    moment = datetime.fromtimestamp(event.get("log_time") or 0.0, UTC)
    level = event.get("log_level", LogLevel.info)
    made: dict[str, Any] = {
        "time": f"{moment:%Y-%m-%dT%H:%M:%S}.{moment.microsecond // 1000:03d}Z",
        "level": level.name,
    }
    facts = event.get(FACTS)
    if facts is None:
        fields = {
            key: value
            for key, value in event.items()
            if not key.startswith("log_") and key not in _NOT_FIELDS and key not in made
        }
        source = event.get("log_namespace") or "-"
        facts = {"event": "note", "source": source, "text": formatEvent(event), **with_values(fields)}
    made.update(facts)
    if "worker" in event:
        made["worker"] = event["worker"]
    return json.dumps(made, ensure_ascii=False, separators=(",", ":"), default=str) + "\n"
