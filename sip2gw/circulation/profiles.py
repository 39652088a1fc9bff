"""The built-in profiles: one for each class of device, each with its differences from the one that it is like.

They are made from public documents about such devices (docs/devices). No maker has certified them. A library writes its
own profiles in the configuration; each is like one of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import Factory, frozen

from sip2gw.circulation.profile import WhenDown

DEFAULT = "generic-kiosk"
"""The profile of a terminal that has no other."""


@frozen
class Named:
    """A profile and its name.

    `knobs` are its differences from the profile `like`. `why` describes the terminals. `origin` is where it is defined.
    """

    name: str
    knobs: Mapping[str, Any] = Factory(dict)
    like: str = DEFAULT
    why: str = ""
    origin: str = ""


def _built_in(name: str, why: str, like: str = DEFAULT, **knobs: Any) -> Named:
    return Named(name, MappingProxyType(knobs), like, why, f"built-in profile {name}")


_RETURNS = frozenset({"09", "17", "35"})
_READERS = frozenset({"23", "63", "35"})

BUILT_IN: Mapping[str, Named] = MappingProxyType(
    {
        profile.name: profile
        for profile in (
            _built_in(
                DEFAULT,
                "a self-checkout kiosk of any make: it lends, takes back, renews, reserves and takes money; of a "
                "reader it gets only what its screen needs",
                like="",
                refs=True,
            ),
            _built_in(
                "return-station",
                "a return shelf with staff or a screen: it takes back, looks up items, and shows why an item must go "
                "to staff; it never lends",
                messages=_RETURNS,
                checkin_when_down=WhenDown.JOURNAL,
                alert_type=True,
                destination=True,
            ),
            _built_in(
                "book-drop",
                "a slot in the wall, without a screen or receipts: it accepts an item that was not on loan too, "
                "because the item is inside already",
                like="return-station",
                receipts=False,
                refs=False,
            ),
            _built_in(
                "sorter-cl",
                "a sorting machine that uses only the bin (CL); the bin rules of the library decide, also for an "
                "unknown item",
                messages=_RETURNS,
                checkin_when_down=WhenDown.JOURNAL,
                sort_bin=True,
                receipts=False,
                refs=False,
            ),
            _built_in(
                "sorter-cv",
                "a sorting machine with its own rules: it gets collection and call number (CR, CS), destination (CT), "
                "the kind of alert (CV) and, masked, for whom (CY, DA); it always needs CT, and CV=00 if there is no "
                "alert",
                messages=_RETURNS,
                checkin_when_down=WhenDown.JOURNAL,
                call_number=True,
                destination=True,
                destination_always=True,
                alert_type=True,
                alert_type_on_success=True,
                hold_patron=True,
                receipts=False,
                refs=False,
            ),
            _built_in(
                "rfid-pad",
                "a pad or wand at a staff desk: it looks up piles of items at once, and may store properties of items "
                "if the library allows that; staff see the results on their screen",
                item_updates=True,
                call_number=True,
                receipts=False,
            ),
            _built_in(
                "gate",
                "a security gate: it looks up items (17), and must never be able to lend or take back",
                messages=frozenset({"17"}),
                offline=False,
                receipts=False,
                refs=False,
            ),
            _built_in(
                "mobile-app",
                "an app on a reader's own phone: no staff have checked the card, so it may not report loans "
                "afterwards; it has no printer, and shows addresses only if the library allows that",
                messages=frozenset({"11", "15", "17", "23", "29", "35", "63", "65"}),
                offline=False,
                receipts=False,
                refs=False,
            ),
            _built_in(
                "pc-booking",
                "a PC reservation or print system: it asks about readers and may take money; some read at most "
                "1024 bytes, so lists are short",
                messages=_READERS | {"37"},
                offline=False,
                list_limit=10,
                receipts=False,
                refs=False,
            ),
            _built_in(
                "e-content",
                "a platform for e-books, films or journals: it asks whether a person is a reader and may borrow, "
                "mostly in code page 850; it reads an absent CQ as a right password, so the password is always checked",
                messages=_READERS,
                charset="cp850",
                offline=False,
                list_limit=25,
                receipts=False,
                refs=False,
            ),
        )
    }
)
"""By name."""
