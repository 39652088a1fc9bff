"""Look up items, and change what terminals may note about them. Nothing here lends or returns an item."""

from __future__ import annotations

from sip2gw.librarika import translation
from sip2gw.librarika.calls import Noun
from sip2gw.librarika.copies import Copy
from sip2gw.librarika.records import CopyFound
from sip2gw.library import Item, ItemStatus, Occasion


class Items(Noun):
    """The port's methods about items."""

    __slots__ = ()

    async def item(self, item_id: str) -> ItemStatus:
        """See `Library.item`. For the number of a title: its best copy, and how many copies there are."""
        body = self._labels.named(item_id)
        return translation.item_status(await self._calls.ask(CopyFound, "find_copy", "/copies/find", body))

    async def update_item(self, item_id: str, properties: str, occasion: Occasion) -> Item:
        """See `Library.update_item`. `Refused("not_allowed")` where terminals may not do that."""
        body = self._labels.named(item_id) | {"properties": properties[:4000]}
        changed = await self._calls.ask(Copy, "update_copy", "/copies/update", body, occasion.key)
        return translation.item(changed)
