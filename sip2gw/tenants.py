"""Find the library of a terminal, once, at login, by its nickname alone.

A nickname comes from the terminal, so it must be one DNS label before it is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache, partial

from attrs import Factory, field, frozen

from sip2gw.circulation.desk import Place, Policy, forget, nowhere, utc_now
from sip2gw.circulation.profile import Profile
from sip2gw.circulation.settings import Effective, Settings
from sip2gw.circulation.wrong_passwords import Asker, Pins
from sip2gw.library import Credentials, Library, OpenLibrary, Refused, Rules
from sip2gw.log.tags import Tags
from sip2gw.secret import Digests

_NICKNAME = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")
_DOMAIN = ".librarika.com"
_NAME = re.compile(r"(?:https?://)?([^/:\s]+)(?:/([^/:]*))?(?::(.*))?", re.IGNORECASE | re.DOTALL)

ADVICE = {
    "library_not_found": "no such library: AO must be the part before .librarika.com in the library's address",
    "invalid_credentials": "wrong user name or password: sign in at the library's site with the same ones to check",
    "account_inactive": "the account is not active: Manage > Users, accept the invitation or activate it",
    "permission_missing": "the account lacks the Library Staff permission: Manage > Users > Change Permissions",
    "sip2_not_activated": "the account is not activated for SIP2: ask Librarika's support to activate it",
    "sip2_disabled": "SIP2 is not enabled for this library: ask Librarika's support, or check its plan",
    "terminal_limit_reached": "all the library's licences are in use: `sip2gw terminals` lists the terminals; "
    "switch one off, or buy another licence",
    "throttled": "correct the password at the terminals that have a wrong one; the others get in after the wait",
}
"""The fix for an installer when a terminal's login is refused, by code."""

OWN_REFUSALS = frozenset({"terminal_limit_reached", "throttled"})
"""Refusals by the gateway: the library was not asked, and the next try may succeed."""


@frozen
class Tenant:
    """A library with an open account, to which a logged-in terminal belongs."""

    library: Library
    account: str = field(repr=False)
    """The user name of the account. Never logged."""
    rules: Rules
    settings: Settings = Factory(Settings)
    login: bytes = field(default=b"", repr=False)
    """A digest of the password that it was opened with, valid in this process."""

    nickname: str = field(init=False)
    """The name by which terminals name the library in AO; lower case."""

    @nickname.default
    def _default_nickname(self) -> str:
        return self.library.nickname

    def is_called(self, institution_id: str) -> bool:
        """Return whether an AO means this library. An empty AO means the terminal's own."""
        if institution_id.strip().lower() in ("", self.nickname):
            return True
        name = read_name(institution_id)
        return name is not None and name.library == self.nickname and name.account in ("", self.account)

    def profile(self, location: str) -> Profile:
        """Return the profile of a terminal that states `location`."""
        return self.settings.effective(self.nickname, self.account, location).profile


def nickname(text: str) -> str | None:
    """Return a library's nickname as it must be written, or None if `text` can't be one."""
    label = text.strip().lower()
    return label if _NICKNAME.fullmatch(label) else None


@frozen
class Name:
    """A library as a terminal writes it, perhaps with the account or the branch. `library` is a nickname."""

    library: str
    account: str = field(default="", repr=False)
    branch: str = ""


def read_name(text: str) -> Name | None:
    """Read `fernhill`, `fernhill.librarika.com`, `fernhill/account` or `fernhill:branch`; None for other texts."""
    found = _NAME.fullmatch(text.strip())
    label = nickname(found[1].lower().removesuffix(_DOMAIN)) if found else None
    return Name(label, (found[2] or "").strip(), (found[3] or "").strip()) if found and label else None


class Directory:
    """Find the library that a terminal names, and log the terminal in there."""

    def __init__(
        self,
        open_library: OpenLibrary,
        *,
        policy: Policy | None = None,
        settings: Settings | None = None,
        tags: Tags | None = None,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self._open = open_library
        self._digests = Digests()
        self.policy = policy or Policy()
        self.settings = settings or Settings()
        self.tags = tags or Tags()
        self.clock = clock
        self._effective: Callable[[str, str, str], Effective] = lru_cache(1024)(self.settings.effective)

    def reconfigure(self, policy: Policy, settings: Settings) -> None:
        """Use these for all later requests. A logged-in terminal keeps its spelling until its next login."""
        self.policy, self.settings = policy, settings
        self._effective = lru_cache(1024)(settings.effective)

    async def log_in(self, name: str, credentials: Credentials) -> Tenant:
        """Open the library called `name`. Raises `Refused` with a code of `ADVICE`, or `Unavailable`."""
        label = nickname(name)
        if label is None:
            raise Refused("library_not_found", "not a nickname")
        library = await self._open(label, credentials)
        login = self._digests.of(credentials.password.reveal())
        return Tenant(library, credentials.username, await library.rules(), self.settings, login)

    def asks(self, name: str, credentials: Credentials) -> bool:
        """Return whether `log_in` would ask the library; if not, it uses the library's recent answer."""
        label = nickname(name)
        return label is not None and self._open.asks(label, credentials)

    def expects(self, library: str, account: str, location: str, form: str) -> bool:
        """Return whether terminals with this account are configured to name their library in `form`, CN or CP."""
        label = nickname(library)
        if label is None or label not in self.settings.libraries:
            return False
        return form in self._effective(label, account, location).profile.library_in

    def profile(self, tenant: Tenant, location: str) -> Profile:
        """Return the profile of a terminal of this tenant, as it is configured now."""
        return self._effective(tenant.nickname, tenant.account, location).profile

    def place(
        self,
        tenant: Tenant,
        location: str,
        *,
        note: Callable[[str], None] = forget,
        pins: Pins | None = None,
        asker: Callable[[], Asker] = nowhere,
    ) -> Place:
        """Return where the requests of a terminal of this tenant are answered, as they are configured now."""
        profile = self.profile(tenant, location)
        library = self.settings.of(tenant.nickname)
        return Place(
            library=tenant.library.reading(profile.identifiers),
            rules=tenant.rules,
            terminal=location or tenant.account,
            location=location,
            policy=self.policy,
            profile=profile,
            bins=library.bins,
            texts=library.texts,
            language=library.language,
            clock=self.clock,
            note=note,
            item_tag=partial(self.tags.item, tenant.nickname),
            pins=pins,
            asker=asker,
        )
