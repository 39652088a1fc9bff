"""What the answers to one terminal may use: its library, the library's rules, a clock, and nothing else.

A `Place` is made once for a terminal, and a `Desk` for each request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from math import inf
from typing import TYPE_CHECKING
from uuid import uuid4

from attrs import Factory, define, frozen

from sip2gw.circulation import speech
from sip2gw.circulation.pins import Asker, Pins
from sip2gw.circulation.profile import KIOSK, Profile
from sip2gw.circulation.speech import Speaker
from sip2gw.library import Library, Rules, Still

if TYPE_CHECKING:
    from sip2gw.circulation.sorting import BinRule


ASKING, ANSWERING = 5.0, 2.0
"""Seconds before the end of a terminal's patience at which a library is asked no longer, and at which it is answered
at the latest."""

PAST = timedelta(days=90)
FUTURE = timedelta(minutes=5)
"""What is further away from the gateway's own clock is no terminal's day, but a terminal's clock gone wrong."""


def utc_now() -> datetime:
    """This moment, aware."""
    return datetime.now(UTC)


def new_key() -> str:
    """A name for one transaction that no other has."""
    return str(uuid4())


def forget(_: str) -> None:
    """Nobody takes notes."""


def untold(_: str) -> str:
    """It is not said which item it was."""
    return "i:"


@frozen
class Policy:
    """What the operator of the gateway decides for all terminals.

    `timeout` is how long, in seconds, 98 tells a terminal to wait for an answer; `retries` how often to repeat.
    """

    timeout: float = 30.0
    retries: int = 3

    @property
    def asking(self) -> float:
        """Seconds from a request on within which the library may be asked about it."""
        return max(self.timeout - ASKING, 1.0)

    @property
    def answering(self) -> float:
        """Seconds from a request on after which it is answered at the latest."""
        return max(self.timeout - ANSWERING, 1.0)


def nowhere() -> Asker:
    """Return the asker of a terminal of which nothing is known."""
    return Asker()


@frozen(eq=False, repr=False)
class Place:
    """What stays the same for a terminal from one request to the next; made when it logs in and after a reload.

    `library` reads labels as the profile says. `terminal` names the terminal to the library; `location` is where it
    says it stands (CP). `bins` are the library's, first match wins; `texts` are its own words for single texts, by id;
    `language` is what the operator has settled for it. `clock` gives aware moments. `note` tells the log of something
    that staff must look at, without patron data; `item_tag` is what an item is called there. `pins` counts wrong
    passwords of patrons, which are entered at the `asker`: made by those alone who need one.
    """

    library: Library
    rules: Rules
    """Those known at login."""
    terminal: str = ""
    location: str = ""
    policy: Policy = Policy()
    profile: Profile = KIOSK
    bins: tuple[BinRule, ...] = ()
    texts: Mapping[str, str] = Factory(dict)
    language: str = ""
    clock: Callable[[], datetime] = utc_now
    new_key: Callable[[], str] = new_key
    note: Callable[[str], None] = forget
    item_tag: Callable[[str], str] = untold
    pins: Pins | None = None
    asker: Callable[[], Asker] = nowhere

    def desk(
        self,
        *,
        reader: str | None = None,
        print_width: int | None = None,
        sequence: str = "",
        meant_again: bool = False,
        patience: float = inf,
        still: Still | None = None,
    ) -> Desk:
        """Return the desk for one request; the library has `patience` seconds for it.

        Before anything is written, `still` is asked whether the terminal may.
        """
        library = self.library.within(patience, still)
        return Desk(self, library, self.rules, reader, print_width, sequence, meant_again)


@define(eq=False, repr=False)
class Desk:
    """What the answer to one request may use: its terminal's `place`, the library, and the library's rules.

    `reader` is the patron whom the terminal last asked about, and who is still there as far as is known. `print_width`
    is how many characters fit on a line of its printer (99). `sequence` is the number of the request (AY).
    `meant_again` means that the same line was answered before and is not a repeat. `facing` is the patron who is spoken
    to.
    """

    place: Place
    library: Library
    rules: Rules
    reader: str | None = None
    print_width: int | None = None
    sequence: str = ""
    meant_again: bool = False
    facing: str = ""

    def now(self) -> datetime:
        """This moment in the library's zone; aware."""
        return self.place.clock().astimezone(self.rules.zone)

    @property
    def branch(self) -> str:
        """The branch that the terminal says it stands in, else the one its profile names; empty if neither is one."""
        if not self.rules.branches:
            return ""
        branches = {branch.casefold(): branch for branch in self.rules.branches}
        places = (self.place.location.casefold(), self.place.profile.branch.casefold())
        return next((branches[place] for place in places if place in branches), "")

    def item_id(self, scanned: str) -> str:
        """What a terminal read off an item (AB), as the library is asked for it: without the profile's prefix.

        AB is always echoed as it came; this is only for the port.
        """
        text, prefix = scanned.strip(), self.place.profile.strip_prefix.strip()
        begins = prefix and text.casefold().startswith(prefix.casefold())
        return (text[len(prefix) :].strip() or text) if begins else text

    def speaker(self, *languages: str) -> Speaker:
        """Who speaks to the patron: in their own language, else the first of these that is known and that the charset
        can hold, else the terminal's (profile), else the library's, else English; in the library's own words where it
        has some.

        A language is a tag such as `bn`, or the three digits of SIP2; an empty one is passed over.
        """
        own = self.library.language_of(self.facing) if self.facing else ""
        known = (own, *languages, self.place.profile.language, self.place.language, self.rules.language)
        return speech.choose(known, self.place.texts, self.place.profile.charset)

    def believed(self, moment: datetime | None) -> datetime | None:
        """A terminal's timestamp as an aware moment in the library's zone; None without one, or if it can't be true.

        Of an hour that the clock on the wall shows twice, the first is meant.
        """
        if moment is None:
            return None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.rules.zone)
        now, moment = (
            self.place.clock().astimezone(UTC),
            moment.astimezone(UTC),
        )  # two walls can't be compared
        return moment.astimezone(self.rules.zone) if now - PAST <= moment <= now + FUTURE else None

    def happened(self, moment: datetime | None) -> datetime:
        """When it happened, by a terminal's timestamp; now if that is not to be believed."""
        return self.believed(moment) or self.now()
