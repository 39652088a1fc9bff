"""A self-checkout kiosk at the demo gateway, over real TLS: every operation it has, however it spells its lines."""

import itertools

import pytest

from sip2gw.sip2 import DENIED, PatronFlag, format, messages, parse

from .terminal import checkin, checkout, login, of, patron, status

KIOSK, SECRET = "kiosk@riverside.example", "kiosk-secret"


def test_a_day_at_the_kiosk(kiosk):
    up = kiosk.ask(status())
    assert (up.online_status, up.checkin_ok, up.checkout_ok, up.acs_renewal_policy) == (True,) * 4
    assert (up.institution_id, up.library_name, up.timeout_period) == (
        "riverside",
        "Riverside Public Library",
        300,
    )
    offered = {"23", "11", "09", "99", "97", "93", "63", "35", "37", "17", "15", "29", "65"}
    assert up.supported_messages == offered, "not 01, 25 and 19, which this library does not allow"

    reader = kiosk.ask(patron("M-1001", "1234"))
    assert (reader.personal_name, reader.valid_patron, reader.valid_patron_password) == (
        "Amina Rahman",
        True,
        True,
    )
    assert reader.patron_status == frozenset()

    for item, title in (("10001", "Emma"), ("AV-0005", "The Planets   Holst"), ("9780060883287", None)):
        lent = kiosk.ask(checkout("M-1001", item))
        if title is None:
            assert not lent.ok, "the only copy is on loan to somebody else"
            assert not lent.desensitize
            continue
        assert (lent.ok, lent.renewal_ok, lent.desensitize) == (True, False, True)
        assert (lent.title_identifier, lent.item_identifier) == (title, item)
        assert lent.due_date.endswith("    235900")
    by_isbn = kiosk.ask(checkout("M-1001", "978-0-385-47454-2"))
    assert (by_isbn.ok, by_isbn.title_identifier, by_isbn.item_identifier) == (
        True,
        "Things Fall Apart",
        "978-0-385-47454-2",
    )

    again = kiosk.ask(checkout("M-1001", "10001"))
    assert (again.ok, again.renewal_ok, again.desensitize) == (True, False, True), (
        "K15: the same wish made anew"
    )
    renewed = kiosk.ask(checkout("M-1001", "10001", renew=True))
    assert (renewed.ok, renewed.renewal_ok) == (True, True)
    other = kiosk.ask(checkout("M-1002", "10001"))
    assert (other.ok, other.renewal_ok, other.title_identifier) == (False, False, "Emma")
    assert other.screen_message

    back = kiosk.ask(checkin("10001"))
    assert (back.ok, back.resensitize, back.alert) == (True, True, False)
    assert (back.permanent_location, back.title_identifier) == ("Main", "Emma")
    idle = kiosk.ask(checkin("10001"))
    assert (idle.ok, idle.alert) == (True, False)
    assert "not on loan" in idle.screen_message[0]


@pytest.mark.parametrize(
    ("reader", "item", "word"),
    [
        ("M-1003", "10001", "not active"),
        ("M-1004", "10001", "fees"),
        ("M-1001", "10006", "in the library"),
        ("M-1001", "10100", "More than one"),
        ("M-1001", "99999", "not known"),
        ("nobody", "10001", "card"),
        ("M-1001", "", "No item"),
    ],
)
def test_refused_checkouts_say_why(plain_kiosk, reader, item, word):
    refused = plain_kiosk.ask(checkout(reader, item))
    assert (refused.ok, refused.desensitize, refused.due_date) == (False, False, "")
    assert (refused.patron_identifier, refused.item_identifier) == (reader, item)
    assert word in refused.screen_message[0]


@pytest.mark.parametrize(
    ("number", "pin", "valid", "right", "flags"),
    [
        ("M-1001", None, True, None, frozenset()),
        ("M-1001", "1234", True, True, frozenset()),
        ("M-1001", "wrong", True, False, frozenset()),
        ("M-1001", "", True, False, frozenset()),
        ("M-1005", "1", True, False, frozenset()),
        (
            "M-1003",
            None,
            True,
            None,
            {
                PatronFlag.CHARGE_PRIVILEGES_DENIED,
                PatronFlag.RENEWAL_PRIVILEGES_DENIED,
                PatronFlag.HOLD_PRIVILEGES_DENIED,
            },
        ),
        (
            "M-1004",
            None,
            True,
            None,
            {
                PatronFlag.CHARGE_PRIVILEGES_DENIED,
                PatronFlag.RENEWAL_PRIVILEGES_DENIED,
                PatronFlag.HOLD_PRIVILEGES_DENIED,
                PatronFlag.EXCESSIVE_OUTSTANDING_FINES,
            },
        ),
        ("nobody", "1234", False, None, DENIED),
        ("m-1001", None, False, None, DENIED),
    ],
)
def test_patrons(plain_kiosk, number, pin, valid, right, flags):
    answer = ask_without_empty_fields(plain_kiosk, patron(number, pin), keep_empty=pin is not None)
    assert answer.valid_patron is valid
    assert answer.patron_status == flags
    if valid:
        assert answer.valid_patron_password is right
    assert bool(answer.personal_name) is (valid and not (pin and not right)), "a wrong PIN learns nothing"


def ask_without_empty_fields(terminal, request, *, keep_empty):
    """`format` sends AD| where no password was given, as 3M requires; many leave it out."""
    line = format(request).decode().rstrip("\r")
    terminal.send((line if keep_empty else line.replace("AD|", "")).encode() + b"\r")
    answer, _ = parse(terminal.receive())
    return answer


def test_names_beyond_ascii(plain_kiosk):
    assert plain_kiosk.ask(patron("M-1002", "4321")).personal_name == "José Ångström"
    lent = plain_kiosk.ask(checkout("M-1001", "10004"))
    assert lent.title_identifier == "Pather Panchali (পথের পাঁচালী)"


def test_a_reserved_item_comes_back(plain_kiosk):
    back = plain_kiosk.ask(checkin("10007"))
    assert (back.ok, back.alert) == (True, True)
    assert "Reserved" in back.screen_message[0]
    assert "M-1002" not in back.screen_message[0]


def test_an_isbn_that_may_mean_two_loans_is_not_taken_back(plain_kiosk, demo):
    for reader in ("M-1001", "M-1002"):
        assert plain_kiosk.ask(checkout(reader, "9780385474542")).ok
        assert plain_kiosk.ask(of(messages.EndPatronSession, reader)).end_session
    refused = plain_kiosk.ask(checkin("9780385474542"))
    assert (refused.ok, refused.alert, refused.resensitize) == (False, True, False)
    plain_kiosk.ask(patron("M-1002", "4321"))
    assert plain_kiosk.ask(checkin("9780385474542")).ok, "the reader at the terminal tells which"


LOGINS = {
    "AO and AC in the 93": login("", "", extensions=(("AO", "riverside"), ("AC", f"{KIOSK}:{SECRET}"))),
    "AO in the 93": login(KIOSK, SECRET, extensions=(("AO", "Riverside"),)),
    "CN nickname": login("riverside", f"{KIOSK}:{SECRET}"),
    "CN nickname/account": login(f"riverside/{KIOSK}", SECRET, "Hall"),
    "CP nickname": login(KIOSK, SECRET, "riverside"),
    "CP nickname:branch": login(KIOSK, SECRET, "riverside:North"),
    "library later": login(KIOSK, SECRET),
    "location, library later": login(KIOSK, SECRET, "Hall"),
}


@pytest.mark.parametrize("form", LOGINS)
def test_each_login_form(demo, form):
    terminal = demo.terminal()
    assert terminal.ask(LOGINS[form]).ok
    assert terminal.ask(patron("M-1001")).personal_name in ("Amina Rahman", "")
    assert terminal.ask(status()).institution_id == "riverside"
    terminal.close()


def test_no_login_at_all(demo):
    terminal = demo.terminal()
    assert terminal.ask(status()).online_status
    stranger = terminal.ask(patron("M-1001"))
    assert (stranger.valid_patron, stranger.personal_name, stranger.patron_status) == (None, "", DENIED)
    request = terminal.exchange(f"2300120260301    101500AOriverside|AAM-1001|AC{KIOSK}:{SECRET}|")
    assert "AEAmina Rahman|" in request
    terminal.close()


@pytest.mark.parametrize(
    ("user", "password", "library"),
    [
        (KIOSK, "wrong", "riverside"),
        ("nobody", SECRET, "riverside"),
        (KIOSK, SECRET, "nowhere"),
        (KIOSK, SECRET, "evil.example/x"),
        (KIOSK, SECRET, "hillcrest"),
        ("desk@riverside.example", "desk-secret", "riverside"),
        ("intern@riverside.example", "intern-secret", "riverside"),
        ("kiosk@closedlib.example", "closed-secret", "closedlib"),
    ],
)
def test_logins_that_are_refused_and_may_be_tried_again(demo, user, password, library):
    terminal = demo.terminal()
    for _ in range(2):
        assert not terminal.log_in(f"{user}:{password}", library).ok
    assert terminal.log_in().ok
    terminal.close()


def test_another_library_is_never_asked(demo):
    demo.reset()
    terminal = demo.terminal()
    assert terminal.log_in().ok
    before = demo.requests("hillcrest")
    for _ in range(3):
        refused = terminal.ask(checkout("7", "14", library="hillcrest"))
        assert (refused.ok, refused.institution_id) == (False, "hillcrest")
    assert terminal.receive() == b"", "the third hangs up"
    assert demo.requests("hillcrest") == before
    assert demo.ledger("hillcrest") == []
    terminal.close()


def test_ten_requests_in_one_segment(kiosk):
    requests = [status(), patron("M-1001")] * 4 + [checkout("M-1001", "10001"), checkin("10001")]
    start = kiosk._sequence
    kiosk.socket.sendall(b"".join(kiosk.spell(request) for request in requests))
    kiosk._sequence = start
    answers = []
    for request in requests:
        kiosk._sequence = (kiosk._sequence + 1) % 10
        answers.append(kiosk.answer())
        assert type(answers[-1]) is type(request).response
    assert [answers[-2].ok, answers[-1].ok] == [True, True]


def test_resend_and_repeat(kiosk, demo):
    line = kiosk.spell(checkout("M-1001", "10001"))
    kiosk.send(line)
    first = kiosk.receive()
    assert first.startswith(b"121")
    kiosk.send(b"97AZFEF5\r")
    assert kiosk.receive() == first
    kiosk.send(line)
    assert kiosk.receive() == first
    kiosk.send(line + line)
    assert set(answers_up_to_98(kiosk)) == {first}
    assert [effect["kind"] for effect in demo.ledger("riverside")] == ["loan"]


def answers_up_to_98(kiosk):
    """What is said before 98. A line that was there before the answer to the same one has no answer of its own."""
    kiosk.send(kiosk.spell(status()))
    return list(itertools.takewhile(lambda answer: not answer.startswith(b"98"), iter(kiosk.receive, b"")))


def test_the_same_line_while_the_first_is_in_hand(kiosk, demo):
    demo.misbehave(library="riverside", endpoint="*", what="slow", seconds=0.2, times=3)
    line = kiosk.spell(checkout("M-1001", "10001"))
    kiosk.socket.sendall(line + line)
    answers = answers_up_to_98(kiosk)
    assert [answer[:3] for answer in answers] == [b"121"], "that answer is the answer to both"
    assert [effect["kind"] for effect in demo.ledger("riverside")] == ["loan"]


def test_a_bad_checksum_is_asked_for_again(kiosk):
    kiosk.send(b"9900802.00AY1AZ0000" + kiosk.spelling.terminator)
    assert kiosk.receive() == b"96AZFEF6"
    assert kiosk.ask(status()).online_status


def test_one_request_is_one_call(plain_kiosk, demo):
    def trips(request):
        before = demo.requests("riverside")
        assert plain_kiosk.ask(request).ok
        after = demo.requests("riverside")
        return {
            name: count - before.get(name, 0) for name, count in after.items() if count != before.get(name)
        }

    plain_kiosk.ask(patron("M-1002"))  # the sandbox has begun anew, and knows no token that was given before
    assert trips(checkout("M-1001", "10001")) == {"issue": 1}
    for _ in range(2):
        assert trips(checkin("10001")) == {"return": 1}
