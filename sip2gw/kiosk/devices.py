"""The devices that the page plays: what each is called, its profile, the requests that it may send, an example."""

from __future__ import annotations

from collections.abc import Mapping

from attrs import frozen


@frozen
class Device:
    """One device. Its location (CP) is the name of its profile, because the demo gives it that profile."""

    name: str
    title: str
    location: str
    requests: tuple[str, ...]
    """Names of `REQUEST_COMMANDS`."""
    example: tuple[tuple[str, ...], ...]
    """A conversation to play: a request, then the names of its fields that are filled in from the library."""


DEVICES: Mapping[str, Device] = {
    device.name: device
    for device in (
        Device(
            "checkout",
            "Self-checkout",
            "generic-kiosk",
            ("status", "patron-info", "checkout", "renew", "checkin", "end-session"),
            (
                ("status",),
                ("patron-info", "card", "pin"),
                ("checkout", "card", "pin", "item"),
                ("patron-info", "card", "pin"),
                ("checkin", "item"),
                ("end-session", "card"),
            ),
        ),
        Device(
            "returns",
            "Return station",
            "return-station",
            ("status", "item", "checkin"),
            (("status",), ("item", "item"), ("checkin", "item")),
        ),
        Device(
            "sorter",
            "Sorter",
            "sorter-cl",
            ("status", "checkin"),
            (("status",), ("checkin", "item")),
        ),
    )
}
"""By name, in the order in which the page shows them."""
