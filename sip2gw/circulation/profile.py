"""The profile of a terminal: what one make of terminal needs, as data. No code asks which device a terminal is.

The manual says of each knob which device needs it. The defaults fit a self-checkout kiosk. They protect privacy: a
terminal does not get data that it does not need.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import Annotated, Literal

from attrs import Factory, frozen

from sip2gw.limits import Between


class DueDateForm(Enum):
    """How AH is written."""

    SIP = "sip"
    """18 characters, `YYYYMMDD    235900`."""
    ISO = "iso"
    """`2026-03-15`."""
    LOCAL = "local"
    """As the language of the answer writes a date."""


class Alert(Enum):
    """A result of a checkin that may raise the alert."""

    HOLD = "hold"
    TRANSIT = "transit"
    """The item belongs to another branch than the terminal's."""
    REFUSED = "refused"
    """The return is refused: the item is unknown or ambiguous, or the library does not allow it."""
    UNKNOWN = "unknown"


class WhenDown(Enum):
    """What the gateway does with a write while the library's system can't be reached."""

    JOURNAL = "journal"
    """It is accepted, kept, and forwarded later."""
    REFUSE = "refuse"


@frozen
class Profile:
    """All knobs of one terminal. The text after "Because" names the device that made a knob necessary."""

    name: str = "generic-kiosk"

    # -- charset, line ends, checksum
    charset: str = "utf-8"
    """The name of a character set that contains ASCII, such as `cp850`, `latin-1`, `ascii`, `cp936`. Characters
    that it lacks are transliterated.

    Because SIP2's own default is code page 850, which e-content platforms still use; kiosks were set to Latin-1; and
    some old screens have only ASCII."""
    terminator: Literal["cr", "crlf", "lf"] = "cr"
    """What ends an answer: `cr`, `crlf` or `lf`. The terminal may end its lines with any of them.

    Because a Perl emulator waits for CR LF for ever, and in a PHP client the LF shifts the fixed fields."""
    delimiter: str = "|"
    """What ends a variable field. If a terminal's login shows another one, the gateway uses that.

    Because two widely used servers have this setting, for terminals that are set to `^`."""
    error_detection: Literal["auto", "always", "never"] = "auto"
    """Whether answers have a checksum: `auto` if the request had one, `always` or `never`.

    Because one client refuses answers without AY and AZ, and another crashes on them."""
    max_length: Annotated[int, Between(20, 4000)] = 255
    """The longest value of a field, in bytes; longer ones are cut between two characters.

    Because PC managers read at most 1024 bytes, and many kiosks take at most 255 of one field."""

    # -- the library's name
    institution_id: str = ""
    """What the terminal sends as AO if that can't be set to the nickname: `1`, or the name of its station. It counts
    after the login, and is in the AO of the answers.

    Because one client always sends `1`, and others send the name of the station."""
    library_in: frozenset[Literal["CN", "CP"]] = frozenset()
    """The field of the login in which a nickname alone is the library: `CN` (then CO is `username:password`), `CP`, or
    both. Without it the first AO after such a login names the library.

    Because a user name `self1` or a location `Main` of one library may be another one's nickname, and kiosks without a
    box for AO have no other field."""

    # -- what the terminal may do
    messages: frozenset[str] | None = None
    """The request codes that the terminal may use; without it all codes (in the file: `"all"`). 93, 97 and 99 are
    always allowed.

    Because a security gate or a book drop must not be able to lend."""
    offline: bool = True
    """Whether the terminal may report offline loans and returns afterwards (no block).

    Because kiosks with their own application server store loans and report them later, and apps never should."""
    checkin_when_down: WhenDown = WhenDown.REFUSE
    """What becomes of a return while the library's system can't be reached: `journal` accepts it and forwards it later,
    `refuse` refuses it.

    Because a book drop, a return station or a sorter has the item already, and at a kiosk the reader can wait."""
    fee_when_down: WhenDown = WhenDown.JOURNAL
    """The same for a payment (37).

    Because a payment station with coins has the money already."""
    renew_by_checkout: bool = True
    """Whether a loan that the reader has already is renewed when it is borrowed again.

    Because kiosks renew this way, and a staff station may need a refusal instead."""
    patron_updates: bool = False
    """Whether the terminal may block and enable patrons (01, 25), if the library allows that.

    Because kiosks that keep forgotten cards block them. Enabling is meant for tests."""
    item_updates: bool = False
    """Whether the terminal may store item properties (19), if the library allows that.

    Because RFID staff stations store an item's size, weight and marker."""
    overpayment: bool = False
    """Whether a payment may be more than the reader owes.

    Because a payment station with coins may take more than the reader owes. Most libraries refuse that."""
    patron_password: bool = True
    """Whether AD is checked. If not, CQ is never sent.

    Because kiosks without a keyboard send no PIN, and some send an empty one with every card."""

    # -- what the terminal gets
    hide: frozenset[str] = frozenset({"BD", "BE", "BF", "PB", "10.AA"})
    """Fields that are left out: by code everywhere, or by message and code (`10.AA`). These
    are added to the fields that are hidden already. Required fields are sent empty.

    Because a kiosk's screen is public. Address, e-mail, telephone and birth date are private there, and so is who
    returned an item."""
    show: frozenset[str] = frozenset()
    """Fields that are sent although the default, or the profile that this one is like, hides them.

    Because some patron apps and staff stations show the reader's address or e-mail."""
    rename: Mapping[str, str] = Factory(dict)
    """Variable fields that have another code at this terminal, old code to new. They are then written last. A required
    field is also sent empty under its old code.

    Because makers disagree on extension fields: DB is a name for one and an amount for another."""
    due_date: DueDateForm = DueDateForm.SIP
    """How AH is written: `sip` is 18 characters, `iso` is 2026-03-15, `local` as the language of the answer has it.

    Because SIP2 leaves the form open. Some kiosks print AH as it comes, and others read it."""
    alerts: frozenset[Alert] = frozenset(Alert)
    """Results of a checkin that raise the alert: `hold`, `transit` (to another branch), `refused`, `unknown`.

    Because some sorters need the alert for every CV, and others only for items that staff must look at."""
    alert_type: bool = False
    """Whether CV says why there is an alert.

    Because sorters and return stations use it. A terminal without the field must not get it."""
    alert_type_on_success: bool = False
    """Whether CV is 00 if there is no alert.

    Because some sorters need it on every answer."""
    destination: bool = False
    """Whether CT names the branch that an item must go to.

    Because sorters and return stations use it to fill transport boxes."""
    destination_always: bool = False
    """Whether CT is sent also for an item that may stay.

    Because some sorters need it on every answer."""
    hold_patron: bool = False
    """Whether CY and DA have the reader who waits for an item, masked.

    Because sorters with a slip printer print it on the slip. Others must not get it."""
    call_number: bool = False
    """Whether CS (call number) and, in 10, CR (collection) are sent.

    Because sorters with their own rules use them, and staff stations show them."""
    sort_bin: bool = False
    """Whether CL names a bin, by the library's bin rules.

    Because sorters without rules need the bin from the library system."""
    not_on_loan_ok: bool = True
    """Whether the return of an item that was not on loan is a success.

    Because a book drop has the item already, and a refusal would send it to the exception bin."""
    holds_ready_only: bool = True
    """Whether AS and its count have only the holds that are ready; CD then has the others. If not, AS has all.

    Because kiosks have this setting under names like "hold count is available count", and both are in use."""
    list_limit: Annotated[int, Between(1, 200)] = 100
    """The longest list in 64, and the most loans that 65 renews. The library lists at most 200 entries at once.

    Because PC managers read 1024 bytes, and a kiosk does not wait for a hundred renewals."""
    name_template: str = "{name}"
    """AE. May use {name} and {patron_id}.

    Because PC managers and discovery systems split the name in different ways."""
    fee_template: str = "{amount} {currency} {kind} {title}"
    """AV. May use {ref}, {kind}, {amount}, {currency}, {title}, {item_id}, {since}.

    Because a payment station shows only this line of a fee."""
    refs: bool = False
    """Whether the last AF of a refusal ends with the code of the exchange, such as `(K7Q2)`, by which it is found in
    the log.

    Because a reader or a member of staff at a kiosk can read it out. Sorters and platforms have no screen for it."""
    receipts: bool = True
    """Whether AG lines are sent.

    Because sorters, gates and apps have no printer."""

    # -- item, branch, language
    strip_prefix: str = ""
    """A prefix that is removed from AB before the look-up. The answer has AB as it was sent.

    Because RFID readers put the library's code before the number on the label."""
    identifiers: tuple[str, ...] = ("accession", "barcode", "isbn")
    """What AB may be.

    Because a machine may read the publisher's barcode (an ISBN) instead of the library's label, and can't ask which
    copy is meant."""
    branch: str = ""
    """The terminal's branch, if CP does not name it.

    Because many terminals send no CP, or the name of a room in it."""
    language: str = ""
    """The language for readers of whom no other is known; a tag such as `bn` or `fr-CA`.

    Because not every terminal sends a language, and many send 000."""


KIOSK = Profile()
