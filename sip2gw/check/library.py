"""The steps of a check that need the library's API: the account, and what terminals will find there."""

from __future__ import annotations

from collections.abc import AsyncIterator

from attrs import frozen

from sip2gw.check.steps import Step
from sip2gw.circulation.settings import Settings
from sip2gw.library import Credentials, Library, LibraryError, OpenLibrary, Refused, Rules
from sip2gw.tenants import ADVICE

_ORDER = "library", "token", "permission", "activation"
"""The steps of a login."""
_FAILS_AT = {
    "library_not_found": "library",
    "invalid_credentials": "token",
    "account_inactive": "token",
    "permission_missing": "permission",
    "sip2_not_activated": "activation",
    "sip2_disabled": "activation",
}


@frozen(repr=False)
class Subject:
    """What is checked at a library. `location` is a terminal's; `member` a card number, `copy` an item's number.

    `used` are the seats in use, None if they are not known.
    """

    library: str
    credentials: Credentials | None = None
    location: str = ""
    member: str = ""
    copy: str = ""
    used: int | None = None


async def look(open_library: OpenLibrary, settings: Settings, subject: Subject) -> AsyncIterator[Step]:
    """Yield the steps, until one of the login fails."""
    credentials = subject.credentials
    if credentials is None:
        yield Step("token", None, "there is no account to log in with: give --account")
        return
    try:
        library = await open_library(subject.library, credentials)
        rules = await library.rules()
    except LibraryError as error:
        for step in _refused(error):
            yield step
        return
    for name, text in zip(
        _ORDER, (rules.name, "the account's password is right", "Library Staff", "SIP2"), strict=True
    ):
        yield Step(name, True, text)
    yield _seats(rules.terminals, subject.used)
    yield _terminal(settings, rules, subject, credentials)
    if subject.member:
        yield await _member(library, subject.member)
    if subject.copy:
        async for step in _copy(library, subject.copy):
            yield step


def _refused(error: LibraryError) -> list[Step]:
    if not isinstance(error, Refused):
        fix = "try again; if it goes on, ask Librarika's support"
        return [Step("library", False, "the API does not answer as it should", fix)]
    at = _FAILS_AT.get(error.code, "token")
    before = [Step(name, True, "") for name in _ORDER[: _ORDER.index(at)]]
    text, fix = error.code.replace("_", " "), ADVICE.get(error.code, "ask Librarika's support")
    return [*before, Step(at, False, text, fix)]


def _seats(licences: int | None, used: int | None) -> Step:
    text = "no limit" if licences is None else f"{licences} licence{'' if licences == 1 else 's'}"
    if used is not None:
        text += f", {used} in use"
    if licences == 0:
        return Step("seats", False, text, "buy a licence at Librarika")
    if licences is not None and used is not None and used >= licences:
        return Step("seats", False, text, ADVICE["terminal_limit_reached"])
    return Step("seats", True, text)


def _terminal(settings: Settings, rules: Rules, subject: Subject, credentials: Credentials) -> Step:
    location = subject.location
    effective = settings.effective(subject.library, credentials.username, location)
    configured = {one.location for one in settings.of(subject.library).terminals}
    text = f"profile {effective.profile.name}"
    if location and location not in {*rules.branches, *configured}:
        fix = f"write one of {', '.join(sorted(rules.branches))} in CP, or configure the terminal"
        return Step("terminal", False, f"{text}; its location is not a branch", fix)
    return Step("terminal", True, text)


async def _member(library: Library, number: str) -> Step:
    try:
        found = await library.within(20.0).patron(number)
    except LibraryError as error:
        return _not_found("member", error, "compare the number with the card in Librarika, digit by digit")
    blocks = len(found.patron.blocks)
    return Step("member", True, "found" + (f", with {blocks} blocks" if blocks else ""))


async def _copy(library: Library, number: str) -> AsyncIterator[Step]:
    try:
        found = await library.within(20.0).item(number)
    except LibraryError as error:
        yield _not_found(
            "copy", error, "compare the number with the copy in Librarika: prefix, zeros, spaces"
        )
        return
    yield Step("copy", True, found.state.value.replace("_", " "))
    yield Step("due date", None if found.due is None else True, f"{found.due or 'it is not on loan'}")


def _not_found(name: str, error: LibraryError, fix: str) -> Step:
    if isinstance(error, Refused):
        return Step(name, False, error.code.replace("_", " "), fix)
    return Step(name, False, "the API does not answer as it should", "try again, and see the log")
