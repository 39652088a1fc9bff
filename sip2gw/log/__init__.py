"""Write the log without secrets and without a wait: events are filtered first, and written by a thread.

`redaction` filters an event, `queued` hands it to the writing thread; `Log` puts both before the observers that
`twistd` and `twist` have made.
"""

from sip2gw.log.log import Log, LogSettings

__all__ = ["Log", "LogSettings"]
