"""Requests for patron information at the library of `shelves`, and parts of the answers."""

from __future__ import annotations

from typing import Any

from desks import DeskCase
from shelves import BUSY, busy

from sip2gw.sip2 import Secret, SummaryList
from sip2gw.sip2.messages import PatronInformation

LISTS = (
    "hold_items",
    "overdue_items",
    "charged_items",
    "fine_items",
    "recall_items",
    "unavailable_hold_items",
)
COUNTS = (
    "hold_items_count",
    "overdue_items_count",
    "charged_items_count",
    "fine_items_count",
    "recall_items_count",
    "unavailable_holds_count",
)


def information(number: str, *wanted: SummaryList, pin: str | None = None, **more: Any) -> PatronInformation:
    return PatronInformation(
        language="001",
        transaction_date=None,
        summary=frozenset(wanted),
        institution_id="riverside",
        patron_identifier=number,
        patron_password=None if pin is None else Secret(pin),
        **more,
    )


class InformationCase(DeskCase):
    data = busy()

    def lists(self, told: Any) -> dict[str, tuple[str, ...]]:
        return {name: getattr(told, name) for name in LISTS if getattr(told, name)}

    def counts(self, told: Any) -> tuple[int | None, ...]:
        return tuple(getattr(told, name) for name in COUNTS)

    def about(self, *wanted: SummaryList, **more: Any) -> Any:
        profile = more.pop("profile", None)
        return self.ask(information(BUSY, *wanted, **more), profile=profile)
