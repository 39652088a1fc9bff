"""Librarika, reached over its REST API by treq, as a `sip2gw.library.Library`. All that is peculiar to it is in here.

A question goes down through the modules in this order: `opening` (logins), `library` (what is asked, with a module for
each noun: `patrons`, `items`, `loans`, `holds`), `calls` (one request's calls), `accounts` (tokens), and `http` (one
REST call). An answer comes back through `http.outcome` (what a status means), `http.structuring` (JSON into `records`)
and `translation` (the port's words).
Only `Refused`, `Unavailable` and `InDoubt` come out.
"""

from sip2gw.librarika.http.health_check import BackEnd
from sip2gw.librarika.http.settings import CallLimits, Timeouts
from sip2gw.librarika.opening import Librarika

__all__ = ["BackEnd", "CallLimits", "Librarika", "Timeouts"]
