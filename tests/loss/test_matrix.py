"""A tenth of the matrix, another one each day of ten."""

from datetime import date, timedelta

from catalogue import COUNTED

from .apart import run_apart
from .crashes import POINTS
from .matrix import CELLS, OPERATIONS, chosen, run, summary, wrong
from .proxy import FAULTS

SHARE = 10
TODAY = date.today()


def test_ten_days_have_all_cells_and_each_day_has_each_part():
    days = [chosen(SHARE, TODAY + timedelta(days=day)) for day in range(SHARE)]
    assert sorted(cell.number for day in days for cell in day) == list(range(len(CELLS)))
    for day in days:
        assert {cell.operation for cell in day} == set(OPERATIONS)
        assert {cell.fault for cell in day} == set(FAULTS)
        assert {cell.crash for cell in day} == set(POINTS)


def test_F78_a_write_is_done_once_whatever_fails_at_whatever_point(tmp_path, record_property):
    verdicts, this = run_apart(run(chosen(SHARE, TODAY), tmp_path))
    part = f"(part {TODAY.toordinal() % SHARE} of {SHARE}, chosen by the day)"
    record_property(COUNTED, f"{summary(verdicts, this)} {part}")
    assert wrong(verdicts, this) == []
    assert {cell.crash for cell in this.crashed} == set(POINTS) - {"none"}, (
        "each point was reached, and no other"
    )
