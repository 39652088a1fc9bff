"""All interleavings of one write with crashes, lost and late answers, repeats and a second node.

The model moves its row by the table that the gateway uses (`sip2gw.journal.states`). The library of the model keeps a
key with its first result, and a request that was sent may be carried out at any later moment.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator

import pytest
from attrs import evolve, frozen

from sip2gw.journal.states import (
    ANY,
    FOR_PEOPLE,
    OPEN,
    PEOPLE,
    TRANSITIONS,
    Event,
    State,
    Told,
    after,
    answered,
)

pytestmark = pytest.mark.untraced

BEGUN, SENT, DONE, REFUSED, LOST, NOT_SENT, RECORD = (
    "begun",
    "sent",
    "done",
    "refused",
    "lost",
    "not sent",
    "record",
)
OPEN_LINE, DEAD_LINE, ENDED = "open", "dead, and the node does not know", "ended"
EVENTS = {DONE: Event.DONE, REFUSED: Event.REFUSED, LOST: Event.LOST, NOT_SENT: Event.NOT_SENT}


@frozen
class Job:
    """One node at work on the write: for a terminal that waits, or as forwarder. `stage` is how far it is."""

    for_terminal: bool
    stage: str
    outcome: str = ""
    late: Told | None = None
    """What the terminal was told when its time was over: that the outcome is not known, if its connection was there."""
    line: str = OPEN_LINE
    """The connection of the terminal, as it is and as the node knows."""
    knew: Told = Told.NOTHING
    """What the row said that the terminal was told, when this began."""


@frozen
class World:
    """Everything in the model. `in_network` counts requests that the library may carry out yet."""

    later: bool
    """Whether the write may be accepted while the library can't be reached."""
    row: State | None = None
    told: Told = Told.NOTHING
    """As the row has it."""
    heard: Told = Told.NOTHING
    """As the terminal has it."""
    library: str = ""
    effects: int = 0
    in_network: int = 0
    jobs: tuple[Job | None, Job | None] = (None, None)
    sends: int = 2
    crashes: int = 1
    lines: int = 2
    by_person: bool = False
    dead_line: bool = False
    """A yes went out on a connection that was dead, and the node did not know."""
    time_over: bool = False
    """The terminal asks no more."""

    def record(self, event: Event, told: Told = Told.NOTHING, knew: Told = Told.NOTHING) -> World:
        assert self.row is not None
        now = answered(event, self.told, told, knew)
        return evolve(self, row=after(self.row, event, now), told=now)

    def job(self, node: int, job: Job | None) -> World:
        one, other = job, self.jobs[1 - node]
        # The nodes are alike, so their order says nothing: an idle one is the last.
        swap = one is None or (other is not None and hash(other) < hash(one))
        return evolve(self, jobs=(other, one) if swap else (one, other))

    def hear(self, told: Told, line: str = OPEN_LINE) -> World:
        if line != OPEN_LINE:
            return evolve(self, dead_line=self.dead_line or (line == DEAD_LINE and told is Told.OK))
        return evolve(self, heard=max(self.heard, told, key=ANY.index))


def steps(world: World) -> Iterator[World]:
    """Every world that may follow."""
    for node in (0, 1):
        job = world.jobs[node]
        if job is None:
            yield from idle(world, node)
        else:
            yield from working(world, node, job)
            if world.crashes:
                yield evolve(world.job(node, None), crashes=world.crashes - 1)
    yield from elsewhere(world)


def idle(world: World, node: int) -> Iterator[World]:
    """Let the terminal send its line to this node, or the forwarder of this node go on."""
    for sent in said_again(world, 1 - node) if world.lines else ():
        match world.row:
            case None:
                yield evolve(sent, row=State.SENT).job(node, Job(True, BEGUN))
            case State.DONE | State.MISMATCH:
                yield sent.record(Event.TOLD, Told.OK).hear(Told.OK)
                yield sent.record(Event.TOLD, Told.NO).hear(Told.NO)
                yield sent.record(Event.TOLD, Told.OK).record(Event.TOLD, Told.NO).hear(Told.NO)
            case State.SENT:  # the other node is sending it: from now on both are
                yield sent.record(Event.ORPHANED).job(node, Job(True, BEGUN, knew=sent.told))
            case State.UNKNOWN | State.QUEUED:
                yield sent.job(node, Job(True, BEGUN, knew=sent.told))
    if world.row in (State.QUEUED, State.UNKNOWN):
        yield world.job(node, Job(False, BEGUN))


def said_again(world: World, other: int) -> Iterator[World]:
    """Let the terminal send its line. If the other node still works on its first one, it has left that connection."""
    sent, first = evolve(world, lines=world.lines - 1), world.jobs[other]
    if first is None or not first.for_terminal:
        yield sent
    else:
        line = DEAD_LINE if first.line == OPEN_LINE else first.line
        yield sent.job(other, evolve(first, line=line))


def working(world: World, node: int, job: Job) -> Iterator[World]:
    """Let a node take its next step."""
    if job.for_terminal and job.line == OPEN_LINE and job.stage == SENT:
        yield world.job(node, evolve(job, line=ENDED))
    if job.for_terminal and job.late is None and job.stage in (BEGUN, SENT):
        late = Told.NOTHING if job.line == ENDED else Told.NO
        told = world.record(Event.TOLD, late, job.knew).hear(Told.NO, job.line)
        yield told.job(node, evolve(job, late=late))
        other = world.jobs[1 - node]
        unnoticed = world.dead_line or (other is not None and other.line == DEAD_LINE)
        if world.crashes and not unnoticed:  # the store did not take it
            told = evolve(world, crashes=world.crashes - 1).hear(Told.NO, job.line)
            yield told.job(node, None)
    if job.stage == BEGUN:
        if world.sends:
            sent = evolve(world, sends=world.sends - 1, in_network=world.in_network + 1)
            yield sent.job(node, evolve(job, stage=SENT))
        yield world.job(node, evolve(job, stage=NOT_SENT))
    elif job.stage == SENT:
        yield world.job(node, evolve(job, stage=LOST))
    elif job.stage == RECORD:
        told = told_for(world, job, job.outcome)
        yield world.record(EVENTS[job.outcome], told, job.knew).job(node, None)
    elif job.for_terminal and job.stage in (DONE, REFUSED):
        # The terminal is answered first, and the outcome is stored after that.
        told = told_for(world, job, job.stage)
        yield world.hear(told, job.line).job(node, evolve(job, stage=RECORD, outcome=job.stage))
        if told is Told.OK:  # a bug, after the library's yes
            done = world.record(EVENTS[job.stage], told, job.knew)
            yield done.record(Event.TOLD, Told.NO).hear(Told.NO, job.line).job(node, None)
    elif (
        job.for_terminal and job.stage == NOT_SENT and world.later and job.late is None and job.line != ENDED
    ):
        accepted = world.record(Event.ACCEPTED, Told.OK, job.knew)
        yield accepted.hear(Told.OK, job.line).job(node, None)
        # Its time is over while that is being stored.
        yield accepted.record(Event.TOLD, Told.NO).hear(Told.NO, job.line).job(node, None)
    else:
        told = told_for(world, job, job.stage)
        yield world.record(EVENTS[job.stage], told, job.knew).hear(told, job.line).job(node, None)


def told_for(world: World, job: Job, outcome: str) -> Told:
    if not job.for_terminal:
        return Told.NOTHING
    if job.late is not None:
        return job.late
    if job.line == ENDED:
        return Told.NOTHING
    return Told.OK if outcome == DONE or (world.later and outcome != REFUSED) else Told.NO


def elsewhere(world: World) -> Iterator[World]:
    """Let the library, time, or a person act."""
    if world.in_network:
        for verdict in [world.library] if world.library else [DONE, REFUSED]:
            effects = world.effects + (verdict == DONE and not world.library)
            told = evolve(world, in_network=world.in_network - 1, library=verdict, effects=effects)
            yield told  # the answer is lost
            for node, job in enumerate(world.jobs):
                if job is not None and job.stage == SENT:
                    yield told.job(node, evolve(job, stage=verdict))
    if world.row is State.SENT:  # its process is gone, or only its lease is
        yield world.record(Event.ORPHANED)
    if world.row in (State.UNKNOWN, State.QUEUED):
        yield world.record(Event.GIVEN_UP)
    if world.row is State.DONE and not any(world.jobs):
        yield evolve(world.record(Event.UNHEARD), lines=0, time_over=True)
    if world.row in FOR_PEOPLE:
        for event in PEOPLE:
            yield evolve(world.record(event), by_person=True)


def sending(world: World) -> bool:
    """Whether the library may be asked by a node that is at work."""
    return any(job is not None and job.stage in (BEGUN, SENT) for job in world.jobs)


def check(world: World) -> None:
    """Assert the promises in this world."""
    assert world.effects <= 1, "P2: done twice"
    if world.heard is Told.OK:
        stored = world.row in OPEN or world.row in FOR_PEOPLE or world.by_person
        assert world.effects or stored, "P1: told yes, and lost"
        assert world.later or world.library == DONE, "P3: told yes without knowing"
    if world.row is State.DONE:
        assert world.effects == 1, "P3: closed by a guess"
        assert world.told not in (Told.NO, Told.BOTH), "P4: done after a no, and it is not shown"
    if world.row is State.FAILED:
        assert not world.effects, "P3: failed, and done"
        assert world.library == REFUSED or not (world.in_network or sending(world)), "P2: may be done yet"
    if world.row is State.CLOSED:
        assert world.by_person, "P3: closed by the gateway"
    if world.row is State.DONE and not any(world.jobs) and world.heard is not Told.OK:
        if world.told is Told.OK:
            assert (world.heard, world.dead_line) == (Told.NOTHING, True), "P4: told no, yet applied"
        assert not (world.time_over and world.told is Told.NOTHING), "P4: never told yes, yet applied"


def explored(first: World) -> tuple[int, int, set[State]]:
    """Visit every world that can come from the first. Return the worlds, the steps, and the states of the row."""
    seen, waiting, count = {first}, deque([first]), 0
    while waiting:
        world = waiting.popleft()
        check(world)
        for following in steps(world):
            count += 1
            if following not in seen:
                seen.add(following)
                waiting.append(following)
    return len(seen), count, {world.row for world in seen if world.row is not None}


@pytest.mark.parametrize("later", [False, True])
def test_every_interleaving_of_one_write_keeps_the_promises(later: bool) -> None:
    worlds, transitions, states = explored(World(later))
    print(f"\n{'accepted for later' if later else 'interactive'}: {worlds} worlds, {transitions} steps")
    assert worlds > 5000
    assert states == set(State) - {State.NEWER} - (set() if later else {State.QUEUED})


def _explore_both() -> None:
    for later in (False, True):
        explored(World(later))


def test_a_table_with_a_wrong_entry_breaks_a_promise(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each of these is a possible bug; the explorer finds all of them."""
    wrong = [
        (State.UNKNOWN, Event.LOST, Told.NO, State.FAILED),
        (State.UNKNOWN, Event.NOT_SENT, Told.NO, State.FAILED),
        (State.UNKNOWN, Event.DONE, Told.NO, State.DONE),
        (State.QUEUED, Event.REFUSED, Told.OK, State.FAILED),
        (State.UNKNOWN, Event.GIVEN_UP, Told.NO, State.CLOSED),
        (State.SENT, Event.ORPHANED, Told.NOTHING, State.FAILED),
        (State.DONE, Event.TOLD, Told.NO, State.DONE),
        (State.DONE, Event.TOLD, Told.BOTH, State.DONE),
        (State.QUEUED, Event.REFUSED, Told.BOTH, State.FAILED),
        (State.DONE, Event.UNHEARD, Told.NOTHING, State.DONE),
    ]
    for state, event, told, then in wrong:
        with monkeypatch.context() as patched:
            patched.setitem(TRANSITIONS, (state, event, told), then)  # type: ignore[arg-type]
            with pytest.raises(AssertionError, match=r"P[1-5]"):
                _explore_both()


def test_the_table_leads_from_every_open_state_to_an_end() -> None:
    ends = {State.DONE, State.FAILED, State.CLOSED}
    for begin in set(State) - {State.NEWER}:
        reached, waiting = {begin}, [begin]
        while waiting:
            state = waiting.pop()
            further = {then for (one, *_), then in TRANSITIONS.items() if one is state} - reached
            reached |= further
            waiting += further
        assert reached & ends, begin
