"""The page that names terminals is for this machine alone, and shows where they are and nothing of anybody."""

import json
from datetime import UTC, datetime

import pytest
from twisted.internet.address import IPv4Address, IPv6Address, UNIXAddress
from twisted.web.test.requesthelper import DummyRequest

from sip2gw.admin.terminals import TerminalsPage, listed
from sip2gw.gateway.seating import Occupancy, Seen

SEEN = Seen("riverside", "192.0.2.7", "", "Hall", datetime(2026, 3, 1, 17, tzinfo=UTC), 12.7, "idle")


def asked_from(address):
    request = DummyRequest([b"terminals"])
    request.client = address
    request.getClientAddress = lambda: address
    page = TerminalsPage(
        lambda: listed([SEEN], [Occupancy("riverside", 1, 1), Occupancy("openall", 4, None)])
    )
    return request, json.loads(page.render(request))


@pytest.mark.parametrize(
    "address",
    [
        IPv4Address("TCP", "127.0.0.1", 1),
        IPv6Address("TCP", "::1", 1),
        IPv6Address("TCP", "::ffff:127.0.0.1", 1),
        UNIXAddress("/run/x"),
    ],
)
def test_the_terminals_page_is_shown_to_this_machine(address):
    request, said = asked_from(address)
    assert request.responseCode == 200
    assert said == {
        "libraries": [
            {"library": "riverside", "used": 1, "licensed": 1, "full": True},
            {"library": "openall", "used": 4, "licensed": None, "full": False},
        ],
        "terminals": [
            {
                "library": "riverside",
                "address": "192.0.2.7",
                "certificate": "",
                "location": "Hall",
                "since": "2026-03-01T17:00:00+00:00",
                "idle": 13,
                "state": "idle",
            }
        ],
    }


@pytest.mark.parametrize("host", ["192.0.2.7", "10.0.0.1", "169.254.1.1"])
def test_the_terminals_page_is_refused_to_other_machines(host):
    request, said = asked_from(IPv4Address("TCP", host, 1))
    assert request.responseCode == 403
    assert said == {"error": "only from this machine"}
