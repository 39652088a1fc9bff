"""What a terminal of a library would get, on the board: its profile value by value, as `sip2gw explain` prints it."""

from __future__ import annotations

from collections.abc import Callable

from sip2gw.board.source import Asked, NoSuchThing, View
from sip2gw.circulation.settings import KNOBS
from sip2gw.config import Config
from sip2gw.config.shown import shown


class Explaining:
    """The page. `config` returns the configuration in use."""

    def __init__(self, config: Callable[[], Config]) -> None:
        self._config = config

    async def show(self, asked: Asked) -> View:
        """Show what a terminal with this account and this location would get. Neither is in a URL."""
        library = asked.path[0]
        if asked.visitor.library not in ("", library):
            raise NoSuchThing
        account, location = asked.value("account"), asked.value("location")
        settings = self._config().settings
        found, said = settings.effective(library, account, location), settings.of(library)
        knobs = [
            {"name": knob, "value": shown(getattr(found.profile, knob)), "origin": found.origins[knob]}
            for knob in KNOBS
        ]
        return View(
            "explain.html",
            {
                "library": library,
                "account": account,
                "location": location,
                "profile": found.profile.name,
                "origin": found.origins["name"],
                "named_in": said.origin,
                "bins": len(said.bins),
                "texts": len(said.texts),
                "language": said.language,
                "set": [one for one in knobs if one["origin"] != "default"],
                "defaults": [one for one in knobs if one["origin"] == "default"],
            },
        )
