"""What is fuzzed for minutes by `make fuzz` is tried here for a moment: the whole corpus, and some of it damaged."""

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

FUZZ = Path(__file__).parents[2] / "fuzz"
sys.path.append(str(FUZZ))

import corpus  # noqa: E402  # only found after the line above
import run  # noqa: E402
from targets import TARGETS  # noqa: E402

pytestmark = pytest.mark.untraced

SEEDS = {target: corpus.seeds(target) for target in TARGETS}


def test_each_target_has_a_corpus_and_is_run():
    assert tuple(TARGETS) == run.TARGETS == tuple(run.LONGEST)
    assert min(map(len, SEEDS.values())) > 20
    found = {folder.name for folder in (FUZZ / "found").iterdir() if folder.is_dir()}
    assert found <= set(TARGETS)


@pytest.mark.parametrize("target", TARGETS)
def test_F34_the_corpus_breaks_nothing(target):
    for seed in SEEDS[target]:
        TARGETS[target](seed)


@st.composite
def damaged(draw, seeds):
    """A piece of one seed, something, and a piece of another."""
    first, second = draw(st.sampled_from(seeds)), draw(st.sampled_from(seeds))
    left, right = draw(st.integers(0, len(first))), draw(st.integers(0, len(second)))
    return first[:left] + draw(st.binary(max_size=8)) + second[right:]


@pytest.mark.parametrize("target", TARGETS)
@settings(max_examples=settings.default.max_examples * 2)
@given(data=st.data())
def test_F8_F34_what_is_damaged_breaks_nothing(target, data):
    TARGETS[target](data.draw(damaged(SEEDS[target])))
