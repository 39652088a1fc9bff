"""Records of what a terminal gives to the library: its login, and each transaction as it has happened."""

from __future__ import annotations

from datetime import datetime

from attrs import field, frozen

from sip2gw.secret import Secret, as_secret

DATED, UNDATED = 300.0, 90.0
"""Seconds for which the same line is a repeat of a write: with the time of its event in it, and without. One without
may be meant again, and terminals do not retry for longer."""


@frozen
class Credentials:
    """The account with which a terminal logs in. It is not in a repr."""

    username: str = field(repr=False)
    password: Secret = field(repr=False, converter=as_secret)

    @property
    def user(self) -> str:
        """The name of the user in one spelling."""
        return self.username.strip().casefold()


@frozen
class Occasion:
    """A transaction as it has happened at the terminal. Every write has one.

    `happened_at` is aware. `key` is the id of this transaction, and stays the same if it is sent again. `no_block`
    means that it has happened already, so no rule of the library refuses it. `due_date` is the terminal's, and is used
    only with `no_block`. `cancel` means that it undoes the opposite transaction (BI). `fee_acknowledged` means that the
    patron accepts a fee (BO). `when_down` means that the write may be accepted while the library can't be reached, and
    sent later. `password_entered` means that the patron's password was entered, and is no longer known. `line` is a
    digest of what the terminal has sent, by which repeats are found; empty if it can't be a repeat.
    `dated` says whether that line has the time of its event. `waited` is for how many seconds the gateway has kept
    the write, whose effect must not reach what began since.
    """

    terminal: str
    happened_at: datetime
    key: str
    branch: str = ""
    no_block: bool = False
    due_date: datetime | None = None
    cancel: bool = False
    fee_acknowledged: bool = False
    when_down: bool = False
    password_entered: bool = False
    line: bytes = field(default=b"", repr=False)
    dated: bool = True
    waited: float = 0.0
