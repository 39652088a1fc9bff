"""The record: what happened at the door lately, in memory and bounded; questions about it, and traces. No I/O.

Each process has a record, whose `part` is its part of an answer. `join` makes the answer out of the parts.
"""

from sip2gw.record.asked import PAGE, NotUnderstood
from sip2gw.record.facts import API, Facts, Ways
from sip2gw.record.needs import warned
from sip2gw.record.parts import split_conn
from sip2gw.record.questions import join
from sip2gw.record.record import Record

__all__ = ["API", "PAGE", "Facts", "NotUnderstood", "Record", "Ways", "join", "split_conn", "warned"]
