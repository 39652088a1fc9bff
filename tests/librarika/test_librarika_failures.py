"""Every way in which a call can fail, and which of the port's errors it is: the table of this room's promise."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from functools import partial
from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import TestCase
from wire_server import (
    BOOKING,
    KIOSK,
    MEMBER,
    DeafReactor,
    NamelessReactor,
    ServerCase,
    StillReactor,
    refuses,
    response,
    says,
)

from sip2gw.librarika import CallLimits
from sip2gw.librarika.records import Booking
from sip2gw.library import InDoubt, LibraryError, Occasion, Refused, Unavailable
from sip2gw.metrics import Metrics

NOW = datetime(2026, 11, 23, 20, 0, tzinfo=UTC)
OCCASION = Occasion(terminal="kiosk-1", happened_at=NOW, key="the-key", branch="Main")


def writes(raw: bytes, then: str = "") -> Any:
    """Sends these bytes, then closes or resets the connection, or neither."""

    def misdeed(transport: Any) -> None:
        transport.write(raw)
        if then:
            getattr(transport, then)()

    return misdeed


def silence(transport: Any) -> None:
    """Sends nothing."""


def silent_end(transport: Any) -> None:
    """Closes the connection without an answer."""
    transport.loseConnection()


def once(*misdeeds: Any) -> Any:
    """Does one after the other, and the last one from then on."""
    left = list(misdeeds)

    def misdeed(transport: Any) -> None:
        (left.pop(0) if len(left) > 1 else left[0])(transport)

    return misdeed


DEEP = b"[" * 100_000 + b"]" * 100_000
WHOLE = json.dumps(BOOKING).encode()
EITHER = {**BOOKING, **MEMBER, "more": 0}
"""An answer to a read as well as to a write, and more, which nobody minds."""


def more(text: str) -> bytes:
    """That answer, with this in the place of what is more."""
    return json.dumps(EITHER).replace('"more": 0', f'"more": {text}').encode()


UNCLEAR = {
    "reset after the request": writes(b"", "abortConnection"),
    "closed after the request": writes(b"", "loseConnection"),
    "closed within the head": writes(b"HTTP/1.1 200 OK\r\nContent-Le", "loseConnection"),
    "cut body": writes(response(200, WHOLE, length=len(WHOLE) + 9), "loseConnection"),
    "cut body, reset": writes(response(200, WHOLE, length=len(WHOLE) + 9), "abortConnection"),
    "cut body without a length": writes(b"HTTP/1.1 200 OK\r\n\r\n" + WHOLE[:9], "loseConnection"),
    "no HTTP": writes(b"\x00\xff 941AY0AZFDFB\r\n\r\n", "loseConnection"),
    "endless header": writes(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 70_000, "loseConnection"),
    "headers without end": writes(b"HTTP/1.1 200 OK\r\n" + b"X: x\r\n" * 5000),
    "huge headers": says(200, WHOLE, **{f"X_{number}": "x" * 1000 for number in range(20)}),
    "no JSON": says(200, b"<html>Amina Rahman</html>", "text/html"),
    "half a JSON text": says(200, WHOLE[:-3]),
    "no text": says(200, b"\x80\x81"),
    "empty": says(200, b""),
    "204": says(204, b""),
    "a list": says(200, [BOOKING]),
    "null": says(200, None),
    "another shape": says(200, {"items": "none"}),
    "a number as text": says(200, {**BOOKING, **MEMBER, "id": "21"}),
    "a flag as number": says(200, {**BOOKING, **MEMBER, "id": True}),
    "a text as number": says(200, {**BOOKING, **MEMBER, "member_no": 1001, "return_date": 20261215}),
    "no such day": says(200, {**BOOKING, **MEMBER, "return_date": "2026-02-30", "balance": "1e5"}),
    "NaN": says(200, more("NaN")),
    "infinity": says(200, more("-Infinity")),
    "a key twice": says(200, more('1, "more": 1')),
    "deep": says(200, DEEP),
    "too many values": says(200, {**BOOKING, **MEMBER, "more": [0] * 40_000}),
    "UTF-16": says(200, json.dumps(EITHER).encode("utf-16")),
    "too large": says(200, b" " * 300_000 + WHOLE),
    "compressed": says(200, gzip.compress(WHOLE), Content_Encoding="gzip"),
    "302": says(302, b"", Location="http://evil.invalid/"),
    "303": says(303, b"", Location="http://evil.invalid/"),
    "307": says(307, b"", Location="http://evil.invalid/"),
    "304 unasked": says(304, b""),
    "500": says(500, b"Traceback: Amina Rahman"),
    "500 with a code": refuses(500, "internal_error"),
    "502": says(502, b"<html>", "text/html"),
    "503": says(503, b""),
}
LATER = {
    "429": says(429, b"", Retry_After="1"),
    "429 with a code": refuses(429, "rate_limited"),
    "503 with Retry-After": says(503, b"", Retry_After="2"),
    "503 with a code": refuses(503, "internal_error"),
    "408": says(408, b""),
    "421": says(421, b""),
    "425": says(425, b""),
    "425 with a code": refuses(425, "rate_limited"),
}
"""Come back later. Who says that before the work was done, and who after it?"""
NOT_PROCESSED = {
    str(status): refuses(status, code, not_processed=True)
    for status, code in (
        (408, "rate_limited"), (425, "rate_limited"), (429, "rate_limited"), (500, "internal_error"),
        (502, "internal_error"), (503, "internal_error"),
    )
}  # fmt: skip
DEFINITE = {
    "403": (refuses(403, "permission_missing"), "permission_missing"),
    "404": (refuses(404, "member_not_found"), "member_not_found"),
    "409": (refuses(409, "member_inactive"), "member_inactive"),
    "422": (refuses(422, "validation_failed"), "validation_failed"),
    "409 with charset": (
        says(409, {"code": "copy_inactive"}, "application/problem+json; charset=utf-8"),
        "copy_inactive",
    ),
}
WITHOUT_CODE = {
    "404 page": says(404, b"<html>not here</html>", "text/html"),
    "400 JSON, no problem": says(400, {"code": "something"}),
    "409 code of no form": refuses(409, "Amina Rahman <b>"),
    "409 code of no type": refuses(409, 409),  # type: ignore[arg-type]
    "409 code of nobody known": refuses(409, "upstream_says_no"),
    "409 broken": says(409, b"{", "application/problem+json"),
    "409 as a list": says(409, [{"code": "copy_inactive"}], "application/problem+json"),
    "409 of a wrong kind": says(409, {"code": "copy_inactive"}, "application/json"),
    "409 as text": says(409, {"code": "copy_inactive"}, "text/html"),
    "409 not_processed, no code": says(409, {"not_processed": True}, "application/problem+json"),
    "413 page": says(413, b"<html>", "text/html"),
    "413 empty": says(413, b""),
    "451 page": says(451, b"<html>", "text/html"),
    "403 empty": says(403, b""),
}


class FailureTable(ServerCase, TestCase):
    """Each row once as a read and once as a write."""

    timeout = 120

    async def read(self, misdeed: Any) -> LibraryError:
        library = await self.serve(limits=CallLimits(answer_body=250_000, retry_share=0.0))(
            "riverside", KIOSK
        )
        await library.rules()
        self.server.script["POST members/find"] = misdeed
        with self.assertRaises(LibraryError) as caught:
            await library.patron("M-1001")
        self.assertEqual(self.server.count("POST members/find"), 1)
        return self.clean(caught.exception)

    async def write(self, misdeed: Any) -> LibraryError:
        library = await self.serve(limits=CallLimits(answer_body=250_000, retry_share=0.0))(
            "riverside", KIOSK
        )
        self.server.script["POST loans"] = misdeed
        with self.assertRaises(LibraryError) as caught:
            await self.settled(library.lend("M-1001", "10001", OCCASION, renewal=True))
        came = self.server.came("POST loans")
        self.assertEqual(
            len(came) > 1, isinstance(caught.exception, InDoubt), "settled if in doubt, and only then"
        )
        self.assertEqual({headers["idempotency-key"] for headers, _ in came}, {"the-key"})
        self.assertEqual(len({body for _, body in came}), 1)
        return self.clean(caught.exception)

    def clean(self, error: LibraryError) -> LibraryError:
        """Nothing of a body, a member, a token or a password is in an error."""
        chain = [error, error.__cause__]
        text = " ".join(f"{one!r} {one} {getattr(one, 'facts', '')}" for one in chain)
        for secret in ("Amina", "M-1001", "tok-1", "s3cret", "evil"):
            self.assertNotIn(secret, text)
        return error

    async def test_F61_F62_F66_F70_unclear_reads(self) -> None:
        with self.assertRaises(
            self.failureException
        ):  # it is an answer: else nothing below would show anything
            await self.read(says(200, more("1")))
        for name, misdeed in UNCLEAR.items():
            self.assertIs(type(await self.read(misdeed)), Unavailable, name)

    async def test_F61_F62_F66_F68_F70_unclear_writes(self) -> None:
        with self.assertRaises(self.failureException):  # as above
            await self.write(says(200, more("1")))
        for name, misdeed in UNCLEAR.items():
            self.assertIs(type(await self.write(misdeed)), InDoubt, name)

    async def test_R1_an_answer_that_proves_nothing_leaves_a_write_in_doubt(self) -> None:
        for name, misdeed in (LATER | WITHOUT_CODE).items():
            self.assertIs(type(await self.read(misdeed)), Unavailable, name)
            self.assertIs(type(await self.write(misdeed)), InDoubt, name)

    async def test_R1_a_413_with_the_contracts_code_leaves_a_write_in_doubt(self) -> None:
        self.assertIs(type(await self.write(refuses(413, "payload_too_large"))), InDoubt)
        error = await self.write(refuses(413, "payload_too_large", not_processed=True))
        self.assertIsInstance(error, Refused)

    async def test_R1_a_409_for_a_key_under_way_leaves_a_write_in_doubt(self) -> None:
        self.assertIs(type(await self.write(refuses(409, "idempotency_key_reused"))), InDoubt)
        error = await self.write(refuses(409, "idempotency_key_reused", not_processed=True))
        self.assertIsInstance(error, Refused)

    async def test_R1_an_answer_that_says_not_processed_was_not_done(self) -> None:
        for name, misdeed in NOT_PROCESSED.items():
            self.assertIs(type(await self.write(misdeed)), Unavailable, name)

    async def test_R1_a_lost_answer_is_settled_by_the_same_call(self) -> None:
        library = await self.serve(limits=CallLimits(answer_body=250_000))("riverside", KIOSK)
        for name, misdeed in (UNCLEAR | LATER | WITHOUT_CODE).items():
            for then, wanted in (
                (says(201, BOOKING), None),
                (refuses(409, "copy_inactive"), "copy_inactive"),
            ):
                self.server.requests.clear()
                self.server.script["POST loans"] = once(misdeed, then)
                try:
                    await self.settled(library.lend("M-1001", "10001", OCCASION, renewal=True))
                except Refused as refusal:
                    self.assertEqual(refusal.code, wanted, name)
                else:
                    self.assertIsNone(wanted, name)
                self.assertEqual(self.server.count("POST loans"), 2, name)
            self.still.advance(60)  # The breaker forgets.

    async def test_R1_a_refused_settling_call_leaves_the_write_in_doubt(self) -> None:
        for then in (says(401, b""), refuses(401, "unauthorized"), *NOT_PROCESSED.values()):
            library = await self.serve()("riverside", KIOSK)
            self.server.script["POST refresh"] = says(500, b"")
            self.server.script["POST tokens"] = says(500, b"")
            self.server.script["POST loans"] = once(UNCLEAR["cut body"], then)
            with self.assertRaises(InDoubt):
                await self.settled(library.lend("M-1001", "10001", OCCASION, renewal=True))

    async def test_R1_a_401_of_a_stranger_does_not_say_that_nothing_was_done(self) -> None:
        library = await self.serve()("riverside", KIOSK)
        self.server.script["POST loans"] = once(says(401, b"<html>", "text/html"), UNCLEAR["500"])
        with self.assertRaises(InDoubt):
            await self.settled(library.lend("M-1001", "10001", OCCASION, renewal=True))
        self.server.script["POST loans"] = once(refuses(401, "unauthorized"), *NOT_PROCESSED.values())
        with self.assertRaises(Unavailable):
            await self.settled(library.lend("M-1001", "10001", OCCASION, renewal=True))

    async def test_R1_a_settling_call_leaves_the_password_out(self) -> None:
        library = await self.serve()("riverside", KIOSK)
        self.server.script["POST loans"] = once(silent_end, says(201, BOOKING))
        account = library._calls.account
        body = {"member_no": "M-1001", "password": "1234-of-amina"}
        until = account.api.client.deadline()
        await self.settled(
            account.request("issue", "POST", "/loans", until=until, body=body, key="the-key", shape=Booking)
        )
        first, second = (json.loads(body) for _, body in self.server.came("POST loans"))
        self.assertEqual((first, second), (body, {"member_no": "M-1001"}))

    async def test_a_booking_that_is_not_what_was_asked_for_proves_nothing(self) -> None:
        """A terminal switches off the security of what is lent."""
        library = await self.serve()("riverside", KIOSK)
        hold = partial(library.place_hold, "M-1001", "10001", None, OCCASION, pickup="", expires=None)
        writes = {
            "loans": partial(library.lend, "M-1001", "10001", OCCASION, renewal=True),
            "extend": partial(library.renew, "M-1001", "10001", None, OCCASION, third_party=False),
            "undo": partial(library.undo_return, "M-1001", "10001", OCCASION),
            "reservations": partial(hold, this_copy=False),
            "change": partial(
                library.change_hold, "M-1001", "10001", None, OCCASION, pickup="", expires=None
            ),
            "cancel": partial(library.cancel_hold, "M-1001", "10001", None, OCCASION),
        }
        for path, write in writes.items():
            waits = {"reservations", "change"}
            right = "Cancelled" if path == "cancel" else "Reserved" if path in waits else "Issued"
            for status in (
                "Pending",
                "Reserved",
                "Issued",
                "Overdue",
                "Cancelled",
                "Returned",
                "issued",
                "",
                "On loan",
            ):
                self.server.script[f"POST {path}"] = says(200, {**BOOKING, "status": status})
                also = {"Reserved": "Pending", "Issued": "Overdue"}.get(right)
                if status in (right, also):
                    await self.settled(write())
                else:
                    with self.assertRaises(InDoubt):
                        await self.settled(write())
            others = {**BOOKING, "status": right, "member": {"id": 8, "member_no": "M-1002"}}
            self.server.script[f"POST {path}"] = says(200, others)
            with self.assertRaises(InDoubt):
                await self.settled(write())
        for spelled in ("m-1001", "M-1001 ", "00M-1001"):  # the number as the library has it
            self.server.script["POST loans"] = says(
                200, {**BOOKING, "member": {"id": 7, "member_no": spelled}}
            )
            await self.settled(writes["loans"]())
        self.server.script["POST extend"] = says(200, {**BOOKING, "member": {"id": 8, "member_no": "M-1002"}})
        loan = await self.settled(library.renew("M-1001", "10001", None, OCCASION, third_party=True))
        self.assertEqual(loan.item.title, "Emma")

    async def test_an_api_that_does_not_know_the_operation_has_not_done_it(self) -> None:
        library = await self.serve()("riverside", KIOSK)
        lend = partial(library.lend, "M-1001", "10001", OCCASION, renewal=True)
        self.server.script["POST loans"] = refuses(404, "not_found")
        with self.assertRaises(Unavailable):
            await self.settled(lend())
        self.assertEqual(len(self.server.came("POST loans")), 1, "there is nothing to settle")
        answers = [UNCLEAR["500"], *[refuses(404, "not_found")] * 4]
        self.server.script["POST loans"] = lambda transport: answers.pop(0)(transport)
        with self.assertRaises(
            InDoubt
        ):  # an earlier call may have been done, before the API became another one
            await self.settled(lend())

    async def test_R1_no_settling_call_is_made_for_a_caller_that_has_gone(self) -> None:
        library = await self.serve()("riverside", KIOSK)
        self.server.script["POST loans"] = UNCLEAR["500"]
        lending = Deferred.fromCoroutine(library.lend("M-1001", "10001", OCCASION, renewal=True))
        while self.server.count("POST loans") < 2:
            await self.turn()
        await self.turn()
        lending.cancel()
        with self.assertRaises(InDoubt):
            await lending
        self.still.advance(30)
        await self.turn()
        self.assertEqual(self.server.count("POST loans"), 2)

    async def test_each_limit_on_an_answer_is_counted_when_it_strikes(self) -> None:
        for limit, misdeed in (
            ("answer_body", UNCLEAR["too large"]),
            ("answer_head", UNCLEAR["headers without end"]),
        ):
            metrics = Metrics()
            library = await self.serve(
                limits=CallLimits(answer_body=250_000, retry_share=0.0), metrics=metrics
            )("riverside", KIOSK)
            await library.rules()
            self.server.script["POST members/find"] = misdeed
            with self.assertRaises(Unavailable):
                await library.patron("M-1001")
            struck = metrics.registry.get_sample_value("sip2gw_limit_strikes_total", {"limit": limit})
            self.assertEqual(struck, 1, limit)

    async def test_F61_F65_each_deadline_of_a_call_is_counted_when_it_strikes(self) -> None:
        begun = response(200, b"{", length=99)
        for limit, misdeed, seconds in (
            ("headers_deadline", silence, 10),
            ("call_deadline", writes(begun), 20),
        ):
            metrics = Metrics()
            library = await self.serve(metrics=metrics)("riverside", KIOSK)
            await library.rules()
            self.server.script["POST members/find"] = misdeed
            come = self.server.asked("POST members/find")
            asking = Deferred.fromCoroutine(library.patron("M-1001"))
            await come
            await self.turn()
            self.still.advance(seconds - 0.1)
            self.assertFalse(asking.called, limit)
            self.still.advance(0.2)
            with self.assertRaises(Unavailable):
                await asking
            for each in ("headers_deadline", "call_deadline"):
                struck = metrics.registry.get_sample_value("sip2gw_limit_strikes_total", {"limit": each})
                self.assertEqual(struck or 0, float(each == limit), each)

    async def test_F69_definite_refusals(self) -> None:
        for name, (misdeed, code) in DEFINITE.items():
            for error in (await self.read(misdeed), await self.write(misdeed)):
                self.assertIsInstance(error, Refused, name)
                self.assertEqual(error.code, code, name)

    async def test_what_has_no_length_but_is_whole_is_taken(self) -> None:
        library = await self.serve()("riverside", KIOSK)
        self.server.script["POST loans"] = writes(b"HTTP/1.1 201 OK\r\n\r\n" + WHOLE, "loseConnection")
        loan = await library.lend("M-1001", "10001", OCCASION, renewal=True)
        self.assertEqual(str(loan.due), "2026-12-15")

    async def test_the_adapter_works_on_after_all_that(self) -> None:
        library = await self.serve()("riverside", KIOSK)
        for misdeed in (UNCLEAR["cut body"], UNCLEAR["reset after the request"], UNCLEAR["too large"]):
            self.server.script["POST members/find"] = misdeed
            with self.assertRaises(Unavailable):
                await library.patron("M-1001")
        self.server.script["POST members/find"] = says(200, MEMBER)
        self.assertEqual((await library.patron("M-1001")).patron.name, "Amina Rahman")


class Deadlines(ServerCase, TestCase):
    """Time runs out at each stage of a call. The clock stands still but for what a test says."""

    timeout = 120

    async def late(self, name: str, misdeed: Any, seconds: float, ask: Any) -> LibraryError:
        """Ask, let `seconds` pass once the request has come, and see how it ends."""
        self.server.script[name] = misdeed
        come = self.server.asked(name)
        asking = Deferred.fromCoroutine(ask)
        await come
        await self.turn()
        self.still.advance(seconds - 0.1)
        self.assertFalse(asking.called)
        self.still.advance(0.2)
        with self.assertRaises(LibraryError) as caught:
            await asking
        return caught.exception

    async def test_F61_no_head(self) -> None:
        library = await self.serve()("riverside", KIOSK)
        await library.rules()
        error = await self.late("POST members/find", silence, 10, library.patron("M-1001"))
        self.assertIs(type(error), Unavailable)
        lend = library.lend("M-1001", "10001", OCCASION, renewal=True)
        self.server.script["POST members/find"] = says(200, MEMBER)
        self.server.script["POST loans"] = silence
        with self.assertRaises(InDoubt):
            await self.settled(lend)
        self.assertEqual(self.server.count("POST loans"), 2, "once more, for the rest of the time")

    async def test_F65_no_end_of_the_body(self) -> None:
        library = await self.serve()("riverside", KIOSK)
        await library.rules()
        half = writes(response(200, WHOLE[:9], length=len(WHOLE)))
        self.assertIs(
            type(await self.late("POST members/find", half, 20, library.patron("M-1001"))), Unavailable
        )
        self.server.script["POST members/find"] = says(200, MEMBER)
        lend = library.lend("M-1001", "10001", OCCASION, renewal=True)
        self.assertIs(type(await self.late("POST loans", half, 20, lend)), InDoubt)

    async def test_no_turn(self) -> None:
        library = await self.serve(limits=CallLimits(calls=1))("riverside", KIOSK)
        await library.rules()
        self.server.script["POST members/find"] = silence
        self.server.script["POST returns"] = silence
        come = self.server.asked("POST members/find")
        first = Deferred.fromCoroutine(library.patron("M-1001"))
        await come
        second = Deferred.fromCoroutine(library.take_back("10001", OCCASION, reader=None))
        self.still.advance(10.1)
        for asked in (first, second):
            with self.assertRaises(Unavailable):
                await asked
        self.assertEqual(self.server.count("POST returns"), 0)

    async def test_a_write_without_a_turn_was_not_made(self) -> None:
        library = await self.serve(limits=CallLimits(calls=1))("riverside", KIOSK)
        await library.rules()
        self.server.script["POST members/find"] = silence
        come = self.server.asked("POST members/find")
        first = Deferred.fromCoroutine(library.patron("M-1001"))
        await come
        lending = Deferred.fromCoroutine(library.lend("M-1001", "10001", OCCASION, renewal=True))
        self.still.advance(20.1)
        for asked in (first, lending):
            with self.assertRaises(Unavailable):
                await asked
        self.assertEqual(self.server.count("POST loans"), 0)

    async def test_whoever_gives_up_hears_what_became_of_it(self) -> None:
        library = await self.serve()("riverside", KIOSK)
        self.server.script["POST loans"] = silence
        come = self.server.asked("POST loans")
        lending = Deferred.fromCoroutine(library.lend("M-1001", "10001", OCCASION, renewal=True))
        await come
        lending.cancel()
        with self.assertRaises(InDoubt):
            await lending

    async def test_F42_a_health_check_that_hangs_and_all_that_is_none(self) -> None:
        library = await self.serve()("riverside", KIOSK)
        self.assertTrue(await library.reachable())
        self.assertEqual(self.server.count("GET health"), 0)  # The login has just said so.
        self.still.advance(6)
        self.server.script["GET health"] = silence
        come = self.server.asked("GET health")
        asking = [Deferred.fromCoroutine(library.reachable()) for _ in range(5)]
        await come
        come = self.server.asked("GET health")
        self.still.advance(3.1)
        await come
        self.still.advance(3.1)
        self.assertEqual([await one for one in asking], [False] * 5)
        self.assertEqual(self.server.count("GET health"), 2)
        no = [*LATER.values(), UNCLEAR["no JSON"], UNCLEAR["302"], UNCLEAR["500"], UNCLEAR["cut body"]]
        for misdeed in (*no, refuses(404, "library_not_found"), says(401, b"")):
            self.server.script["GET health"] = misdeed
            self.still.advance(10)
            self.assertFalse(await library.reachable())
        self.still.advance(10)
        self.server.script["GET health"] = says(200, {"status": "ok"})
        self.assertTrue(await library.reachable())


class NeverSent(ServerCase, TestCase):
    """What fails before a connection stands was not done, whatever it was."""

    timeout = 120

    async def test_F60_refused(self) -> None:
        closed = self.adapter("http://127.0.0.1:1/{library}/api/v1")
        with self.assertRaisesRegex(Unavailable, "ConnectionRefusedError"):
            await self.pumped(closed("riverside", KIOSK))

    async def test_F60_no_such_host(self) -> None:
        librarika = self.adapter("https://{library}.example/api/v1", NamelessReactor())
        with self.assertRaisesRegex(Unavailable, "the name riverside.example does not resolve"):
            await librarika("riverside", KIOSK)

    async def test_connecting_takes_too_long(self) -> None:
        metrics = Metrics()
        librarika = self.adapter("http://127.0.0.1:8009/{library}/api/v1", DeafReactor(), metrics=metrics)
        opening = Deferred.fromCoroutine(librarika("riverside", KIOSK))
        self.still.advance(2.9)
        self.assertFalse(opening.called)
        self.still.advance(0.2)
        with self.assertRaises(Unavailable):
            await opening
        struck = metrics.registry.get_sample_value(
            "sip2gw_limit_strikes_total", {"limit": "connect_deadline"}
        )
        self.assertEqual(struck, 1)

    async def test_F60_a_write_for_which_no_connection_comes_about(self) -> None:
        class Failing(StillReactor):
            deaf = False

            def connectTCP(self, *args: Any, **kwargs: Any) -> Any:
                if self.deaf:
                    args = (args[0], 1, *args[2:])
                return StillReactor.__getattr__(self, "connectTCP")(*args, **kwargs)

        still = Failing()
        library = await self.serve(still)("riverside", KIOSK)

        def last_words(transport: Any) -> None:
            transport.write(response(200, _json(MEMBER), Connection="close"))
            still.deaf = True

        self.server.script["POST members/find"] = last_words
        await library.patron("M-1001")
        with self.assertRaisesRegex(Unavailable, "issue: not connected"):
            await self.pumped(library.lend("M-1001", "10001", OCCASION, renewal=True))
        self.assertEqual(self.server.count("POST loans"), 0)


def _json(document: Any) -> bytes:
    import json

    return json.dumps(document).encode()
