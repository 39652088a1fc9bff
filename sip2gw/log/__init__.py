"""The log says only what was meant to be said, and nobody waits for it: it is veiled first, and written by a thread.

`veil` is what is let through of an event, `queued` the way to whoever writes it; `Log` puts both before the observers
that `twistd` and `twist` have made, whichever those are.
"""

from sip2gw.log.log import Log, LogSettings

__all__ = ["Log", "LogSettings"]
