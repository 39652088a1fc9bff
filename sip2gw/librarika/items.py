"""Items: what is known of one, and what terminals note about it. Nothing here moves it."""

from __future__ import annotations

from sip2gw.librarika import resolution, translation
from sip2gw.librarika.asking import Asking, about
from sip2gw.librarika.records import Copy
from sip2gw.library import Item, ItemStatus, Occasion, Refused


class Items(Asking):
    """The port's methods about items."""

    async def item(self, item_id: str) -> ItemStatus:
        """See `Library.item`. A title's number tells of its best copy, and of how many there are."""
        wanted = self._wanted(item_id)
        found = await self._copies(wanted, self._deadline())
        best = resolution.to_show(found)
        self._glances.keep(wanted, found)
        return translation.item_status(best, found)

    async def update_item(self, item_id: str, properties: str, occasion: Occasion) -> Item:
        """See `Library.update_item`. `Refused("not_allowed")` where terminals may not do that."""
        until = self._deadline()
        wanted = self._wanted(item_id)
        copy = resolution.the_only(await self._copies(wanted, until))
        body = {"properties": properties}
        try:
            changed = await self._write(
                Copy,
                "update_copy",
                f"/copies/{copy.id}",
                body,
                occasion.key,
                until,
                "PATCH",
            )
        except Refused as refusal:
            raise about(refusal, translation.item(copy)) from None
        return translation.item(changed)
