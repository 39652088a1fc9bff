"""Wrong logins, and logins that were right before, in the store: another process, machine or start knows them.

They are written after the terminal has its answer. What the store does not take is counted in this process alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from attrs import Factory, define, frozen
from twisted.logger import Logger
from twisted.python.failure import Failure

from sip2gw.secret import Digests
from sip2gw.store import Store, StoreFailed, Transaction
from sip2gw.store.retention import WRONG_LOGINS
from sip2gw.throttle import Noted

_MOST = 1000
"""Tries that are read for one login, the latest first."""


@frozen(repr=False)
class Subjects:
    """The keyed digests that one login is stored under. `tries` are those of its tries; `account` has its networks."""

    login: bytes
    pair: bytes
    account: bytes
    tries: tuple[bytes, ...]


@define(repr=False)
class Recalled:
    """What the store knows of a login. Ages are in seconds; None means never."""

    tries: dict[tuple[str, bytes], list[float]] = Factory(dict)
    """The ages of the tries, by what they count for and by subject."""
    right: float | None = None
    wrong: float | None = None
    pair: bool = False
    networks: int = 0


@frozen(repr=False)
class Wrong:
    """A try to write: what it counts for, its subject, and the count of it in memory."""

    what: str
    subject: bytes
    noted: Noted


class StoredLogins:
    """Reads and writes logins.

    `key` makes the digests. It is the same in all processes, and at most 64 bytes.
    """

    log = Logger()

    def __init__(self, store: Store, key: bytes) -> None:
        self.digests = Digests(key)
        self._store = store

    @property
    def failing(self) -> bool:
        """Whether the store fails, so that what other processes count is unknown."""
        return self._store.failure is not None

    async def recall(self, subjects: Subjects) -> Recalled | None:
        """Return what is known of a login; None if the store fails."""
        try:
            return await self._store.read(lambda tx: _recall(tx, subjects))
        except StoreFailed:
            return None

    def right(self, subjects: Subjects) -> None:
        """Write that a login was right."""
        self._write(lambda tx: _right(tx, subjects))

    def wrong(self, subjects: Subjects, tries: Sequence[Wrong]) -> None:
        """Write that a login was wrong, and the tries that this counts for."""
        self._write(lambda tx: _wrong(tx, subjects, tries), tries)

    def undecided(self, tries: Sequence[Wrong]) -> None:
        """Write tries that the library did not judge."""
        self._write(lambda tx: _tries(tx, tries), tries)

    def _write(self, work: Callable[[Transaction], object], tries: Iterable[Wrong] = ()) -> None:
        def kept(_: object) -> None:
            for one in tries:
                one.noted.kept = True

        def failed(failure: Failure) -> None:
            if failure.check(StoreFailed) is None:
                self.log.failure("a login could not be stored", failure)

        self._store.change(work).addCallbacks(kept, failed)


def _recall(tx: Transaction, subjects: Subjects) -> Recalled:
    found = Recalled()
    names = {f"s{n}": subject for n, subject in enumerate(subjects.tries)}
    rows = tx.rows(
        "SELECT what, subject, at FROM login_tries"  # noqa: S608 (names of parameters)
        f" WHERE subject IN ({', '.join(f':{name}' for name in names)}) AND at > :since ORDER BY at DESC LIMIT :most",
        since=tx.now - WRONG_LOGINS,
        most=_MOST,
        **names,
    )
    for row in rows:
        found.tries.setdefault((row["what"], row["subject"]), []).append(tx.now - row["at"])
    rows = tx.rows(
        "SELECT what, at FROM login_marks WHERE subject = :login OR subject = :pair",
        login=subjects.login,
        pair=subjects.pair,
    )
    ages = {row["what"]: tx.now - row["at"] for row in rows}
    found.right, found.wrong, found.pair = ages.get("right"), ages.get("wrong"), "network" in ages
    (row,) = tx.rows(
        "SELECT count(*) AS networks FROM login_marks WHERE account = :account", account=subjects.account
    )
    found.networks = row["networks"]
    return found


def _right(tx: Transaction, subjects: Subjects) -> None:
    _mark(tx, "right", subjects.login, instead_of="wrong")
    _mark(tx, "network", subjects.pair, subjects.account)


def _wrong(tx: Transaction, subjects: Subjects, tries: Iterable[Wrong]) -> None:
    _mark(tx, "wrong", subjects.login, instead_of="right")
    _tries(tx, tries)


def _mark(
    tx: Transaction, what: str, subject: bytes, account: bytes | None = None, *, instead_of: str | None = None
) -> None:
    if instead_of is not None:
        tx.rows(
            "DELETE FROM login_marks WHERE what = :what AND subject = :subject",
            what=instead_of,
            subject=subject,
        )
    tx.rows(
        "INSERT INTO login_marks (what, subject, account, at) VALUES (:what, :subject, :account, :now)"
        " ON CONFLICT (what, subject) DO UPDATE SET at = excluded.at",
        what=what,
        subject=subject,
        account=account,
        now=tx.now,
    )


def _tries(tx: Transaction, tries: Iterable[Wrong]) -> None:
    for one in tries:
        tx.rows(
            "INSERT INTO login_tries (what, subject, at) VALUES (:what, :subject, :now)",
            what=one.what,
            subject=one.subject,
            now=tx.now,
        )
