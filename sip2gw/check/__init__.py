"""`sip2gw check`: whether a library can be used from this machine, step by step, with the fix beside each failure."""
