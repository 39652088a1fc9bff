"""The desk: all that the answer to a request may use.

A `Place` is made once for a terminal: when it logs in, and again after a reload. A `Desk` is made for each request.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from math import inf
from secrets import token_bytes
from time import time_ns
from typing import TYPE_CHECKING
from uuid import UUID

from attrs import Factory, define, field, frozen

from sip2gw.circulation.hidden_fields import FieldPlans
from sip2gw.circulation.profile import KIOSK, Profile
from sip2gw.circulation.speech import Speaker
from sip2gw.circulation.translations import first_known
from sip2gw.circulation.wrong_passwords import Asker, Pins
from sip2gw.library import Hears, Library, MayWrite, Occasion, Rules

if TYPE_CHECKING:
    from sip2gw.circulation.sorting import BinRule


CALL_MARGIN, ANSWER_MARGIN = 5.0, 2.0
"""Seconds before the end of a terminal's timeout (98): the library is not called after the first, and the answer is
sent before the second."""

PAST = timedelta(days=90)
FUTURE = timedelta(minutes=5)
"""A terminal's date that is further from the gateway's clock is wrong."""


def utc_now() -> datetime:
    """Return this moment, aware."""
    return datetime.now(UTC)


def new_key() -> str:
    """Return a new unique key for one transaction: a UUID of version 7 (RFC 9562).

    Its order is that of time, so keys that are made one after the other are neighbours in a database's index.
    """
    milliseconds, random = time_ns() // 1_000_000, int.from_bytes(token_bytes(10), "big")
    number = milliseconds << 80 | random & ~(0xF << 76 | 0x3 << 62) | 0x7 << 76 | 0x2 << 62
    return str(UUID(int=number))


def forget(_: str) -> None:
    """Drop a note."""


def untagged(_: str) -> str:
    """Return the tag of every item where items have none."""
    return "i:"


@frozen
class Policy:
    """What the operator of the gateway decides for all terminals.

    `timeout` is the number of seconds, sent in 98, for which a terminal waits for an answer. `retries` is how often it
    then repeats the request. `call_time` and `answer_time` are in seconds from the request: the library may be called
    until the first, and the answer is sent before the second.
    """

    timeout: float = 30.0
    retries: int = 3
    call_time: float = field(init=False)
    answer_time: float = field(init=False)

    @call_time.default
    def _default_call_time(self) -> float:
        return max(self.timeout - CALL_MARGIN, 1.0)

    @answer_time.default
    def _default_answer_time(self) -> float:
        return max(self.timeout - ANSWER_MARGIN, 1.0)


def nowhere() -> Asker:
    """Return the asker of an unknown terminal."""
    return Asker()


@define(eq=False, repr=False)
class Place:
    """What stays the same for a terminal from one request to the next.

    `library` reads labels as the profile says. `rules` are the newest rules of the library, and `use` changes them.
    `terminal` names the terminal to the library, and `location` is its CP. `bins` are the bin rules of the library, in
    order. `texts` are the library's own texts, by id. `language` is the one that the operator has configured. `clock`
    returns aware moments. `note` logs a line for the staff, without patron data. `item_tag` returns the name of an
    item in that log. `pins` counts the wrong passwords of patrons, which are entered at the `asker`.
    """

    library: Library
    rules: Rules
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
    item_tag: Callable[[str], str] = untagged
    pins: Pins | None = None
    asker: Callable[[], Asker] = nowhere
    branch: str = field(init=False)
    """The branch in CP, else that of the profile; empty if the library has neither."""
    fields: FieldPlans = field(init=False)
    """The fields of each response that this terminal does not get, or gets under another code."""
    _speakers: dict[str, Speaker] = field(init=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self.fields = FieldPlans(self.profile)
        self.use(self.rules)

    def use(self, rules: Rules) -> None:
        """Use these rules for this request and later ones."""
        self.rules = rules
        branches = {branch.casefold(): branch for branch in rules.branches}
        self.branch = branches.get(self.location.casefold()) or branches.get(
            self.profile.branch.casefold(), ""
        )

    def speaker(self, languages: tuple[str, ...]) -> Speaker:
        """Return the speaker of the first language that is known and that the charset has.

        After `languages` come those of the profile, the operator and the library, and then English. An empty one is
        skipped.
        """
        tags = (*languages, self.profile.language, self.language, self.rules.language)
        language = first_known(tags, self.profile.charset)
        speaker = self._speakers.get(language)
        if speaker is None:
            speaker = self._speakers[language] = Speaker(language, self.texts, self.profile.charset)
        return speaker

    def desk(
        self,
        *,
        reader: str | None = None,
        print_width: int | None = None,
        sequence: str = "",
        meant_again: bool = False,
        line: bytes = b"",
        dated: bool = True,
        patience: float = inf,
        may_write: MayWrite | None = None,
        hears: Hears | None = None,
    ) -> Desk:
        """Return the desk for one request, which the library must answer within `patience` seconds.

        `may_write` is called before each write, and says whether the terminal may still write. `hears` says whether it
        still gets an answer.
        """
        library = self.library.within(patience, may_write, hears)
        return Desk(self, library, reader, print_width, sequence, meant_again, "", line, dated)


@define(eq=False, repr=False)
class Desk:
    """What the answer to one request may use: the terminal's `place`, and the `library` for this request.

    `reader` is the patron at the terminal, as far as the session knows. `print_width` is how many characters fit on a
    line of the printer (99). `sequence` is the number of the request (AY). `meant_again` means that the same line was
    answered before and is not a repeat. `addressee` is the patron who reads the answer. `line` and `dated` are
    as in `Occasion`. `refused` is the code of a refusal for which the answer has no field of its own, as 24 has none.
    """

    place: Place
    library: Library
    reader: str | None = None
    print_width: int | None = None
    sequence: str = ""
    meant_again: bool = False
    addressee: str = ""
    line: bytes = b""
    dated: bool = True
    refused: str = ""

    def now(self) -> datetime:
        """Return this moment in the library's zone, aware."""
        return self.place.clock().astimezone(self.place.rules.zone)

    def speaker(self, *languages: str) -> Speaker:
        """Return the speaker for the patron: in the patron's own language, if the library knows it.

        Else it is the first of `languages` that is known, then the languages of `Place.speaker`. A language is a tag
        such as `bn`, or the three digits of SIP2.
        """
        own = self.library.language_of(self.addressee) if self.addressee else ""
        return self.place.speaker((own, *languages))

    def believed(self, moment: datetime | None) -> datetime | None:
        """Return a terminal's timestamp as an aware moment in the library's zone; None if it is missing or wrong.

        In the hour that a clock shows twice, the first is used.
        """
        if moment is None:
            return None
        zone = self.place.rules.zone
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=zone)
        # Local times of one zone can't be compared across a change of the clocks.
        now, moment = self.place.clock().astimezone(UTC), moment.astimezone(UTC)
        return moment.astimezone(zone) if now - PAST <= moment <= now + FUTURE else None

    def happened(self, moment: datetime | None) -> datetime:
        """Return when a transaction happened, by the terminal's timestamp; now if the timestamp is missing or wrong."""
        return self.believed(moment) or self.now()

    def occasion(
        self,
        moment: datetime | None = None,
        *,
        cancel: bool = False,
        fee_acknowledged: bool = False,
        when_down: bool = False,
    ) -> Occasion:
        """Return the occasion of a write that the terminal dates at `moment`; without a date it happens now.

        `when_down` as in `Occasion`; what is undone is never accepted for later.
        """
        place = self.place
        return Occasion(
            terminal=place.terminal,
            happened_at=self.happened(moment),
            key=place.new_key(),
            branch=place.branch,
            cancel=cancel,
            fee_acknowledged=fee_acknowledged,
            when_down=when_down and not cancel,
            line=self.line,
            dated=self.dated,
        )
