"""Librarika, reached over its REST API by treq, as a `sip2gw.library.Library`. All that is peculiar to it is in here.

A question goes down through the rooms in this order: `opening` (logins), `library` (what is asked), `resolution` (which
copy is meant), `accounts` (tokens), `sites` (one library's API), `gates` (whether it may be asked), `client` (deadlines
and turns), `wire` and `dial` (treq and its connections); an answer comes back through `verdicts` (what a status means),
`shapes` (JSON, into `records` and `movements`) and `translation` (the port's words). The port's methods stand in a room
for each noun (`patrons`, `items`, `loans`, `renewals`, `holds`, `payments`), over `asking`. An API that fails, and the
gateway from it, are protected by `availability` (breakers), `lanes`, `tally` (retries), `rests` and `restraint`.
Only `Refused`, `Unavailable` and `InDoubt` come out.
"""

from sip2gw.librarika.gates import BackEnd
from sip2gw.librarika.opening import Librarika
from sip2gw.librarika.restraint import Deadlines, Restraint

__all__ = ["BackEnd", "Deadlines", "Librarika", "Restraint"]
