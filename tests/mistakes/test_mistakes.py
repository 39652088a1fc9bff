"""Each mistake is explained within ten seconds, in the log, on the terminal's screen, or on the installer's page."""

import pytest

from . import MISTAKES, played
from .place import Place


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = Place.start(tmp_path_factory.mktemp("mistakes"))
    yield place
    place.stop()


@pytest.mark.parametrize("mistake", MISTAKES, ids=str)
def test_a_mistake_is_explained_within_ten_seconds(place, mistake):
    result = played(mistake, place)
    assert result.explained, result.row(all_lines=True)


def test_each_mistake_has_a_number_of_its_own():
    assert len({one.number for one in MISTAKES}) == len(MISTAKES) > 41
