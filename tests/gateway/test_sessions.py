"""What a terminal may call its library and its account, and what holds after a login that was refused."""

from __future__ import annotations

import copy
from datetime import datetime
from zoneinfo import ZoneInfo

import pytest

from sip2gw.circulation.settings import LibrarySettings, Settings, TerminalSettings
from sip2gw.sandbox import default_data
from sip2gw.sip2 import lay_out

from .desk import DATE, LOGIN, PATRON, START, STATUS, Bench

CN_CO = "9300CNkiosk@riverside.example|COkiosk-secret|AOriverside|CPDesk|"
HELD = "9300CNkiosk@riverside.example|COkiosk-secret|"
COLON = "pa:ss!word"
KIOSKS = "kiosk-secret"


def libraries(*nicknames: str, password: str = KIOSKS) -> dict[str, object]:
    """Libraries like riverside, with these names beside it."""
    data = default_data()
    data["libraries"][0]["users"][0]["password"] = password
    for nickname in nicknames:
        library = copy.deepcopy(data["libraries"][0])
        library["nickname"] = nickname
        data["libraries"].append(library)
    return data


@pytest.fixture
def bench():
    bench = Bench()
    yield bench
    bench.sandbox.close()


def field(line: str, code: str) -> str:
    return dict(lay_out(line.encode()).fields).get(code, "")


@pytest.mark.parametrize(
    "login",
    [
        "9300CNkiosk@riverside.example|COpa:ss!word|AOriverside|",
        "9300CNkiosk@riverside.example|COpa:ss!word|AOriverside|ACpa:ss!word|",
        "9300CNriverside/kiosk@riverside.example|COpa:ss!word|",
        "9300CNriverside|COkiosk@riverside.example:pa:ss!word|",
        "9300CN|CO|AOriverside|ACkiosk@riverside.example:pa:ss!word|",
        "9300CNkiosk@riverside.example|COpa:ss!word|",
    ],
)
def test_K7_the_terminals_own_password_with_a_colon_in_ac_is_served(login):
    bench = Bench(libraries(password=COLON))
    assert bench.say(login) == "941"
    for patron in range(1001, 1006):
        line = PATRON.replace("|AC|", f"|AC{COLON}|").replace("M-1001", f"M-{patron}")
        assert "BLY" in bench.say(line)
    assert not bench.transport.disconnecting
    bench.sandbox.close()


@pytest.mark.parametrize("login", [HELD, CN_CO])
def test_K7_any_password_in_ac_is_taken_where_cn_and_co_have_the_account(bench, login):
    assert bench.say(login) == "941"
    for number in range(4):
        assert "BLY" in bench.say(PATRON.replace("|AC|", f"|AC{number}:x|"))


def test_K7_an_account_in_ac_logs_in_where_the_session_has_none():
    bench = Bench(libraries(password=COLON))
    bench.say("9300CN|CO|")
    assert "BLY" in bench.say(PATRON.replace("|AC|", f"|ACkiosk@riverside.example:{COLON}|"))
    bench.sandbox.close()


@pytest.mark.parametrize("every", [3.0, 14.0, 240.0])
def test_K8_a_held_terminal_that_keeps_asking_99_stays(bench, every):
    assert bench.say(HELD) == "941"
    for _ in range(40):
        assert bench.say(STATUS).startswith("98Y")
        bench.clock.advance(every)
    assert not bench.transport.aborted
    assert "BLY" in bench.say(PATRON)


def test_K8_a_held_terminal_that_has_fallen_silent_is_disconnected(bench):
    bench.say(HELD)
    bench.say(STATUS)
    bench.clock.pump([15.0] * 21)
    assert bench.transport.aborted
    assert bench.counted("login_deadline") == 1


@pytest.mark.parametrize(
    "lines", [[STATUS], [HELD], [STATUS, HELD], [HELD, STATUS, LOGIN.replace("secret", "x")]]
)
def test_K8_a_terminal_that_sends_99_without_a_login_is_disconnected(bench, lines):
    for line in lines:
        bench.denied(line)
    bench.clock.pump([1.0] * 20)
    assert bench.transport.aborted


@pytest.mark.parametrize("ao", ["1", "Station 7", " station 7 "])
def test_K12_the_terminals_own_ao_is_taken_and_echoed(bench, ao):
    bench.settle("riverside", institution_id=ao.strip())
    assert bench.say(LOGIN) == "941"
    assert field(bench.say(STATUS), "AO") == ao.strip()
    answer = bench.say(PATRON.replace("AOriverside", f"AO{ao}"))
    assert "BLY" in answer
    assert field(answer, "AO").strip() == ao.strip()
    assert "BLY" in bench.say(PATRON), "the nickname is its name all the same"
    assert "another library" in bench.say(PATRON.replace("AOriverside", "AO2"))


@pytest.mark.parametrize(
    "ao",
    [
        "riverside:North",
        "riverside.librarika.com",
        "Riverside.Librarika.com",
        "https://riverside.librarika.com/",
        "riverside.librarika.com:North",
        "riverside/kiosk@riverside.example",
    ],
)
def test_K12_ao_accepts_each_form_that_the_login_accepts(bench, ao):
    assert bench.say(LOGIN.replace("AOriverside", f"AO{ao}")) == "941"
    answer = bench.say(PATRON.replace("AOriverside", f"AO{ao}"))
    assert "BLY" in answer
    assert field(answer, "AO") == ao
    bench.connect()
    assert bench.say(HELD) == "941"
    assert "BLY" in bench.say(PATRON.replace("AOriverside", f"AO{ao}"))


@pytest.mark.parametrize(
    "ao",
    [
        "hillcrest:North",
        "hillcrest.librarika.com",
        "riverside.example.com",
        "riverside/desk@riverside.example",
    ],
)
def test_K12_another_library_or_account_in_ao_is_refused(bench, ao):
    assert bench.say(LOGIN) == "941"
    before = bench.sandbox.requests("riverside")
    assert "another library" in bench.say(PATRON.replace("AOriverside", f"AO{ao}"))
    assert (bench.sandbox.requests("riverside"), bench.sandbox.requests("hillcrest")) == (before, {})


def test_K12_the_branch_in_ao_is_the_location_where_no_cp_says_another(bench):
    assert bench.say(CN_CO.replace("AOriverside", "AOriverside:North").replace("CPDesk|", "")) == "941"
    assert field(bench.say(STATUS), "AN") == "North"


def test_K14_the_location_of_a_second_login_counts(bench):
    assert bench.say(CN_CO) == "941"
    assert field(bench.say(STATUS), "AN") == "Desk"
    assert bench.say(CN_CO.replace("CPDesk", "CPNorth")) == "941"
    assert field(bench.say(STATUS), "AN") == "North"
    [seen] = bench.factory.logins.seating.seen()
    assert seen.location == "North"


def test_K14_a_second_login_without_a_location_keeps_the_first_one(bench):
    assert bench.say(CN_CO) == "941"
    assert bench.say(CN_CO.replace("CPDesk|", "")) == "941"
    assert field(bench.say(STATUS), "AN") == "Desk"


def test_K14_the_profile_of_the_new_location_counts(bench):
    knobs = {"messages": frozenset({"23"})}
    terminals = (TerminalSettings(location="North", knobs=knobs),)
    libraries = {"riverside": LibrarySettings("riverside", terminals=terminals)}
    bench.directory.reconfigure(bench.directory.policy, Settings(libraries=libraries))
    assert bench.say(CN_CO) == "941"
    assert bench.say(CN_CO.replace("CPDesk", "CPNorth")) == "941"
    assert "not offered" in bench.say(f"17{DATE}AOriverside|AB10001|")


def test_K12_a_second_login_may_have_the_terminals_own_ao(bench):
    bench.settle("riverside", institution_id="1")
    assert bench.say(CN_CO) == "941"
    assert bench.say(CN_CO.replace("AOriverside", "AO1")) == "941"
    assert field(bench.say(STATUS), "AO") == "1"


@pytest.mark.parametrize(
    "second",
    [CN_CO.replace("kiosk-secret", "wrong"), CN_CO.replace("9300", "9311"), HELD.replace("kiosk-s", "s")],
)
def test_K14_after_a_second_login_that_was_refused_nothing_is_served(bench, second):
    assert bench.say(CN_CO) == "941"
    assert bench.denied(second) == "940"
    before = bench.sandbox.requests("riverside")
    assert "not logged in" in bench.say(PATRON)
    assert bench.say(f"11YN{DATE}{DATE}AOriverside|AAM-1001|AB10001|AC|").startswith("120")
    assert bench.sandbox.requests("riverside") == before
    assert bench.say(CN_CO) == "941"
    assert "BLY" in bench.say(PATRON)


def test_K14_a_held_login_is_given_up_by_one_that_is_refused(bench):
    assert bench.say(HELD) == "941"
    assert bench.denied(LOGIN.replace("kiosk-secret", "wrong")) == "940"
    assert "not logged in" in bench.say(PATRON)


@pytest.mark.parametrize("before", [[], [HELD]])
def test_K17_the_date_of_98_is_real_before_a_library_is_known(bench, before):
    for line in before:
        bench.say(line)
    answer = bench.say(STATUS)
    assert answer.startswith("98YYY")
    now = START.astimezone().replace(tzinfo=None)
    assert datetime.strptime(answer[14:32], "%Y%m%d    %H%M%S") == now


@pytest.mark.parametrize("before", [[], [HELD], [CN_CO]])
def test_K17_after_a_940_the_98_does_not_say_that_all_is_well(bench, before):
    for line in before:
        assert bench.say(line) == "941"
    assert bench.denied(CN_CO.replace("kiosk-secret", "wrong")) == "940"
    answer = bench.say(STATUS)
    assert answer.startswith("98NNNNNN")
    assert "0" * 18 not in answer
    assert field(answer, "BX") == "NNNNYYYNNNNNNNNN"
    assert bench.say(CN_CO) == "941"
    assert bench.say(STATUS).startswith("98YYY")


def test_K17_after_a_940_the_98_keeps_the_time_of_the_library(bench):
    assert bench.say(LOGIN) == "941"
    in_time = bench.say(STATUS)[14:32]
    assert bench.denied(LOGIN.replace("kiosk-secret", "wrong")) == "940"
    answer = bench.say(STATUS)
    assert answer.startswith("98NNNNNN")
    assert answer[14:22] == in_time[:8]
    assert answer[26:28] == in_time[12:14] == f"{START.astimezone(ZoneInfo('America/New_York')):%H}"


GUESSES = [
    "9300CNkiosk@riverside.example|COkiosk-secret|CPMain|",
    "9300CNkiosk@riverside.example|COkiosk-secret|CP main |",
    "9300CNself1|COpa:ss|",
    "9300CNself1|COpa:ss|CPMain|",
]


@pytest.mark.parametrize("deferred", [True, False])
@pytest.mark.parametrize("login", GUESSES)
def test_R12_a_library_that_a_login_only_seems_to_name_is_not_asked(login, deferred):
    bench = Bench(libraries("main", "self1"), deferred_login=deferred)
    assert bench.denied(login) == ("941" if deferred else "940")
    bench.say(STATUS)
    bench.say(PATRON)
    assert (bench.sandbox.requests("main"), bench.sandbox.requests("self1")) == ({}, {})
    bench.sandbox.close()


def test_R12_a_location_like_a_nickname_stays_a_location():
    bench = Bench(libraries("main"))
    assert bench.say(GUESSES[0]) == "941"
    assert "BLY" in bench.say(PATRON)
    assert field(bench.say(STATUS), "AN") == "Main"
    bench.sandbox.close()


@pytest.mark.parametrize(
    "login",
    [
        "9300CNkiosk@riverside.example|COkiosk-secret|CPriverside|",
        "9300CNriverside|COkiosk@riverside.example:kiosk-secret|",
    ],
)
def test_R12_the_first_ao_settles_what_was_meant(bench, login):
    assert bench.say(login) == "941"
    assert "BLY" in bench.say(PATRON)


def test_R12_a_short_user_name_before_the_password_is_settled_by_ao():
    data = libraries()
    data["libraries"][0]["users"][0]["username"] = "kiosk"
    bench = Bench(data)
    assert bench.say("9300CNriverside|COkiosk:kiosk-secret|") == "941"
    assert bench.sandbox.requests("riverside") == {}
    assert "BLY" in bench.say(PATRON)
    bench.sandbox.close()


@pytest.mark.parametrize(
    ("form", "login"),
    [("CP", "9300CNkiosk|COkiosk-secret|CPriverside|"), ("CN", "9300CNriverside|COkiosk:kiosk-secret|")],
)
def test_R12_a_form_that_the_configuration_names_is_tried_at_once(form, login):
    data = libraries()
    data["libraries"][0]["users"][0]["username"] = "kiosk"
    bench = Bench(data)
    bench.settle("riverside", library_in=frozenset({form}))
    assert bench.say(login) == "941"
    assert field(bench.say(STATUS), "AO") == "riverside"
    bench.sandbox.close()


def places_made(bench) -> list[str]:
    """Note the location of each place that is made from now on."""
    made: list[str] = []
    place = bench.directory.place

    def noted(tenant, location, **named):
        made.append(location)
        return place(tenant, location, **named)

    bench.directory.place = noted
    return made


def test_a_place_is_made_once_for_many_requests_of_a_session(bench):
    made = places_made(bench)
    assert bench.say(CN_CO) == "941"
    for _ in range(3):
        assert bench.say(STATUS)[:2] == "98"
        assert bench.say(f"17{DATE}AOriverside|AB10001|")[:2] == "18"
    assert made == ["Desk"]


def test_a_place_is_made_again_after_a_second_login_and_a_reload(bench):
    made = places_made(bench)
    assert bench.say(CN_CO) == "941"
    assert bench.say(STATUS)[:2] == "98"
    assert bench.say(CN_CO.replace("CPDesk", "CPNorth")) == "941"
    assert bench.say(STATUS)[:2] == "98"
    bench.settle("riverside", messages=frozenset({"23"}))
    assert "not offered" in bench.say(f"17{DATE}AOriverside|AB10001|")
    assert made == ["Desk", "North", "North"]
