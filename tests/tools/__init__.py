"""Tests of the tools, through the `sip2gw` command."""
