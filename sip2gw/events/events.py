"""The events of a connection, in the order in which they happen.

`at` is in seconds since 1970. `conn` is the connection: five hex digits, unique in the process.
"""

from __future__ import annotations

from typing import Literal

from attrs import field, frozen

APICall = tuple[str, int, float, str]
"""A call to the library's API: its operation, the status (0 without an answer), milliseconds, and the id sent along."""

Outcome = Literal["answered", "refused", "not_offered", "unavailable", "in_doubt", "bug"]


@frozen
class Event:
    """Something that happened on a connection."""

    at: float
    conn: str


@frozen
class Opened(Event):
    """A connection was accepted.

    `where` is the port, such as `TLS port 6009`. `peer` is the whole address, `network` the one for the log.
    """

    where: str = ""
    peer: str = field(default="", repr=False)
    network: str = ""


@frozen
class Secured(Event):
    """A TLS handshake ended. `failure` is empty if it succeeded, else what failed, and after a semicolon what to do.

    `server_name` is the name that the terminal asked for (SNI). `names` are those in the certificate that it got.
    `certificate` is the name in the terminal's own, verified certificate.
    """

    version: str = ""
    server_name: str = ""
    names: tuple[str, ...] = ()
    failure: str = ""
    certificate: str = ""

    def parted(self) -> tuple[str, str]:
        """Return what failed, and what to do about it."""
        text, _, fix = self.failure.partition("; ")
        return text, fix


@frozen
class LoggedIn(Event):
    """A terminal logged in.

    `terminal` is its name in the log: location, or the name in its certificate. `form` says how the login named the
    library: `AO`, `CN`, `CP`, `AC` or `configured`. `account` is masked.
    """

    library: str
    terminal: str = ""
    location: str = ""
    form: str = ""
    profile: str = ""
    charset: str = ""
    terminator: str = ""
    account: str = ""


@frozen
class LoginRefused(Event):
    """A login failed. `library` is its nickname, or empty if the terminal named none.

    `advice` is what to do. `rung` is the step at which it failed: `library`, `account`, `permission`, `activation`,
    `seats`, `throttled`, `unavailable`, `form` or `bug`.
    """

    library: str
    code: str
    advice: str = ""
    rung: str = ""
    account: str = ""


@frozen
class Exchange(Event):
    """A request and its answer. `seq` counts the lines of the connection from 1.

    `message` is the code of the request, such as `11`. `code` is more about the outcome: why it was refused, or
    `repeated`, `resent`, `bad_checksum`. `ms` is the time to the answer; `api` are the calls to the library's API.
    `patron` and `item` are tags. `ref` stands for the exchange on the terminal's screen.
    """

    seq: int
    library: str = ""
    terminal: str = ""
    profile: str = ""
    message: str = ""
    outcome: Outcome = "answered"
    code: str = ""
    ms: float = 0.0
    api: tuple[APICall, ...] = ()
    patron: str = ""
    item: str = ""
    ref: str = ""
    network: str = ""
    why: str = ""
    """More for the operator, without a byte of the line."""


@frozen
class Undecodable(Event):
    """A line had bytes that are not text in the terminal's charset. `Noticed` says once what they may be."""


@frozen
class Noticed(Event):
    """Something that is nearly right, or wrong in a way that can be named. `kind` is a word of the program.

    `text` says what was seen and `fix` what to do. Neither quotes a password or a card number.
    """

    kind: str
    text: str
    fix: str = ""
    library: str = ""


@frozen
class Closed(Event):
    """A connection ended. `by` is `terminal` or `gateway`; `why` is a limit or a few words; it may be empty."""

    by: str = "terminal"
    why: str = ""
    seconds: float = 0.0
    requests: int = 0
