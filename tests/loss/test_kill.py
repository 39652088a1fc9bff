"""The gateway is killed amid writes a few times; `make kill` does it 500 times."""

import pytest

from .witness import Witness, failures, rounds_of

pytestmark = pytest.mark.e2e
ROUNDS = 4


def test_F79_a_gateway_killed_amid_writes_loses_none_and_doubles_none(tmp_path):
    rounds = rounds_of(ROUNDS)
    witness = Witness.start(tmp_path, rounds)
    try:
        for writes in rounds:
            witness.round(writes)
        verdicts = list(witness.verdicts())
    finally:
        witness.place.close()
    assert any(told.cut for told, _ in verdicts)
    assert failures(verdicts) == []
