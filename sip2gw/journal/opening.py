"""Libraries are opened as journaled ones. The accounts that are open serve the rows that wait."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from attrs import Factory, define
from twisted.logger import Logger

from sip2gw.journal.journal import Journal
from sip2gw.journal.library import Context, JournaledLibrary
from sip2gw.library import Credentials, Library, LibraryError, OpenLibrary

_MOST_LIBRARIES = 10_000
_MOST_ACCOUNTS = 16
"""Accounts of one library that are kept open for its rows."""


class Accounts:
    """The libraries that are open: those where a terminal has logged in, or whose service account is configured."""

    log = Logger()

    def __init__(
        self, open_library: OpenLibrary, journal: Journal, service: Mapping[str, Credentials]
    ) -> None:
        self.service = service
        self._open_library = open_library
        self._journal = journal
        self._opened: OrderedDict[str, OrderedDict[bytes, Library]] = OrderedDict()

    def add(self, nickname: str, user: str, library: Library) -> bytes:
        """Keep this account for the rows of its library. Return its tag."""
        accounts = self._opened.setdefault(nickname, OrderedDict())
        self._opened.move_to_end(nickname)
        tag = self._journal.keys.tag(nickname, "account", user)
        accounts[tag] = library
        accounts.move_to_end(tag)
        if len(accounts) > _MOST_ACCOUNTS:
            accounts.popitem(last=False)
        if len(self._opened) > _MOST_LIBRARIES:
            self._opened.popitem(last=False)
        return tag

    def __contains__(self, nickname: str) -> bool:
        return bool(self._opened.get(nickname)) or nickname in self.service

    def waits_for(self, nickname: str) -> str:
        """Return what the rows of a library wait for, for the operator; empty if the library is open."""
        return "" if nickname in self else f"waits for a login at {nickname}"

    async def of(self, nickname: str, account: bytes) -> Library | None:
        """Return the library opened with this account, else with another one. None if no account can be used."""
        accounts = self._opened.get(nickname)
        if accounts:
            return accounts.get(account) or accounts[next(reversed(accounts))]
        credentials = self.service.get(nickname)
        if credentials is None:
            return None
        try:
            library = await self._open_library(nickname, credentials)
        except LibraryError as error:
            self.log.warn(
                "journal: {library} can't be opened with its service account: {why}",
                library=nickname,
                why=getattr(error, "code", "unavailable"),
            )
            return None
        self.add(nickname, credentials.user, library)
        return library

    def drop(self, nickname: str, account: bytes) -> None:
        """Forget an account that the library refuses."""
        accounts = self._opened.get(nickname, OrderedDict())
        accounts.pop(account if account in accounts else next(reversed(accounts), b""), None)


@define(eq=False)
class JournaledLibraries:
    """Open libraries as journaled ones. Satisfies `library.OpenLibrary`. `inner` opens the library itself."""

    inner: OpenLibrary
    journal: Journal
    accounts: Accounts
    heard_from: Callable[[str], None] = Factory(lambda: _nobody)

    async def __call__(self, nickname: str, credentials: Credentials) -> Library:
        """See `OpenLibrary`."""
        library = await self.inner(nickname, credentials)
        tag = self.accounts.add(nickname, credentials.user, library)
        return JournaledLibrary(library, Context(self.journal, credentials.username, tag, self.heard_from))

    def asks(self, nickname: str, credentials: Credentials) -> bool:
        """See `OpenLibrary.asks`."""
        return self.inner.asks(nickname, credentials)


def _nobody(_: Any) -> None:
    """Ignore that a library answers."""
