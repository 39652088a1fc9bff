"""The `sip2gw` command, for people who install, try or measure a gateway.

The gateway itself imports nothing of this room.
"""
