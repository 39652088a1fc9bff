"""The record: what happened on connections lately, in memory and bounded; questions about it, and traces. No I/O.

Each process has a record, whose `part` is its part of an answer. `join` makes the answer out of the parts. What other
machines say of themselves (`Machines`) is added to it.
"""

from sip2gw.record.asked import PAGE, NotUnderstood
from sip2gw.record.facts import API, Facts, GatewayAccess
from sip2gw.record.needs import warned
from sip2gw.record.other_machines import ALONE, Machine, Machines, terminal_elsewhere
from sip2gw.record.parts import split_conn
from sip2gw.record.questions import join
from sip2gw.record.record import Record
from sip2gw.record.summary import Summary

__all__ = [
    "ALONE", "API", "PAGE", "Facts", "GatewayAccess", "Machine", "Machines", "NotUnderstood", "Record", "Summary",
    "join", "split_conn", "terminal_elsewhere", "warned",
]  # fmt: skip
