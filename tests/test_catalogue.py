"""The catalogue lists a hundred cases once each, and the count at the end of a run tells the truth about them."""

import pytest
from catalogue import Catalogue, cases, named

pytest_plugins = ["pytester"]

GOOD = "def test_F1_F2_both(): pass\nclass TestMore:\n    def test_F3_of_a_class(self): pass\n"


@pytest.fixture
def run(pytester):
    """Runs a suite of one file; gives the exit status and the catalogue's part of what was printed."""

    class Counted:
        def pytest_configure(self, config):
            config.pluginmanager.register(Catalogue(config), "counted")

    def run_suite(text, *arguments):
        pytester.makepyfile(test_suite=text)
        pytester.makeini("[pytest]\ntestpaths = test_suite.py\n")
        ran = pytester.runpytest_inprocess("-q", *arguments, plugins=[Counted()])
        return ran.ret, [line for line in ran.outlines if "failures:" in line]

    return run_suite


def test_the_catalogue_is_complete():
    assert sorted(cases()) == list(range(1, 101))
    for case in cases().values():
        assert set(case) - {"rest"} == {"id", "group", "case", "then"}


def test_which_cases_a_test_names():
    assert named("test_F9_a_terminal_that_does_not_read") == [9]
    assert named("test_F3_F4_F100_deadlines") == [3, 4, 100]
    assert named("test_a_F9_somewhere_else") == named("test_FF_x") == named("test_F") == []


def test_a_partial_run_only_counts(run):
    assert run(GOOD, "test_suite.py") == (0, ["failures: 3 of the 100 cases pass"])


def test_a_whole_run_without_some_cases_fails(run):
    status, (line, claim) = run(GOOD)
    assert status == 1
    assert "3 of the 100 cases pass" in line
    assert "97 have no test (F4-F100)" in line
    assert "(F4-F100)" in claim


def test_a_whole_run_with_all_cases_passes(run):
    names = [f"def test_F{number}_(): pass" for number in cases()]
    status, (line,) = run("\n".join(names))
    assert status == 0
    assert "100 of the 100 cases pass" in line
    assert "of these 1 wait with a second half (F95)" in line


def test_one_failure_of_several_tests_is_a_failure(run):
    status, (line,) = run(GOOD + "def test_F1_other(): assert False\n", "test_suite.py")
    assert status == 1
    assert line == "failures: 2 of the 100 cases pass, 1 fail (F1)"


def test_a_skipped_test_shows_nothing(run):
    text = "import pytest\n@pytest.mark.skip\ndef test_F5_x(): pass\n"
    assert run(text, "test_suite.py")[1] == [
        "failures: 0 of the 100 cases pass, 1 have tests that were skipped (F5)"
    ]


def test_cases_that_are_not_listed_fail_the_run(run):
    status, lines = run("def test_F101_x(): pass\n", "test_suite.py")
    assert status == 1
    assert lines[-1] == "failures: tests name cases that are not in the catalogue (F101)"


def test_what_a_test_has_counted_is_printed_at_the_end(pytester):
    class Counted:
        def pytest_configure(self, config):
            config.pluginmanager.register(Catalogue(config), "counted")

    pytester.makepyfile("def test_cells(record_property): record_property('counted', '64 cells: 0 lost')")
    assert "64 cells: 0 lost" in pytester.runpytest_inprocess("-q", plugins=[Counted()]).outlines
