"""A kiosk in the browser, for the demo: each device speaks SIP2 to the gateway's own TLS port, as a real one does."""

from sip2gw.kiosk.pages import KioskPages
from sip2gw.kiosk.table import Table, laid_out

__all__ = ["KioskPages", "Table", "laid_out"]
