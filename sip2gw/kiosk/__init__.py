"""A kiosk in the browser, for the demo: each device speaks SIP2 to the gateway's own TLS port, as a real one does."""

from sip2gw.kiosk.pages import KioskPages
from sip2gw.kiosk.trial_library import TrialLibrary, trial_library

__all__ = ["KioskPages", "TrialLibrary", "trial_library"]
