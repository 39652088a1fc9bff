"""The bench by the door: the `sip2gw` command, for whoever installs, tries or measures.

The gateway needs none of it.
"""
