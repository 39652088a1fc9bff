"""The library system Librarika as a `sip2gw.library.Library`, over its REST API. All that is peculiar to it is here.

A request passes these modules in this order: `opening` (logins), `library` (the port, with a module for each noun:
`patrons`, `items`, `loans`, `holds`), `calls` (the calls of one request), `accounts` (tokens), and `http` (one REST
call). The answer passes `http.outcome` (what a status means), `http.structuring` (JSON into `records`) and
`translation` (the port's words). All errors are `Refused`, `Unavailable` or `InDoubt`.
"""

from sip2gw.librarika.http.health_check import BackEnd
from sip2gw.librarika.http.settings import CallLimits, Timeouts
from sip2gw.librarika.opening import Librarika

__all__ = ["BackEnd", "CallLimits", "Librarika", "Timeouts"]
