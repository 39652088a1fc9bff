"""sip2gw: a SIP2 gateway that many libraries' terminals share, in front of Librarika."""

__version__ = "0.2.0"
