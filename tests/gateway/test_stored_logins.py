"""Wrong and right logins in the store: known to other processes and after a restart, and readable by no one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from store.direct import Direct, direct
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock

from sip2gw.gateway.login_throttle import FREE, LoginThrottle
from sip2gw.gateway.login_try import Try
from sip2gw.gateway.stored_logins import StoredLogins
from sip2gw.library import Credentials, Refused
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.secret import Secret
from sip2gw.store import StoreFailed

KIOSK = Credentials("kiosk", "right-one")
STALE = Credentials("kiosk", "old-one")
HALL, STRANGER = "192.0.2.1", "198.51.100.9"
KEY = b"the same for all processes"


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Direct]:
    at = tmp_path / "kept" if request.param == "sqlite" else Secret(request.getfixturevalue("postgresql").url)
    with direct(at) as database:
        yield database


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def process(database: Direct, clock: Clock) -> Any:
    """Start another process, or the same one again: it remembers nothing by itself."""

    def start(**settings: Any) -> LoginThrottle:
        limits = Limits(**settings)
        return LoginThrottle(lambda: limits, Metrics(), clock.seconds, StoredLogins(database, KEY))

    return start


def tried(guesses: LoginThrottle, credentials: Credentials, address: str = STRANGER) -> Try | None:
    """Return the try, or None if it is throttled."""
    done: list[Any] = []
    Deferred.fromCoroutine(guesses.recall("riverside", credentials, address)).addBoth(done.append)
    assert done == [None]
    try:
        return guesses.check("riverside", credentials, address)
    except Refused:
        return None


def guess(guesses: LoginThrottle, n: int, address: str = STRANGER) -> bool:
    if attempt := tried(guesses, Credentials("kiosk", f"guess {n}"), address):
        attempt.wrong()
    return attempt is not None


def test_F47_guesses_count_in_all_processes_together(process):
    one, other = process(), process()
    let_in = [guess((one, other)[n % 2], n) for n in range(10)]
    assert sum(let_in) == FREE, "as many as one process lets in without a wait"


def test_F47_guesses_count_after_a_restart(process):
    assert sum(guess(process(), n) for n in range(10)) == FREE


def test_F47_guesses_to_one_account_count_across_networks_and_processes(process):
    most = 12
    let_in = [guess(process(logins_per_account_anywhere=most), n, f"198.51.{n}.9") for n in range(40)]
    assert sum(let_in) == most


def test_F47_guesses_from_one_address_count_across_accounts_and_processes(process):
    let_in = 0
    for n in range(40):
        if attempt := tried(process(logins_per_address=6), Credentials(f"kiosk-{n}", "x")):
            attempt.wrong()
            let_in += 1
    assert let_in == 3, "half of them are without a wait"


def test_F47_a_guess_is_forgotten_when_its_time_is_over(process, database, clock):
    for n in range(FREE + 1):
        guess(process(), n)
    assert not guess(process(), 10)
    database.age(900)
    clock.advance(900)
    assert guess(process(), 11)


def test_F47_a_login_that_was_right_is_known_to_other_processes(process):
    tried(process(), KIOSK, HALL).right()
    for n in range(30):
        guess(process(), n, HALL)
    assert not guess(process(), 31, HALL)
    assert tried(process(), KIOSK, HALL), "the password that was right gets through"


def test_F47_a_password_that_became_wrong_is_no_longer_known(process):
    tried(process(), KIOSK, HALL).right()
    tried(process(), KIOSK, HALL).wrong()
    for n in range(30):
        guess(process(), n, HALL)
    assert tried(process(), KIOSK, HALL) is None


def test_F47_a_login_right_again_is_known_again(process):
    tried(process(), KIOSK, HALL).wrong()
    tried(process(), KIOSK, HALL).right()
    for n in range(30):
        guess(process(), n, HALL)
    assert tried(process(), KIOSK, HALL)


def test_F47_logins_that_a_library_does_not_judge_count_in_all_processes(process):
    for _ in range(FREE + 1):
        if attempt := tried(process(), STALE):
            attempt.odd()
    assert tried(process(), STALE) is None


def test_F47_a_right_login_uses_nothing_up_in_other_processes(process):
    for _ in range(20):
        tried(process(), KIOSK, HALL).right()
    assert tried(process(), STALE, HALL)


class Gone(Direct):
    """A store that is gone."""

    gone = StoreFailed("gone", "there is no store")

    def change(self, work: Any, *, patient: bool = False) -> Any:
        return fail(self.gone)

    read = change


def test_F50_without_the_store_a_process_counts_alone_and_allows_half(clock):
    store = Gone(None)
    limits = Limits(logins_per_account=12, logins_per_account_anywhere=20)
    guesses = LoginThrottle(lambda: limits, Metrics(), clock.seconds, StoredLogins(store, KEY))
    tried(guesses, KIOSK, HALL).right()
    networks = [f"198.51.{n}.9" for n in range(40)]
    store.failure = store.gone
    assert sum(guess(guesses, n, network) for n, network in enumerate(networks)) == 10 + 1, (
        "a known network adds 1"
    )
    assert tried(guesses, KIOSK, HALL), "a terminal that is known is not affected"


def test_F47_the_store_has_no_address_account_or_password_to_read(process, database):
    tried(process(), KIOSK, "2001:db8::7").right()
    for n in range(3):
        guess(process(), n)
    rows = [str(row) for row in _read(database, "SELECT * FROM login_tries")]
    rows += [str(row) for row in _read(database, "SELECT * FROM login_marks")]
    assert len(rows) > 5
    for secret in ("kiosk", "riverside", "right-one", "guess", "192.0.2", "198.51", "2001:db8"):
        assert not any(secret in row for row in rows)


def test_F47_another_key_knows_nothing_of_the_rows(process, database, clock):
    for n in range(10):
        guess(process(), n)
    other = LoginThrottle(Limits, Metrics(), clock.seconds, StoredLogins(database, b"another"))
    assert guess(other, 1)


def _read(database: Direct, sql: str) -> list[Any]:
    done: list[Any] = []
    database.read(lambda tx: tx.rows(sql)).addBoth(done.append)
    return done[0]
