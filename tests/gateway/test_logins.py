"""Who gets in, and how little one can learn, or spoil for others, by trying."""

from __future__ import annotations

from typing import Any

import pytest
from attrs import evolve
from twisted.logger import capturedLogs

from sip2gw.addresses import network_around
from sip2gw.gateway.login_throttle import FREE, LoginThrottle
from sip2gw.gateway.logins import JITTER
from sip2gw.library import Credentials, Refused, Unavailable
from sip2gw.limits import Limits
from sip2gw.metrics import Metrics
from sip2gw.throttle import LONGEST_WAIT, Allowance, Throttle

from .desk import LOGIN, PATRON, STATUS, Bench, MovingClock, told

WRONG_PASSWORD = LOGIN.replace("kiosk-secret", "not-it")
UNKNOWN_ACCOUNT = LOGIN.replace("kiosk@", "nobody@")
UNKNOWN_LIBRARY = LOGIN.replace("AOriverside", "AOnowhere")
NO_NICKNAME = LOGIN.replace("AOriverside", "AOno/where")
FAILING = [WRONG_PASSWORD, UNKNOWN_ACCOUNT, UNKNOWN_LIBRARY, NO_NICKNAME]
KIOSK = Credentials("kiosk", "right")


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.sandbox.close()


def sign_ins(bench: Bench, library: str = "riverside") -> int:
    return int(bench.sandbox.requests(library).get(library, {}).get("create_token", 0))


def when_answered(bench: Bench, line: str, chance: float) -> tuple[float, bytes]:
    """How long an answer took on the gateway's clock, in hundredths of seconds, and what it was."""
    bench.factory.logins.chance = lambda: chance
    bench.connect()
    bench.hear(line.encode() + b"\r")
    for hundredth in range(200):
        if bench.transport.value():
            return hundredth / 100, bench.transport.value()
        bench.clock.advance(0.01)
    raise AssertionError("never")


@pytest.mark.parametrize("chance", [0.0, 0.4, 0.999])
def test_F48_each_failed_login_gets_one_answer_after_one_time(bench, chance):
    found = {when_answered(bench, line, chance) for line in FAILING}
    (found,) = found
    assert found[1] == b"940\r"
    assert found[0] == pytest.approx(1 + JITTER * chance, abs=0.0101)


def test_F48_the_time_is_by_chance_and_never_below_the_floor(bench):
    chances = [bench.factory.logins.chance() for _ in range(500)]
    assert len(set(chances)) > 490
    assert all(0 <= chance < 1 for chance in chances)


def test_F48_a_throttled_login_takes_the_time_of_a_wrong_password(bench):
    bench.factory.limits = evolve(bench.factory.limits, logins_per_account=1)
    assert bench.denied(WRONG_PASSWORD) == "940"
    assert when_answered(bench, LOGIN, 0.5) == when_answered(bench, LOGIN, 0.5)
    assert bench.counted("logins_per_account") == 2


def test_F48_the_time_of_a_failed_login_counts_from_the_request(bench):
    waiting = bench.slow_logins()
    bench.factory.logins.chance = lambda: 0.0
    bench.hear(WRONG_PASSWORD.encode() + b"\r")
    bench.clock.advance(0.6)
    waiting.pop().callback(None)
    bench.clock.advance(0.39)
    assert bench.transport.value() == b""
    bench.clock.advance(0.02)
    assert bench.transport.value() == b"940\r"


def test_F48_an_unreachable_library_takes_the_time_of_a_wrong_password(bench):
    bench.sandbox.misbehave("error")
    assert when_answered(bench, LOGIN, 0.4)[0] == pytest.approx(1 + JITTER * 0.4, abs=0.0101)


@pytest.mark.parametrize("library", ["riverside", "nowhere", "no/where"])
def test_F48_the_deferred_form_tells_as_little(bench, library):
    assert bench.say("9300CNkiosk@riverside.example|COnot-it|CPFront Desk|") == "941", "provisionally"
    request = PATRON.replace("AOriverside", f"AO{library}")
    bench.hear(request.encode() + b"\r")
    assert bench.transport.value() == b""
    bench.clock.advance(0.99)
    assert bench.transport.value() == b""
    bench.clock.advance(JITTER + 0.01)
    assert bench.transport.value().startswith(b"24YYYY")
    assert b"This terminal is not logged in" in bench.transport.value()


@pytest.mark.parametrize("library", ["riverside", "nowhere"])
@pytest.mark.parametrize("where", ["CN", "CP"])
def test_F48_without_deferred_login_no_form_tells_more(bench, library, where):
    bench.factory.deferred_login = False
    lines = {
        "CP": f"9300CNkiosk@riverside.example|COnot-it|CP{library}|",
        "CN": f"9300CN{library}|COkiosk@riverside.example:not-it|CP|",
    }
    bench.settle("riverside", library_in=frozenset({"CP"}))
    assert when_answered(bench, lines[where], 0.5) == (pytest.approx(1 + JITTER / 2, abs=0.0101), b"940\r")


@pytest.mark.parametrize("account", ["kiosk@riverside.example", "nobody@riverside.example"])
def test_F48_a_library_in_the_location_tells_nothing_of_accounts(bench, account):
    bench.settle("riverside", library_in=frozenset({"CP"}))
    line = f"9300CN{account}|COnot-it|CPriverside|"
    assert when_answered(bench, line, 0.5) == (pytest.approx(1 + JITTER / 2, abs=0.0101), b"940\r")


def test_F48_a_right_login_does_not_wait(bench):
    assert bench.say(LOGIN) == "941"


def test_F47_failed_logins_are_logged_and_do_not_fill_the_disk(bench):
    def fail(times: int) -> list[str]:
        with capturedLogs() as logs:
            for _ in range(times):
                bench.connect()
                bench.say(NO_NICKNAME)
                bench.terminal.connectionLost()
        return [line for line in told(logs, "warn") if "login to" in line]

    lines = fail(300)
    assert len(lines) == 60
    assert "others not logged" not in lines[-1]
    bench.clock.advance(60)
    [line] = fail(1)
    assert line.endswith("240 others not logged")


def test_lines_during_a_slow_login_wait_for_its_answer(bench):
    bench.hear(WRONG_PASSWORD.encode() + b"\r" + LOGIN.encode() + b"\r" + STATUS.encode() + b"\r")
    assert bench.transport.value() == b""
    bench.clock.advance(1 + JITTER)
    assert bench.transport.value().startswith(b"940\r941\r98")


def test_a_terminal_that_disconnects_while_waiting_leaves_no_state(bench):
    bench.hear(WRONG_PASSWORD.encode() + b"\r")
    bench.terminal.connectionLost()
    bench.clock.advance(5)
    assert bench.transport.value() == b""
    assert bench.clock.getDelayedCalls() == []


def guess(bench: Bench, number: int, address: str) -> str:
    assert bench.connect(address)
    answer = bench.denied(LOGIN.replace("kiosk-secret", f"guess-{number}"))
    bench.terminal.connectionLost()
    return answer


def test_F47_the_library_sees_ten_guesses_in_a_quarter_of_an_hour(bench):
    before = sign_ins(bench)
    for number in range(120):
        assert guess(bench, number, f"192.0.2.{number % 200 + 1}") == "940"
        bench.clock.advance(1)
    assert sign_ins(bench) - before == 10
    assert bench.counted("logins_per_account") == 110
    assert bench.connect("198.51.100.7")
    assert bench.say(LOGIN) == "941", "from anywhere else the right password still gets in"
    bench.clock.advance(900)
    bench.sandbox.change_user("riverside", "kiosk@riverside.example", password="guess-1000")
    assert guess(bench, 1000, "192.0.2.9") == "941", "it is no lock for ever"


def test_F47_a_guessing_neighbour_does_not_lock_a_known_terminal_out(bench):
    assert bench.say(LOGIN) == "941"
    bench.terminal.connectionLost()
    bench.clock.advance(601)  # so that the login is asked about again
    for number in range(100):
        guess(bench, number, "192.168.1.77")
    assert bench.connect("192.168.1.1")
    assert bench.say(LOGIN) == "941"


def test_F47_a_broken_terminal_does_not_lock_out_its_address(bench):
    assert bench.say(LOGIN) == "941"
    bench.terminal.connectionLost()
    bench.clock.advance(601)
    for number in range(120):
        bench.connect()
        bench.denied(LOGIN.replace("kiosk@", f"made-up-{number}@"))
        bench.terminal.connectionLost()
    assert sign_ins(bench) <= 1 + 60
    assert bench.counted("logins_per_address") > 50
    bench.connect()
    assert bench.say(LOGIN) == "941"


def test_F47_a_login_that_is_known_to_be_right_is_never_throttled(bench):
    bench.factory.limits = evolve(bench.factory.limits, logins_per_account=1, logins_per_address=1)
    for _ in range(50):
        assert bench.say(LOGIN) == "941"
        bench.terminal.connectionLost()
        bench.connect()


def test_F47_an_outage_is_not_a_wrong_login(bench):
    bench.sandbox.misbehave("error")
    for _ in range(30):
        bench.connect()
        assert bench.denied(LOGIN) == "940"
        bench.terminal.connectionLost()
    bench.sandbox.behave()
    bench.clock.advance(120)
    bench.connect()
    assert bench.say(LOGIN) == "941"
    assert bench.counted("logins_per_account") == 0


def test_F47_a_throttled_login_is_logged(bench):
    bench.factory.limits = evolve(bench.factory.limits, logins_per_account=1)
    with capturedLogs() as logs:
        bench.denied(WRONG_PASSWORD)
        bench.denied(LOGIN)
    line = told(logs, "warn")[-1]
    assert "throttled: too many logins to this account from its network were wrong" in line
    metrics = bench.factory.metrics.registry
    assert metrics.get_sample_value("sip2gw_logins_total", {"library": "other", "outcome": "throttled"}) == 1


def guessing(clock: MovingClock, **settings: Any) -> LoginThrottle:
    limits = Limits(**settings)
    return LoginThrottle(lambda: limits, Metrics(), clock.seconds)


def tried(guesses: LoginThrottle, credentials: Credentials, address: str) -> bool:
    try:
        guesses.check("riverside", credentials, address)
    except Refused:
        return False
    return True


def test_F53_a_login_that_waits_for_an_equal_one_is_not_a_try(bench):
    bench.sandbox.change_library("riverside", sip2={"terminals_licensed": 30})
    bench.calls.held = {"/auth/tokens"}
    waiting = []
    for number in range(30):
        assert bench.connect(f"192.0.2.{number + 1}")
        assert bench.say(LOGIN) == ""
        waiting.append(bench.transport)
    bench.calls.held = set()
    bench.calls.let_go()
    assert {transport.value() for transport in waiting} == {b"941\r"}
    assert sign_ins(bench) == 1


def test_F47_right_logins_use_nothing_up():
    guesses = guessing(MovingClock())
    for _ in range(30):
        guesses.check("riverside", KIOSK, "192.0.2.1").right()
    assert tried(guesses, KIOSK, "192.0.2.1")


def test_F47_guesses_count_though_the_library_itself_finds_them_too_many(bench):
    bench.sandbox.misbehave("rate_limited", endpoint="create_token")
    bench.calls.made.clear()
    for number in range(60):
        guess(bench, number, f"192.0.2.{number + 1}")
    assert FREE < len(bench.calls.made) <= 10


def test_F47_a_known_terminal_is_not_throttled_for_the_librarys_limit(bench):
    assert bench.say(LOGIN) == "941"
    bench.terminal.connectionLost()
    bench.clock.advance(601)
    bench.sandbox.misbehave("rate_limited", endpoint="create_token")
    for _ in range(30):
        bench.connect()
        assert bench.denied(LOGIN) == "940"
        bench.terminal.connectionLost()
    bench.sandbox.behave()
    bench.connect()
    assert bench.say(LOGIN) == "941"


class Picky:
    """A library that refuses whoever signs in with this code, as long as there is one."""

    def __init__(self, bench: Bench, code: str) -> None:
        self.code, self.asked = code, 0
        self._inner, bench.directory._open = bench.directory._open, self

    def asks(self, *_: object) -> bool:
        return True

    async def __call__(self, *who: Any) -> Any:
        self.asked += 1
        if self.code == "rate_limited":
            raise Unavailable("429", throttled=True)
        if self.code:
            raise Refused(self.code, "whoever it is")
        return await self._inner(*who)


@pytest.mark.parametrize("known", [True, False])
@pytest.mark.parametrize("code", ["rate_limited", "validation_failed", "library_not_found"])
def test_F47_terminals_log_in_again_after_the_library_refused_all_logins(bench, code, known):
    if known:
        assert bench.say(LOGIN) == "941"
        bench.terminal.connectionLost()
        bench.clock.advance(601)
    library = Picky(bench, code)
    for number in range(150):
        bench.connect()
        assert bench.denied(LOGIN.replace("kiosk@", f"kiosk{number % 4 or ''}@")) == "940"
        bench.terminal.connectionLost()
        bench.clock.advance(5)
    library.code = ""
    bench.clock.advance(LONGEST_WAIT)
    bench.connect()
    assert bench.say(LOGIN) == "941"


def test_F47_a_refusal_that_says_nothing_of_the_password_is_counted(bench):
    """Or whoever finds a way to have a library say so could ask it for ever."""
    library = Picky(bench, "validation_failed")
    for number in range(60):
        guess(bench, number, f"192.0.2.{number + 1}")
    assert FREE < library.asked <= 10
    for number in range(60):
        bench.connect()
        bench.denied(LOGIN.replace("kiosk@", f"made-up-{number}@"))
        bench.terminal.connectionLost()
    assert library.asked <= 10 + 37


@pytest.mark.untraced
def test_F47_ten_thousand_guesses():
    clock = MovingClock()
    guesses = guessing(clock)
    got_through: dict[float, int] = {}
    for number in range(10_000):
        clock.advance(0.4)
        if tried(guesses, Credentials("kiosk", f"guess-{number}"), f"127.0.0.{number % 250 + 1}"):
            got_through[clock.seconds()] = number
    times = list(got_through)
    for start in times:
        assert sum(start <= time < start + 900 for time in times) <= 10
    assert len(times) >= 40, "nor is it ever shut for good"


def test_F47_the_wait_grows():
    clock = MovingClock()
    throttle = Throttle(clock.seconds)
    allowed, waits = Allowance(most=12, period=900, free=FREE), []
    for _ in range(11):
        clock.advance(throttle.wait("x", allowed))
        throttle.note("x")
        waits.append(throttle.wait("x", allowed))
    assert waits == pytest.approx([0, 0, 1, 2, 4, 8, 16, 32, *[LONGEST_WAIT] * 3], abs=0.001)


def test_F47_F50_memory_is_bounded_and_the_throttle_is_never_off():
    clock = MovingClock()
    throttle = Throttle(clock.seconds, entries=100)
    for number in range(1000):
        throttle.note(number)
    assert len(throttle) == 100
    guesses = guessing(clock, logins_per_account=1, login_period=3600.0)
    assert tried(guesses, KIOSK, "192.0.2.1"), "the least that can be set, and it strikes"
    assert not tried(guesses, KIOSK, "192.0.2.1")


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("192.0.2.77", "192.0.2.0/24"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.77", "192.0.2.0/24"),
        ("fe80::1%eth0", "fe80::/64"),
        ("", ""),
    ],
)
def test_addresses_are_counted_by_their_network(address, network):
    assert network_around(address, 24, 64) == network


def test_F53_all_terminals_come_back_and_each_account_signs_in_once(bench):
    bench.sandbox.change_library("riverside", sip2={"terminals_licensed": 1000})
    before = sign_ins(bench)
    for number in range(120):
        assert bench.connect(f"10.0.{number // 100}.{number % 100 + 1}")
        assert bench.say(LOGIN) == "941"
    assert sign_ins(bench) - before == 1


def test_F47_terminals_with_an_old_password_do_not_lock_out_the_new_one(bench):
    assert bench.say(LOGIN) == "941"
    bench.sandbox.change_user("riverside", "kiosk@riverside.example", password="changed")
    bench.terminal.connectionLost()
    before = sign_ins(bench)
    for _ in range(180):
        assert bench.connect()
        bench.denied(LOGIN)
        bench.terminal.connectionLost()
        bench.clock.advance(10)
    assert sign_ins(bench) - before < 30
    for wrong in ("mistyped", "mistyped again"):
        bench.connect()
        assert bench.denied(LOGIN.replace("kiosk-secret", wrong)) == "940"
        bench.clock.advance(20)
    bench.connect()
    assert bench.say(LOGIN.replace("kiosk-secret", "changed")) == "941"


def test_F47_spellings_of_an_account_are_counted_as_one_account(bench):
    before = sign_ins(bench)
    for number in range(60):
        bench.connect(f"192.0.2.{number + 1}")
        name = "".join(c.upper() if number >> place & 1 else c for place, c in enumerate("kiosk@"))
        bench.denied(LOGIN.replace("kiosk@", name).replace("kiosk-secret", f"guess-{number}"))
        bench.clock.advance(1)
    assert sign_ins(bench) - before <= 10


def test_F47_a_slow_guess_counts_until_it_is_judged(bench):
    waiting = bench.slow_logins()
    for number in range(13):
        guess(bench, number, f"192.0.2.{number + 1}")
        bench.clock.advance(65)
    assert len(waiting) == 10
    for late in waiting:
        late.callback(None)
    assert bench.connect("192.0.2.99")
    assert bench.denied(LOGIN) == "940"
    assert len(waiting) == 10


def test_F47_a_slow_right_login_is_not_a_guess(bench):
    waiting = bench.slow_logins()
    for _ in range(8):
        for _ in range(2):
            bench.connect()
            assert bench.say(LOGIN) == ""
        bench.clock.advance(65)
        while waiting:
            waiting.pop().callback(None)
    assert bench.counted("logins_per_account") == 0
