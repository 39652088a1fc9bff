"""The questions about the record, none of which changes anything: one file for each noun.

Each question has a function that returns the part of one process, and one that joins the parts of all.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from attrs import frozen

from sip2gw.record import summary
from sip2gw.record.other_machines import ALONE, Machines
from sip2gw.record.parts import About, Part, Parts, first
from sip2gw.record.questions import door, exchanges, libraries, now, terminals, traces

if TYPE_CHECKING:
    from sip2gw.record.record import Record


@frozen
class Question:
    """What can be asked. `part` returns None if there is no such thing, and raises `NotUnderstood`.

    `join` makes the answer out of one part or more. `join_with_machines`, if there is one, makes it out of any number
    of parts, and of what the other machines say.
    """

    part: Callable[[Record, About], Part | None]
    join: Callable[[About, Parts], Any] = first
    join_with_machines: Callable[[About, Parts, Machines], Any] | None = None


QUESTIONS: dict[str, Question] = {
    "now": Question(now.now, now.joined),
    "libraries": Question(libraries.libraries, join_with_machines=libraries.joined_libraries),
    "library": Question(libraries.library, join_with_machines=libraries.joined_library),
    "terminals": Question(terminals.terminals, terminals.joined_terminals),
    "terminal": Question(terminals.terminal, terminals.joined_terminal),
    "exchanges": Question(exchanges.exchanges, exchanges.joined_exchanges),
    "exchange": Question(exchanges.exchange, exchanges.latest),
    "search": Question(exchanges.search, exchanges.joined_exchanges),
    "door": Question(door.door, door.joined),
    "traces": Question(traces.traces, traces.joined_traces),
    "trace_lines": Question(traces.trace_lines, traces.joined_lines),
    "machine": Question(summary.part, summary.joined),
}


def join(what: str, about: About, parts: Parts, machines: Machines = ALONE) -> Any:
    """Return the answer to a question, or what a change has returned; None if no part has any.

    `machines` are all that share the store.
    """
    there = [(worker, part) for worker, part in parts if part is not None]
    question = QUESTIONS.get(what)
    if question is not None and question.join_with_machines is not None:
        return question.join_with_machines(about, there, machines)
    if not there:
        return None
    return question.join(about, there) if question is not None else first(about, there)
