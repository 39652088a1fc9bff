"""A profile is what one make of terminal wants to be told, as data: nothing asks which device it is.

Each knob names, in the manual, the device that made it necessary. Defaults are those of a self-checkout kiosk, and of
privacy: what a terminal does not need to know it is not told.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum

from attrs import Factory, frozen


class DueDateForm(Enum):
    """How AH is written."""

    SIP = "sip"
    """18 characters, `YYYYMMDD    235900`."""
    ISO = "iso"
    """`2026-03-15`."""
    LOCAL = "local"
    """As the language of the answer writes a date."""


class Alert(Enum):
    """What of a checkin may raise the alert."""

    HOLD = "hold"
    TRANSIT = "transit"
    """The item belongs to another branch than the terminal's."""
    REFUSED = "refused"
    """It was not taken back: unknown, ambiguous, or not allowed."""
    UNKNOWN = "unknown"


@frozen
class Profile:
    """All knobs of one terminal. What stands after "Because" is the device that made a knob necessary."""

    name: str = "generic-kiosk"

    # -- how it spells
    charset: str = "utf-8"
    """The name of a character set that contains ASCII, such as `cp850`, `latin-1`, `ascii`, `cp936`. What it can't hold
    is transliterated.

    Because SIP2's own default is code page 850, e-content platforms use it to this day, kiosks were set to Latin-1,
    and some old screens know no more than ASCII."""
    terminator: str = "cr"
    """What ends an answer: `cr`, `crlf` or `lf`. Whatever the terminal ends its lines with is taken.

    Because a Perl emulator waits for CR LF for ever, while in a PHP client the LF shifts the fixed fields."""
    delimiter: str = "|"
    """What ends a variable field. If a terminal's login shows another one, that is used without being set here.

    Because two widely used servers have this setting, for terminals that are set to `^`."""
    error_detection: str = "auto"
    """`auto` answers with a checksum whoever sent one; `always` and `never` do what they say.

    Because one client refuses answers without AY and AZ, and another crashes on them."""
    max_length: int = 255
    """The longest value of a field, in bytes; longer ones are cut between two characters.

    Because PC managers read 1024 bytes and no more, and many kiosks take at most 255 of one field."""

    # -- how it names its library
    institution_id: str = ""
    """What it sends as AO where that can't be set to the nickname: `1`, or the name of its station. It counts once the
    terminal is logged in, and stands in the AO of its answers.

    Because one client always sends `1`, and others send the name of the station."""
    library_in: frozenset[str] = frozenset()
    """In which field of its login a nickname alone is its library: `CN` (then CO is `username:password`), `CP`, or
    both. Without it such a login is settled by the first AO that follows.

    Because a user name `self1` or a location `Main` of one library may be another one's nickname, and kiosks without a
    box for AO have no other place."""

    # -- what it may do
    messages: frozenset[str] | None = None
    """The request codes it may use; without it all that have a meaning (in the file: `"all"`). 93, 97 and 99 are always
    allowed.

    Because a security gate must not be able to lend, nor a book drop."""
    offline: bool = True
    """Whether it may report afterwards what it did while there was no connection (no-block).

    Because kiosks with an application server of their own store loans and report them later, and apps never should."""
    renew_by_checkout: bool = True
    """Whether a loan that the reader has already is renewed when it is borrowed again.

    Because kiosks are used to renewing this way, and a staff station may want to be told instead."""
    patron_updates: bool = False
    """Whether it may block and enable patrons (01, 25), if the library allows that.

    Because kiosks that swallow forgotten cards block them, and enabling is meant for tests."""
    item_updates: bool = False
    """Whether it may store item properties (19), if the library allows that.

    Because RFID staff stations store what they know of an item: size, weight, marker."""
    overpayment: bool = False
    """Whether it may pay in more than is owed.

    Because a payment station that takes coins may take more than is owed; most libraries refuse that."""
    patron_password: bool = True
    """Whether AD is checked. Without it CQ is never sent.

    Because kiosks without a keyboard send no PIN, and some send an empty one with every card."""

    # -- what it is told
    hide: frozenset[str] = frozenset({"BD", "BE", "BF", "PB", "10.AA"})
    """Fields that are left out: by code everywhere, or by message and code (`10.AA`). What is named here is added to
    what is hidden already. Required fields are emptied.

    Because a kiosk's screen stands in public; address, e-mail, telephone and birth date are nobody's business there,
    nor is who brought an item back."""
    show: frozenset[str] = frozenset()
    """Fields that are sent although they are hidden by default, or by the profile that this one is like.

    Because some patron apps and staff stations show the address or the e-mail of whoever is there."""
    rename: Mapping[str, str] = Factory(dict)
    """Variable fields that this terminal calls otherwise, old code to new. They are then written last, and a required
    one stays behind, empty.

    Because makers disagree on extension fields: DB is a name to one and an amount to another."""
    due_date: DueDateForm = DueDateForm.SIP
    """How AH is written: `sip` is 18 characters, `iso` is 2026-03-15, `local` as the language of the answer has it.

    Because SIP2 leaves the form open, some kiosks print AH as it comes, and others read it."""
    alerts: frozenset[Alert] = frozenset(Alert)
    """What of a checkin raises the alert: `hold`, `transit` (it belongs to another branch), `refused`, `unknown`.

    Because some sorters want the alert for every CV, and others for what somebody must look at alone."""
    alert_type: bool = False
    """Whether CV says why there is an alert.

    Because sorters and return stations go by it; a terminal that does not know a field must not be sent it."""
    alert_type_on_success: bool = False
    """Whether CV is 00 when there is none.

    Because some sorters need it on every answer."""
    destination: bool = False
    """Whether CT names the branch that an item must go to.

    Because sorters and return stations fill transport boxes by it."""
    destination_always: bool = False
    """Whether CT is sent also for an item that may stay.

    Because some sorters need it on every answer."""
    hold_patron: bool = False
    """Whether CY and DA tell, masked, who waits for an item.

    Because sorters with a slip printer put it on the slip; others must not know."""
    call_number: bool = False
    """Whether CS (call number) and, in 10, CR (collection) are sent.

    Because sorters with rules of their own sort by them, and staff stations show them."""
    sort_bin: bool = False
    """Whether CL names a bin, by the library's bin rules.

    Because sorters that know no rules put an item where they are told."""
    not_on_loan_ok: bool = True
    """Whether taking back what was not on loan is a success.

    Because a book drop has the item already, and a refusal would only send it to the exception bin."""
    holds_ready_only: bool = True
    """Whether AS and its count mean only what is ready; the others then stand in CD. Else AS has all.

    Because kiosks have this setting under names like "hold count is available count", and both are in use."""
    list_limit: int = 100
    """The longest list in 64, and the most loans that 65 renews.

    Because PC managers read 1024 bytes, and a kiosk does not wait for a hundred renewals."""
    name_template: str = "{name}"
    """AE. May use {name} and {patron_id}.

    Because PC managers and discovery systems take the name apart, each in another way."""
    fee_template: str = "{amount} {currency} {kind} {title}"
    """AV. May use {ref}, {kind}, {amount}, {currency}, {title}, {item_id}, {since}.

    Because of a fee a payment station shows this line and nothing else."""
    receipts: bool = True
    """Whether AG lines are sent.

    Because sorters, gates and apps have nothing to print with."""

    # -- which item, where, in which words
    strip_prefix: str = ""
    """Taken off AB before the item is looked up. AB is echoed as it came.

    Because RFID readers put the library's code before the number on the label."""
    identifiers: tuple[str, ...] = ("accession", "barcode", "isbn")
    """As what AB may be read.

    Because a machine may catch the publisher's barcode (an ISBN) instead of the library's label, and can't ask which
    copy is meant."""
    branch: str = ""
    """The branch where it stands, if CP does not say.

    Because many terminals send no CP, or the name of a room in it."""
    language: str = ""
    """In which language it speaks to people of whom no other is known; a tag such as `bn` or `fr-CA`.

    Because not every terminal sends a language, and many send 000."""


KIOSK = Profile()
