"""The library's API is killed in the middle: every request is answered in protocol, and all is well when it returns."""

import json
from contextlib import ExitStack
from time import monotonic, sleep
from urllib.request import urlopen

import pytest

from sip2gw.sip2 import DENIED, lay_out, parse

from .cloud import Cloud
from .terminal import checkin, checkout, patron, status

CONFIG = """
[[listen]]
endpoint = "tcp:{plain}:interface=127.0.0.1"
[librarika]
url = "http://127.0.0.1:{sandbox}/{{library}}/api/v1"
call_deadline = 3
[limits]
login_deadline = 120
[admin]
endpoint = "tcp:{admin}:interface=127.0.0.1"
"""

WELL = 16
"""Requests that go well before each misbehaviour: or it would be taken for the end of the library, and not asked."""


@pytest.fixture
def cloud(tmp_path):
    """For a test that kills it."""
    cloud = Cloud(tmp_path, CONFIG)
    yield cloud
    cloud.stop()


@pytest.fixture(scope="module")
def moody(tmp_path_factory):
    """For tests that have it misbehave, one after the other."""
    cloud = Cloud(tmp_path_factory.mktemp("cloud"), CONFIG)
    yield cloud
    cloud.stop()


def test_F42_F60_the_api_goes_and_comes_back(cloud):
    library, gateway = cloud.library, cloud.gateway
    with cloud.terminal() as kiosk, cloud.terminal() as newcomer:
        goes_and_comes_back(library, kiosk, newcomer)
    assert not [line for line in gateway.printed if "Traceback" in line]


def goes_and_comes_back(library, kiosk, newcomer):
    assert kiosk.log_in().ok
    assert kiosk.ask(checkout("M-1001", "10001")).ok
    library.kill()

    assert not kiosk.ask(checkout("M-1001", "10002")).ok
    down = kiosk.ask(status())
    assert (down.online_status, down.checkin_ok, down.checkout_ok) == (False, False, False)
    assert down.library_name == "Riverside Public Library"
    refused = kiosk.ask(checkout("M-1001", "10002"))
    assert (refused.ok, refused.desensitize) == (False, False)
    assert "try again" in refused.screen_message[0]
    returned = kiosk.ask(checkin("10001"))
    assert (returned.ok, returned.resensitize) == (False, False)
    reader = kiosk.ask(patron("M-1001", "1234"))
    assert (reader.valid_patron, reader.valid_patron_password) == (None, False)
    assert reader.patron_status == DENIED
    unheard_of = newcomer.log_in("kiosk@openall.example:open-secret", "openall")
    assert not unheard_of.ok, "never 941 on doubt"
    assert not newcomer.ask(status()).online_status, "K17: it is not logged in"

    library.start()
    until = monotonic() + 30
    while not kiosk.ask(status()).online_status:
        assert monotonic() < until, "the breaker lets a call through after some seconds"
    assert newcomer.log_in().ok
    assert kiosk.ask(checkin("10001")).ok


@pytest.mark.parametrize(
    ("what", "ok"),
    [
        ({"what": "hang"}, False),
        ({"what": "error", "status": 500}, False),
        ({"what": "error_after_commit"}, False),
        ({"what": "reset_before"}, False),
        ({"what": "reset_after_commit"}, False),
        ({"what": "cut_body"}, False),
        ({"what": "garbage"}, False),
        ({"what": "huge_body"}, False),
        ({"what": "wrong_type"}, False),
        ({"what": "rate_limited", "retry_after": 1}, False),
        ({"what": "slow", "seconds": 0.1}, True),
    ],
    ids=lambda value: value["what"] if isinstance(value, dict) else "",
)
def test_whatever_the_api_does_the_terminal_gets_its_answer(moody, what, ok):
    moody.sandbox.reset()
    with moody.terminal() as kiosk:
        assert kiosk.log_in().ok
        for _ in range(WELL):
            assert kiosk.ask(patron("M-1001")).valid_patron
        moody.sandbox.misbehave(library="riverside", endpoint="*", **what)
        for request in (patron("M-1001"), checkout("M-1001", "10001"), checkin("10003")):
            answer = kiosk.ask(request)
            assert type(answer) is type(request).response
            told = answer.patron_status != DENIED if request.code == "23" else None
            assert getattr(answer, "ok", told) is ok
        moody.sandbox.behave()
        assert kiosk.ask(patron("M-1001")).valid_patron
    assert not [line for line in moody.gateway.printed if "Traceback" in line]


THEIRS = 20
"""Terminals of the library that fails: more than may ask it at the same time."""


def asked_ahead(terminal, *requests):
    """Send them all; the answers are still to be read."""
    for request in requests:
        terminal.send(terminal.spell(request))


def answers(terminal, count):
    """So many answers, which must come in the order of asking."""
    lines = [terminal.receive() for _ in range(count)]
    last = terminal._sequence
    assert [lay_out(line).sequence for line in lines] == [
        str((last - behind) % 10) for behind in reversed(range(count))
    ]
    return [parse(line)[0] for line in lines]


def works(terminals):
    """Each of these does what a kiosk does, without waiting for one answer before it asks the next."""
    for number, terminal in enumerate(terminals, 1):
        item = f"1000{number}"
        asked_ahead(terminal, status(), patron("M-1001"), checkout("M-1001", item), checkin(item))
    for number, terminal in enumerate(terminals, 1):
        state, reader, lent, returned = answers(terminal, 4)
        assert (state.online_status, state.library_name) == (True, "Riverside Public Library")
        assert (reader.patron_identifier, reader.valid_patron) == ("M-1001", True)
        assert (lent.ok, lent.item_identifier) == (True, f"1000{number}")
        assert (returned.ok, returned.item_identifier) == (True, f"1000{number}")


def test_F75_one_librarys_outage_is_nothing_to_anothers_terminals(moody):
    moody.sandbox.reset()
    theirs_is = lambda: patron("O-1", library="openall")  # noqa: E731
    with ExitStack() as stack:
        ours = [stack.enter_context(moody.terminal()) for _ in range(2)]
        theirs = [stack.enter_context(moody.terminal()) for _ in range(THEIRS)]
        assert all(terminal.log_in().ok for terminal in ours)
        for terminal in theirs:
            assert terminal.log_in("kiosk@openall.example:open-secret", "openall").ok
        for terminal in theirs[:WELL]:
            assert terminal.ask(theirs_is()).valid_patron
        assert theirs[0].ask(status()).online_status

        moody.sandbox.misbehave(library="openall", endpoint="*", what="hang")
        for terminal in theirs:
            asked_ahead(terminal, *[theirs_is() for _ in range(2)])
        until = monotonic() + 60
        while moody.sandbox.requests("openall").get("find_member", 0) < 16:
            sleep(0.01)
            assert monotonic() < until, "as many as may have been asked"
        for _ in range(4):
            works(ours)
        for terminal in theirs:
            assert [answer.patron_status for answer in answers(terminal, 2)] == [DENIED] * 2

        moody.sandbox.behave()
        moody.sandbox.misbehave(library="openall", endpoint="*", what="refuse")
        for terminal in theirs:
            asked_ahead(terminal, status(), checkout("O-1", "501", library="openall"))
        works(ours)
        for terminal in theirs:
            state, lent = answers(terminal, 2)
            assert (state.online_status, state.library_name) == (False, "Open All Library")
            assert not lent.ok

        moody.sandbox.behave()
        rounds, until = 0, monotonic() + 60
        while not theirs[0].ask(status()).online_status:
            works(ours)
            rounds += 1
            assert monotonic() < until, "it comes back"
        for terminal in theirs:
            assert terminal.ask(theirs_is()).valid_patron
        works(ours)
        # A return that an earlier test left in doubt may be forwarded meanwhile: that is of another item.
        done = [one for one in moody.sandbox.ledger("riverside") if one["accession_no"] in ("10001", "10002")]
        assert len(done) == 2 * len(ours) * (4 + 1 + rounds + 1)
        assert moody.sandbox.ledger("openall") == []
    assert not [line for line in moody.gateway.printed if "Traceback" in line]


def test_health_says_what_lives(demo):
    with urlopen(f"http://127.0.0.1:{demo.admin_port}/health", timeout=10) as answer:  # http, loopback
        assert json.load(answer)["status"] == "ok"
