"""The profiles that come with the gateway: one for each class of device, each as what it changes of the one it is like.

They are drawn from what is published of such devices (docs/devices); none is a certificate of any maker's. A library's
own are written in the configuration, and are like one of these.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from attrs import Factory, frozen

DEFAULT = "generic-kiosk"
"""What a terminal is that nothing was said about."""


@frozen
class Named:
    """A profile under a name. `like` is the one whose knobs it changes; `why` says for whom; `origin` who wrote it."""

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
                "a self-checkout kiosk of any make: lends, takes back, renews, reserves and takes money; it is told "
                "nothing of a reader that its screen does not need",
                like="",
            ),
            _built_in(
                "return-station",
                "a manned or screened return shelf: it takes back and asks what an item is, and shows why something "
                "must go to a member of staff; it never lends",
                messages=_RETURNS,
                alert_type=True,
                destination=True,
            ),
            _built_in(
                "book-drop",
                "a slot in the wall: nobody reads its screen or takes a receipt, and an item that was not on loan is "
                "as welcome as any other, for it lies inside already",
                like="return-station",
                receipts=False,
            ),
            _built_in(
                "sorter-cl",
                "a sorting machine that is told a bin (CL) and looks at nothing else; the bin rules of the library "
                "decide, also for an item that is unknown",
                messages=_RETURNS,
                sort_bin=True,
                receipts=False,
            ),
            _built_in(
                "sorter-cv",
                "a sorting machine with rules of its own: it is told collection and call number (CR, CS), "
                "destination (CT), the kind of alert (CV) and, masked, for whom (CY, DA); it always wants CT, and "
                "CV=00 if there is no alert",
                messages=_RETURNS,
                call_number=True,
                destination=True,
                destination_always=True,
                alert_type=True,
                alert_type_on_success=True,
                hold_patron=True,
                receipts=False,
            ),
            _built_in(
                "rfid-pad",
                "a pad or wand at a desk of the staff: piles of items are asked for at once, and properties of items "
                "may be stored where the library allows that; what it does is seen on the screen of the staff",
                item_updates=True,
                call_number=True,
                receipts=False,
            ),
            _built_in(
                "gate",
                "a security gate: it asks what an item is (17) and must never be able to lend or take back",
                messages=frozenset({"17"}),
                offline=False,
                receipts=False,
            ),
            _built_in(
                "mobile-app",
                "an app on a reader's own phone: nobody has checked who holds the card, so it may not report loans "
                "afterwards; it has no printer, and it shows addresses only if the library says so",
                messages=frozenset({"11", "15", "17", "23", "29", "35", "63", "65"}),
                offline=False,
                receipts=False,
            ),
            _built_in(
                "pc-booking",
                "a PC reservation or print system: it asks about readers and may take money; some read 1024 bytes "
                "and no more, so lists are short",
                messages=_READERS | {"37"},
                offline=False,
                list_limit=10,
                receipts=False,
            ),
            _built_in(
                "e-content",
                "a platform for e-books, films or journals: it asks whether a reader is one and may borrow, most in "
                "code page 850; an absent CQ counts as a right password there, so the password is always checked",
                messages=_READERS,
                charset="cp850",
                offline=False,
                list_limit=25,
                receipts=False,
            ),
        )
    }
)
"""By name."""
