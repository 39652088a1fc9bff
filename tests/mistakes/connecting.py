"""Mistakes before the first request: the port, TLS, and what is no SIP2."""

from __future__ import annotations

import ssl

from e2e.processes import free_ports

from .kiosk import login
from .place import Place


def closed_port(place: Place) -> None:
    try:
        place.at(free_ports(1)[0])
    except ConnectionRefusedError:
        return
    raise AssertionError("the port is not closed")


def tls_to_admin(place: Place) -> None:
    place.secured(port=place.demo.admin_port)


def plain_to_admin(place: Place) -> None:
    place.at(place.demo.admin_port).send(login().encode() + b"\r\n")


def plain_to_tls(place: Place) -> None:
    place.at(place.demo.tls_port).send(login().encode() + b"\r")


def tls_to_plain(place: Place) -> None:
    place.secured(port=place.demo.plain_port)


def distrusting(place: Place) -> None:
    place.secured(ssl.create_default_context())


def other_name(place: Place) -> None:
    place.secured(name="sip2.riverside.example")


def old_tls(place: Place) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    place.secured(context)


def old_suites(place: Place) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("AES128-SHA:AES256-SHA:@SECLEVEL=0")
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    place.secured(context)


def one_byte(place: Place) -> None:
    kiosk = place.plain()
    kiosk.send(b"\x16")
    kiosk.close()


def hello(place: Place) -> None:
    place.plain().send(b"hello\n")


def browser(place: Place) -> None:
    place.plain().send(b"GET / HTTP/1.1\r\nHost: sip2.riverside.example\r\n\r\n")
