"""The row of a write says what went out to its terminal, whatever breaks after the library's answer."""

from __future__ import annotations

from typing import Any

from attrs import evolve
from gateway.desk import CHECKOUT, LOGIN, Wrapped
from journal_support import PATIENT, SHORT, Gateway, JournalCase
from twisted.internet import reactor
from twisted.internet.defer import CancelledError, Deferred, fail, succeed
from twisted.internet.endpoints import TCP4ClientEndpoint, connectProtocol
from twisted.internet.protocol import Protocol
from twisted.internet.task import deferLater

from sip2gw.circulation.desk import Policy
from sip2gw.gateway import TerminalFactory
from sip2gw.journal.upkeep import ASKED_AGAIN
from sip2gw.librarika import CallLimits, Timeouts
from sip2gw.library import Unavailable
from sip2gw.tenants import Directory


class Kiosk(Protocol):
    """A terminal on a socket."""

    def __init__(self) -> None:
        self.received = b""
        self.lost: Deferred[None] = Deferred()

    def dataReceived(self, data: bytes) -> None:
        self.received += data

    def connectionLost(self, _: object = None) -> None:
        self.lost.callback(None)

    async def ask(self, line: str) -> str:
        """Send a line, and return the answer."""
        self.send(line)
        while b"\r" not in self.received:
            await turn()
        answer, _, self.received = self.received.partition(b"\r")
        return answer.decode()

    def send(self, line: str) -> None:
        self.transport.write(line.encode() + b"\r")


class Odd:
    """A library that lends, then waits for something else, and has an answer of which no response can be made."""

    def __init__(self, library: Any, then: Deferred[None]) -> None:
        self._library, self._then = library, then

    def __getattr__(self, name: str) -> Any:
        return getattr(self._library, name)

    async def lend(self, *how: Any, **more: Any) -> Any:
        loan = await self._library.lend(*how, **more)
        await self._then
        return evolve(loan, due=None)


def turn() -> Deferred[None]:
    return deferLater(reactor, 0.001)


class AtTheDoor(JournalCase):
    """Terminals on sockets at the gateway's door."""

    def open_door(self, **of_directory: Any) -> None:
        self.directory = Directory(self.gateway.libraries, **of_directory)
        self.factory = TerminalFactory(self.directory, reactor=reactor)
        self.door: Any = reactor.listenTCP(0, self.factory, interface="127.0.0.1")
        self.addCleanup(self.door.stopListening)

    async def kiosk(self) -> Kiosk:
        """A terminal that is logged in."""
        kiosk = Kiosk()
        where = TCP4ClientEndpoint(reactor, "127.0.0.1", self.door.getHost().port)
        await connectProtocol(where, kiosk)
        self.assertEqual(await kiosk.ask(LOGIN), "941")
        self.addCleanup(self.gone, kiosk)
        return kiosk

    async def gone(self, kiosk: Kiosk) -> None:
        if kiosk.transport.connected:
            kiosk.transport.abortConnection()
        await kiosk.lost

    async def left(self, kiosk: Kiosk) -> None:
        """The terminal's connection has ended, and the gateway knows."""
        before = len(self.factory.sessions)
        await self.gone(kiosk)
        while len(self.factory.sessions) == before:
            await turn()

    async def library_is_asked(self) -> None:
        while not self.sandbox.requests()["riverside"].get("issue"):
            await turn()

    async def two_that_wait(self) -> tuple[Kiosk, Kiosk]:
        """One terminal on two connections: the library is asked for the first, and the second sends the same line."""
        self.open_door()
        first, second = await self.kiosk(), await self.kiosk()
        self.sandbox.misbehave("slow", seconds=0.3, endpoint="issue", times=1)
        first.send(CHECKOUT)
        await self.library_is_asked()
        second.send(CHECKOUT)
        return first, second

    async def in_time(self) -> None:
        """The time is over in which a terminal without an answer sends its line again."""
        await self.rows()
        await self.store.change(
            lambda tx: tx.rows("UPDATE journal SET changed = changed - :age", age=ASKED_AGAIN + 1)
        )
        self.die()
        await self.gateway.journal.beat()


class Denied(AtTheDoor):
    async def refused_after_the_yes(self, wrap: Any, policy: Policy | None = None) -> None:
        self.open_door(policy=policy)
        kiosk = await self.kiosk()
        place = self.directory.place

        def wrapped(*how: Any, **more: Any) -> Any:
            found = place(*how, **more)
            return evolve(found, library=Wrapped(found.library, wrap))

        self.directory.place = wrapped  # type: ignore[method-assign]
        answer = await kiosk.ask(CHECKOUT)
        self.assertTrue(answer.startswith("120"), answer)
        self.assertEqual(self.kinds(), ["loan"])
        self.assertEqual(await self.rows(), [("lend", "MISMATCH", "both")])
        (shown,) = await self.listed()
        self.assertEqual(shown.state, "MISMATCH")
        self.flushLoggedErrors()

    async def test_a_bug_after_the_yes_of_the_library_needs_a_person(self) -> None:
        await self.refused_after_the_yes(lambda library: Odd(library, succeed(None)))

    async def test_a_response_that_comes_too_late_after_the_yes_needs_a_person(self) -> None:
        self.gateway.librarika.reconfigure(Timeouts.within(4.0), CallLimits())
        await self.refused_after_the_yes(lambda library: Odd(library, Deferred()), Policy(timeout=7.0))

    async def test_a_question_that_fails_after_the_yes_needs_a_person(self) -> None:
        await self.refused_after_the_yes(lambda library: Odd(library, fail(Unavailable("away"))))


class Unheard(AtTheDoor):
    async def cut_off(self) -> None:
        """The terminal's connection ended before the library's yes."""
        self.open_door()
        kiosk = await self.kiosk()
        self.sandbox.misbehave("slow", seconds=0.3, endpoint="issue", times=1)
        kiosk.send(CHECKOUT)
        await self.library_is_asked()
        await self.left(kiosk)
        while not self.kinds():
            await turn()

    async def test_a_loan_whose_terminal_was_cut_off_and_stays_away_needs_a_person(self) -> None:
        await self.cut_off()
        self.assertEqual(await self.rows(), [("lend", "DONE", "")])
        await self.in_time()
        self.assertEqual(await self.rows(), [("lend", "MISMATCH", "")])

    async def test_a_terminal_that_was_cut_off_and_asks_again_gets_its_yes_in_the_row(self) -> None:
        for late in (False, True):
            self.sandbox.reset()
            self.die()
            await self.cut_off()
            if late:
                await self.in_time()
            self.assertTrue((await (await self.kiosk()).ask(CHECKOUT)).startswith("121"))
            self.assertEqual((await self.rows())[-1], ("lend", "DONE", "ok"))
            self.assertEqual(self.kinds(), ["loan"])
            await self.in_time()
            self.assertEqual((await self.rows())[-1], ("lend", "DONE", "ok"))
            await self.store.change(lambda tx: tx.rows("DELETE FROM journal"))

    async def test_a_terminal_that_was_cut_off_from_a_lost_answer_has_its_time_to_ask_again(self) -> None:
        self.open_door()
        kiosk = await self.kiosk()
        self.sandbox.misbehave("hang", endpoint="issue")
        self.gateway.librarika.reconfigure(SHORT, CallLimits())
        kiosk.send(CHECKOUT)
        await self.library_is_asked()
        await self.left(kiosk)
        while (await self.rows())[0][1] != "UNKNOWN":
            await turn()
        self.sandbox.behave()
        self.gateway.librarika.reconfigure(PATIENT, CallLimits())
        await self.gateway.forward()
        self.assertEqual(await self.rows(), [("lend", "DONE", "")])
        self.assertTrue((await (await self.kiosk()).ask(CHECKOUT)).startswith("121"))
        self.assertEqual(await self.rows(), [("lend", "DONE", "ok")])
        self.assertEqual(self.kinds(), ["loan"])

    async def test_a_second_connection_that_waits_for_the_first_hears_its_yes(self) -> None:
        first, second = await self.two_that_wait()
        await turn()
        await self.left(first)
        while b"\r" not in second.received:
            await turn()
        self.assertTrue(second.received.startswith(b"121"))
        self.assertEqual(await self.rows(), [("lend", "DONE", "ok")])
        self.assertEqual(self.kinds(), ["loan"])

    async def test_two_connections_that_end_before_the_yes_leave_it_unheard(self) -> None:
        _, second = await self.two_that_wait()
        while not all(one.busy for one in self.factory.sessions):
            await turn()
        await self.left(second)
        while not self.kinds():
            await turn()
        self.assertEqual(await self.rows(), [("lend", "DONE", "")], "the first one may be dead as well")
        await self.in_time()
        self.assertEqual(await self.rows(), [("lend", "MISMATCH", "")])

    async def test_a_yes_on_a_dead_connection_does_not_undo_the_no_on_the_next_one(self) -> None:
        """The first gateway does not know that its terminal has gone to the other one."""
        here, there = self.born(alone=False), self.born(alone=False)
        first, second = await here.open(), await there.open()
        self.sandbox.misbehave("slow", seconds=0.5, endpoint="issue")
        on_dead = self.begun(first.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False))
        await self.library_is_asked()
        again = self.begun(second.lend("M-1001", "10001", self.occasion(line=b"11"), renewal=False))
        while (await self.store.read(lambda tx: tx.rows("SELECT state FROM journal")))[0]["state"] == "SENT":
            await turn()
        again.addErrback(lambda gone: gone.trap(CancelledError))
        again.cancel()
        await again
        await on_dead
        self.assertEqual(await self.both(here, there), [("lend", "MISMATCH", "both")])
        self.assertEqual(self.kinds(), ["loan"])

    async def both(self, *gateways: Gateway) -> list[tuple[str, str, str]]:
        for one in gateways:
            self.gateway = one
            await self.rows()
        return await self.rows()


class Crashed(AtTheDoor):
    async def test_a_refusal_that_a_crash_kept_from_the_store_needs_a_person(self) -> None:
        library = await self.gateway.open()
        self.sandbox.misbehave("error_after_commit", endpoint="issue")
        asking = self.begun(library.lend("M-1001", "10001", self.occasion(), renewal=False))
        await self.library_is_asked()
        self.take_away()
        self.assertEqual(await self.outcome(asking), "InDoubt")
        self.sandbox.behave()
        self.die()
        await self.put_back()
        await self.gateway.open()
        await self.gateway.forward()
        self.assertEqual(await self.rows(), [("lend", "DONE", "")])
        await self.in_time()
        self.assertEqual(await self.rows(), [("lend", "MISMATCH", "")])
        (shown,) = await self.listed()
        self.assertEqual(shown.number, 1)
