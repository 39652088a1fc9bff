"""What terminals were told, what the journal has, and what the library did: after any story the three agree."""

import sqlite3
from contextlib import closing

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, precondition, rule, run_state_machine_as_test

from .crashes import POINTS
from .gateways import REMEMBERED
from .kinds import KINDS
from .places import FILE
from .proxy import FAULTS
from .scene import Scene, Stage
from .told import Told
from .writes import Write, stocked

EACH = 12
"""The writes of one story."""
STORIES = 400


class Story(RuleBasedStateMachine):
    """A terminal writes and repeats, while the network and the gateway fail."""

    stage: Stage

    def __init__(self) -> None:
        super().__init__()
        self.scene = Scene(self.stage, jumps=True)
        self.told: list[Told] = []
        self.at: list[float] = []
        self.begun = self.scene.front.seconds()

    @precondition(lambda self: len(self.told) < EACH)
    @rule(
        fault=st.one_of(st.just("none"), st.sampled_from(FAULTS)),
        crash=st.one_of(st.just("none"), st.sampled_from(POINTS)),
    )
    def write(self, fault: str, crash: str) -> None:
        number = len(self.told)
        write = Write(KINDS[number % len(KINDS)], self.scene.library, number)
        if line := write.first():
            assert self.scene.send(line)[2:3] == b"1"
        self.at.append(self.scene.front.seconds())
        self.told.append(Told(write, [self.scene.send(write.line(), fault=fault, crash=crash)]))

    @precondition(lambda self: self.told)
    @rule(data=st.data())
    def repeat(self, data: st.DataObject) -> None:
        self._repeat(data.draw(st.integers(0, len(self.told) - 1)))

    @rule()
    def restart(self) -> None:
        self.scene.start()

    @rule(seconds=st.floats(0.0, 10.0))
    def wait(self, seconds: float) -> None:
        self.scene.front.hand.move(seconds)

    def _repeat(self, number: int) -> None:
        if self.scene.front.seconds() < self.at[number] + REMEMBERED:
            self.told[number].answers.append(self.scene.send(self.told[number].write.line()))

    def teardown(self) -> None:
        try:
            for number, told in enumerate(self.told):
                if told.last not in ("yes", "no"):
                    self._repeat(number)
            self.scene.settle()
            self._compare()
        finally:
            self.scene.close()

    def _compare(self) -> None:
        ledger = self.scene.ledger()
        for told in self.told:
            assert told.verdict(ledger) in ("true", "unsure"), (told.write, told.answers)
        with closing(sqlite3.connect(self.scene.front.folder / FILE)) as journal:
            rows = dict(journal.execute("SELECT key, state FROM journal").fetchall())
        assert "DEAD" not in rows.values()
        done = {row["idempotency_key"] for row in ledger}
        assert {key for key, state in rows.items() if state in ("DONE", "MISMATCH")} >= done & rows.keys()
        assert not {key for key, state in rows.items() if state == "FAILED"} & done


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    libraries = [
        stocked(f"story-{n}", [Write(KINDS[m % len(KINDS)], f"story-{n}", m) for m in range(EACH)])
        for n in range(STORIES)
    ]
    with Stage(tmp_path_factory.mktemp("stories"), libraries) as stage:
        yield stage


def test_F31_F78_answers_journal_and_library_agree_after_any_story(stage):
    story = type("TheStory", (Story,), {"stage": stage})
    run_state_machine_as_test(story, settings=settings(max_examples=6, stateful_step_count=8, deadline=None))
