"""The identity of a terminal: its library, account and location, its form of login, and the requests it can send."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, cast

import attrs
from attrs import field, frozen

from sip2gw.sip2 import REQUESTS, Request, Secret, local, messages
from sip2gw.sip2.fields import Variable


class LoginForm(Enum):
    """The ways in which terminals send their library and account."""

    AO = "ao"
    NICKNAME = "nickname"
    SLASH = "slash"
    CP = "cp"
    PLAIN = "plain"
    NONE = "none"


@frozen
class Terminal:
    """One terminal as its installer has configured it."""

    library: str = ""
    """Sent in AO."""
    account: str = field(default="", repr=False)
    password: Secret = Secret("")
    location: str = ""
    """Sent in CP."""
    login_form: LoginForm = LoginForm.AO

    def now(self) -> datetime:
        """Return the time on its clock, without a zone."""
        return local(datetime.now())

    @property
    def _both(self) -> Secret:
        return Secret(f"{self.account}:{self.password.reveal()}")

    def login(self) -> messages.Login | None:
        """Return the 93 of this form of login; None if the terminal sends none."""
        location = self.location or None
        match self.login_form:
            case LoginForm.AO:
                return messages.Login(
                    login_user_id=Secret(""),
                    login_password=Secret(""),
                    location_code=location,
                    extensions=(("AO", self.library), ("AC", self._both.reveal())),
                )
            case LoginForm.NICKNAME:
                return messages.Login(
                    login_user_id=Secret(self.library), login_password=self._both, location_code=location
                )
            case LoginForm.SLASH:
                return messages.Login(
                    login_user_id=Secret(f"{self.library}/{self.account}"),
                    login_password=self.password,
                    location_code=location,
                )
            case LoginForm.CP:
                where = f"{self.library}:{location}" if location else self.library
                return messages.Login(
                    login_user_id=Secret(self.account), login_password=self.password, location_code=where
                )
            case LoginForm.PLAIN:
                return messages.Login(
                    login_user_id=Secret(self.account), login_password=self.password, location_code=location
                )
            case LoginForm.NONE:
                return None

    def request(self, kind: type[Request], **values: Any) -> Request:
        """Make a request with `values`; date, AO and AC are filled in."""
        usual: dict[str, Any] = {
            name: member.field.kind.absent
            for name, member in kind.members.items()
            if getattr(attrs.fields(cast(Any, kind)), name).default is attrs.NOTHING
        }
        usual["transaction_date"] = self.now()
        usual["institution_id"] = self.library
        if self.login_form is LoginForm.NONE:
            usual["terminal_password"] = self._both
        usual = {name: value for name, value in usual.items() if name in kind.members}
        return kind(**{**usual, **values})

    def resend(self) -> Request:
        """Make a 97."""
        return messages.RequestACSResend()

    def named(self, name: str, values: Mapping[str, str]) -> Request:
        """Make a request by its name or code, with typed values by the names or codes of its fields.

        Raises ValueError, in words, for an unknown request or field.
        """
        kind = REQUEST_NAMES.get(name) or REQUESTS.get(name)
        if kind is None:
            raise ValueError(f"unknown request {name!r}: try one of {', '.join(sorted(REQUEST_NAMES))}")
        names = parameters(kind)
        read: dict[str, Any] = {}
        for given, text in values.items():
            attribute = names.get(given)
            if attribute is None:
                raise ValueError(f"{name} has no field {given!r}: try one of {', '.join(sorted(names))}")
            field = kind.members[attribute].field
            read[attribute] = field.kind.parse(text)
        return self.request(kind, **read)


REQUEST_NAMES: dict[str, type[Request]] = {kind.name: kind for kind in REQUESTS.values()}
"""Every request by its name."""


def parameters(kind: type[Request]) -> dict[str, str]:
    """Map the name and the code of each field of a request to its attribute."""
    names = {name: name for name in kind.members}
    codes = {m.field.code: name for name, m in kind.members.items() if isinstance(m.field, Variable)}
    return names | codes
