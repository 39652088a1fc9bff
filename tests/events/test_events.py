"""The publisher of events, the codes that people read out, and masked accounts."""

from __future__ import annotations

from itertools import islice

import pytest
from click.testing import CliRunner
from twisted.logger import capturedLogs

from sip2gw.events import Closed, Events, LoginRefused, Opened, conn_codes, masked_account, ref_codes
from sip2gw.tools.cli import main


def test_each_subscriber_gets_each_event_until_it_leaves():
    events, first, second = Events(), [], []
    leave = events.subscribe(first.append)
    events.subscribe(second.append)
    events.publish(Closed(1.0, "00001"))
    leave()
    events.publish(Closed(2.0, "00001"))
    assert [event.at for event in first] == [1.0]
    assert [event.at for event in second] == [1.0, 2.0]


def test_a_subscriber_that_raises_is_logged_and_keeps_no_event_back():
    events, got = Events(), []

    def broken(_: object) -> None:
        raise KeyError("canary")

    events.subscribe(broken)
    events.subscribe(got.append)
    with capturedLogs() as logs:
        events.publish(Closed(1.0, "00001"))
    assert len(got) == 1
    assert "log_failure" in logs[0]


@pytest.mark.parametrize(("codes", "length"), [(conn_codes, 5), (ref_codes, 4)])
def test_codes_have_their_length_and_do_not_come_again_soon(codes, length):
    made = list(islice(codes(), 100_000))
    assert len(set(made)) == len(made)
    assert {len(code) for code in made} == {length}
    assert not set("".join(made)) & set("OILSBZ")


def test_refs_have_no_signs_that_look_alike():
    assert not set("".join(islice(ref_codes(), 10_000))) & set("01OIL5S8B2Z") - set("28")


def test_no_ref_is_hidden_as_a_secret_field():
    every = "\n".join(f"98YYYYYY|AFTry again. ({ref})|" for ref in islice(ref_codes(), 3_000))
    shown = CliRunner().invoke(main, ["decode", "--json"], input=every).output
    assert shown.count("Try again. (") >= 3_000
    assert "***" not in shown


def test_a_repr_has_no_whole_address():
    assert "192.0.2.7" not in repr(Opened(1.0, "00001", "TLS port 6009", "192.0.2.7", "192.0.2.0/24"))


@pytest.mark.parametrize(
    ("account", "shown"),
    [
        ("kiosk@riverside.example", "k...@riverside.example"),
        (" kiosk@riverside.example ", "k...@riverside.example"),
        ("kiosk-secret", "(...)"),
        ("pass@word", "(...)"),
        ("kiosk@riverside.example:secret", "(...)"),
        ("", ""),
    ],
)
def test_an_account_is_masked_and_a_password_is_not_shown(account, shown):
    assert masked_account(account) == shown
    assert shown in repr(LoginRefused(1.0, "00001", "riverside", "x", account=shown))
