"""The meaning: what each request asks of a library, and how its answer is told. The only room that knows both sides."""

from sip2gw.circulation import loans, patrons, status
from sip2gw.circulation.desk import Desk, Policy
from sip2gw.circulation.meanings import answer, decline, supported
from sip2gw.circulation.status import welcome

__all__ = ["Desk", "Policy", "answer", "decline", "loans", "patrons", "status", "supported", "welcome"]
