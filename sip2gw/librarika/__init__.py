"""Librarika, reached over its REST API by treq, as a `sip2gw.library.Library`. All that is peculiar to it is in here.

A question goes down through the rooms in this order: `opening` (logins), `library` (what is asked), `resolution` (which
copy is meant), `accounts` (tokens), `sites` (one library's API), `client` (deadlines and turns), `wire` and `dial`
(treq and its connections); an answer comes back through `verdicts` (what a status means), `records` (JSON) and
`translation` (the port's words). Only `Refused`, `Unavailable` and `InDoubt` come out.
"""

from sip2gw.librarika.client import Deadlines
from sip2gw.librarika.opening import Librarika

__all__ = ["Deadlines", "Librarika"]
