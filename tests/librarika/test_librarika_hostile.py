"""R2: what an answer says may be anything, and to find that out costs in proportion to its size, in time and memory."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Callable
from time import process_time
from typing import Any

import pytest
from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.trial.unittest import TestCase
from wire_server import BOOKING, COPY, KIOSK, MEMBER, Scripted, ServerCase, says

from sip2gw.librarika import CallLimits, Librarika
from sip2gw.librarika.http.call import Call
from sip2gw.librarika.http.outcome import outcome
from sip2gw.librarika.http.structuring import LONGEST_TEXT, MOST_RECORDS, Misshapen, parsed, structured
from sip2gw.librarika.records import CopyFound, ExtendedAll, Member, Page, Tokens
from sip2gw.library import Unavailable

MOST = 2**20
"""Bytes of the largest answer that is read."""


def filled(before: bytes, piece: bytes, after: bytes = b"") -> Callable[[int], bytes]:
    """A body of a given size, of the same pieces over and over."""
    return lambda size: before + piece * ((size - len(before) - len(after)) // len(piece)) + after


def numbered(size: int) -> bytes:
    """An object of very many members."""
    return b"{" + b",".join(b'"k%07d":0' % number for number in range(size // 13)) + b"}"


HOSTILE = {
    "escaped quotes without an end": filled(b'{"a":"', b'\\"'),
    "escaped quotes": filled(b'{"a":"', b'\\"', b'"}'),
    "backslashes without an end": filled(b'{"a":"', b"\\\\"),
    "quotes": filled(b"{", b'"'),
    "opening brackets": filled(b'{"a":', b"["),
    "opening braces": filled(b"", b'{"a":'),
    "pairs of brackets": filled(b'{"a":[', b"[],", b"0]}"),
    "pairs of braces": filled(b'{"a":[', b"{},", b"0]}"),
    "digits": filled(b'{"a":', b"9", b"}"),
    "digits after a point": filled(b'{"a":0.', b"9", b"}"),
    "numbers": filled(b'{"a":[', b"1,", b"1]}"),
    "numbers of many digits": filled(b'{"a":[', b"9" * 4000 + b",", b"1]}"),
    "exponents": filled(b'{"a":[', b"1e999,", b"1]}"),
    "keys": numbered,
    "the same key": filled(b"{", b'"a":1,', b'"b":1}'),
    "a long key": filled(b'{"', b"k", b'":1}'),
    "blanks": filled(b"{", b" ", b"}"),
    "blanks without an end": filled(b"{", b" "),
    "a long text": filled(b'{"name":"', "জ".encode(), b'"}'),
    "a long text in escapes": filled(b'{"name":"', b"\\u0985", b'"}'),
    "halves of characters": filled(b'{"name":"', b"\\ud800", b'"}'),
    "texts": filled(b'{"items":[', b'"x",', b'"x"]}'),
    "records": filled(b'{"items":[', json.dumps(COPY).encode() + b",", json.dumps(COPY).encode() + b"]}"),
    "bookings": filled(
        b'{"bookings":[', json.dumps(BOOKING).encode() + b",", json.dumps(BOOKING).encode() + b"]}"
    ),
    "no text": filled(b"", b"\xff"),
    "zeros": filled(b"", b"\0"),
}
SHAPES = (Member, CopyFound, Page, ExtendedAll, Tokens)


def read(body: bytes) -> None:
    """Whatever is to be made of an answer: as each record, and as a refusal."""
    for kind in SHAPES:
        outcome(Call("x", "GET", "", {}, shape=kind), 200, {}, body)
    problem = {b"content-type": b"application/problem+json"}
    outcome(Call("x", "GET", "", {}), 409, problem, body)


def seconds(body: bytes) -> float:
    begun = process_time()
    read(body)
    return process_time() - begun


@pytest.mark.untraced
@pytest.mark.parametrize("name", HOSTILE)
def test_R2_twice_the_answer_takes_at_most_thrice_the_time(name: str) -> None:
    half, whole = HOSTILE[name](MOST // 2), HOSTILE[name](MOST)
    for _ in range(5):  # A process that had to wait proves nothing.
        if min(seconds(whole) for _ in range(3)) <= 3 * min(seconds(half) for _ in range(3)) + 0.002:
            return
    pytest.fail("it takes more than in proportion")


@pytest.mark.untraced
@pytest.mark.parametrize("name", HOSTILE)
def test_R2_an_answer_takes_at_most_sixteen_times_its_size(name: str) -> None:
    body = HOSTILE[name](MOST)
    tracemalloc.start()
    try:
        read(body)
        assert tracemalloc.get_traced_memory()[1] <= 16 * MOST
    finally:
        tracemalloc.stop()


def test_R2_a_text_is_cut_to_what_a_message_carries() -> None:
    document = parsed(
        json.dumps({"name": "x" * 9000, "branches": ["y" * 9000], "access_token": "z" * 9000}).encode()
    )
    assert len(document["name"]) == len(document["branches"][0]) == LONGEST_TEXT
    assert len(document["access_token"]) == 9000


def test_R2_a_list_of_too_many_records_is_misshapen() -> None:
    few, many = ({"bookings": [BOOKING] * count} for count in (MOST_RECORDS, MOST_RECORDS + 1))
    assert len(structured(few, Page).bookings) == MOST_RECORDS
    with pytest.raises(Misshapen):
        structured(many, Page)


class Beside(ServerCase, TestCase):
    """One library's system answers with all of that; another library's goes on being asked."""

    timeout = 60

    async def test_R2_another_library_is_answered_while_one_sends_anything(self) -> None:
        hostile, honest = Scripted(), Scripted()
        other = await self.opened(honest)
        turns: list[None] = []
        ticking = LoopingCall(turns.append, None)
        ticking.start(0.001)
        self.addCleanup(ticking.stop)
        for name, body in HOSTILE.items():
            library = await self.opened(hostile)  # A new one each time, or its breaker would soon be open.
            hostile.script["POST members/find"] = says(200, body(MOST))
            asking = Deferred.fromCoroutine(library.patron("M-1001"))
            asking.addErrback(lambda error: error.trap(Unavailable))
            while not asking.called:
                self.assertEqual((await other.patron("M-1001")).patron.name, MEMBER["name"], name)
            await asking
        self.assertGreater(len(turns), len(HOSTILE))

    async def opened(self, server: Scripted) -> Any:
        url = f"http://127.0.0.1:{self.listen(server)}/{{library}}/api/v1"
        librarika = Librarika(reactor, url, limits=CallLimits(retry_share=0.0))
        self.addCleanup(librarika.close)
        library = await librarika("riverside", KIOSK)
        await library.rules()
        return library
