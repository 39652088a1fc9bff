"""Secrets come out of `reveal()` and the wire alone: a canary is put in, and everything is searched for it."""

import copy
import json
import pickle
import traceback

import attrs
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sip2gw.sip2 import (
    REQUESTS,
    RESPONSES,
    Garbled,
    Secret,
    Trailer,
    build,
    format,
    lay_out,
    parse,
    refusal,
)

from .strategies import requests

CANARY = "qX7zK9wVj2Hp"


@st.composite
def with_canary(draw):
    """Draw a request whose every secret is the canary, in each field where a terminal may put it."""
    request = draw(requests(extensions=False))
    secret = [name for name, member in request.members.items() if getattr(member.field, "secret", False)]
    further = draw(st.lists(st.sampled_from(["AC", "AD", "CO"]), max_size=2))
    extensions = tuple((code, CANARY) for code in further if code not in type(request).variables)
    return request.but(**dict.fromkeys(secret, Secret(CANARY)), extensions=extensions)


@given(request=with_canary())
def test_secrets_do_not_show(request):
    secrets = [value for value in vars(request).values() if isinstance(value, Secret)]
    for thing in (request, secrets, *secrets, {"request": request}):
        for shown in (repr(thing), str(thing), f"{thing}", "%s %r" % (thing, thing)):  # noqa: UP031 -- as logs do
            assert CANARY not in shown
    if not request.extensions:
        assert CANARY not in str(attrs.asdict(request))
        assert CANARY not in str(vars(request))
    assert CANARY.encode() not in format(refusal(request, None, ["no"]))


@given(request=with_canary())
def test_secrets_are_not_pickled(request):
    for thing in (request, *(value for value in vars(request).values() if isinstance(value, Secret))):
        for attempt in (pickle.dumps, copy.copy, copy.deepcopy, json.dumps):
            with pytest.raises(TypeError) as caught:
                attempt(thing)
            assert CANARY not in str(caught.value)


@given(request=with_canary(), data=st.data())
def test_no_exception_shows_a_secret(request, data):
    line = format(request, Trailer("0", True)).removesuffix(b"\r")
    cut = data.draw(st.integers(0, len(line)))
    for damaged in (line[:-1] + b"?", line[cut:], b"XX" + line, line[:cut] + b"\xff" + line[cut:]):
        try:
            told = repr(parse(damaged))
        except Garbled as error:
            told = "".join(traceback.format_exception(error))
        assert CANARY not in told


@given(request=with_canary(), cut=st.integers(0, 40))
def test_a_fixed_part_that_holds_a_secret_is_not_shown(request, cut):
    # A terminal that leaves out a part of the fixed fields: the secret moves to the front.
    line = request.code.encode() + format(request)[2 + cut :]
    heard = build(lay_out(line.removesuffix(b"\r")))
    assert not any(CANARY[place : place + 3] in repr(heard) for place in range(len(CANARY) - 2))


def test_characters_of_a_secret_after_an_early_code_are_not_shown():
    heard = build(lay_out(f"37-AD{'-' * 15}{CANARY}|AOx|".encode()))
    assert heard.fee_type + heard.payment_type + heard.currency_type == CANARY[:7]
    assert CANARY[:2] not in repr(heard)


def test_every_request_with_a_secret_is_in_the_tests():
    assert {code for code, cls in REQUESTS.items() if {"AC", "AD", "CO"} & set(cls.variables)} >= {
        "11",
        "23",
        "93",
    }
    assert not [cls for cls in RESPONSES.values() if {"AC", "AD", "CN", "CO"} & set(cls.variables)]
