"""The catalogue of failures is counted: a case holds if there are tests that name it, and all of them pass.

A test names its cases at the beginning of its name: `test_F9_...`, `test_F3_F4_...`. When the whole suite has run,
a case that has no test is reported, and makes a strict run fail: the manual says that it is shown.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

import pytest

FILE = Path(__file__).parent.parent / "docs/failures.toml"
COUNTED = "counted"
"""A test that counts something gives this property a line, which is printed at the end of the run."""
_NAMED = re.compile(r"test((?:_F[0-9]+)+)(?:_|$)")


def cases() -> dict[int, dict[str, str]]:
    """All cases, by number."""
    groups = tomllib.loads(FILE.read_text(encoding="utf-8"))["groups"]
    return {case["id"]: case | {"group": group["name"]} for group in groups for case in group["cases"]}


def named(test: str) -> list[int]:
    """The cases that a test names, by the name of its function."""
    found = _NAMED.match(test)
    return [int(number) for number in re.findall("[0-9]+", found[1])] if found else []


class Catalogue:
    """A pytest plugin: counts while the tests run, and tells at the end. Belongs to the process that reports."""

    def __init__(self, config: pytest.Config, *, strict: bool = True) -> None:
        self._strict = strict
        self._cases = cases()
        self._good: dict[int, bool] = {}
        self._skipped: set[int] = set()
        self._counted: list[str] = []
        self._whole = _is_whole(config)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.when == "call":
            self._counted += [str(line) for name, line in report.user_properties if name == COUNTED]
        function = report.nodeid.partition("[")[0].rpartition("::")[2]
        for number in named(function):
            if report.skipped:
                self._skipped.add(number)
            elif report.when == "call" or report.failed:
                self._good[number] = self._good.get(number, True) and report.passed

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self._strict and session.exitstatus == pytest.ExitCode.OK and self._false_claims():
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    @pytest.hookimpl(trylast=True)
    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        for line in self._counted:
            terminalreporter.write_line(line)
        if self._good or self._skipped or self._whole:
            terminalreporter.write_line(self.line())
        for claim in self._false_claims():
            terminalreporter.write_line(f"failures: {claim}", red=True)

    def line(self) -> str:
        """How many of the cases pass, and why the others do not."""
        good = {number for number, passed in self._good.items() if passed and number in self._cases}
        good -= self._skipped
        told = [f"{len(good)} of the {len(self._cases)} cases pass"]
        halves = [number for number in sorted(good) if "rest" in self._cases[number]]
        untested = self._cases.keys() - self._good.keys() - self._skipped
        for count, what, always in (
            (halves, "of these {} wait with a second half ({})", False),
            (self._skipped, "{} have tests that were skipped ({})", True),
            (self._good.keys() - good - self._skipped, "{} fail ({})", True),
            (untested, "{} have no test ({})", False),
        ):
            if count and (always or self._whole):
                told.append(what.format(len(count), _listed(count)))
        return "failures: " + ", ".join(told)

    def _false_claims(self) -> list[str]:
        """What the catalogue and the tests say of each other and is not so."""
        found = []
        if unknown := self._good.keys() - self._cases.keys():
            found.append(f"tests name cases that are not in the catalogue ({_listed(unknown)})")
        if self._whole and (missing := self._cases.keys() - self._good.keys() - self._skipped):
            found.append(f"cases have no test ({_listed(missing)})")
        return found


def _is_whole(config: pytest.Config) -> bool:
    """Whether this run is of all tests there are."""
    option = config.option
    partial = (option.keyword, option.markexpr, option.ignore, option.ignore_glob, option.deselect)
    again = (getattr(option, name, None) for name in ("lf", "stepwise", "collectonly", "maxfail"))
    return config.args_source == pytest.Config.ArgsSource.TESTPATHS and not any((*partial, *again))


def _listed(numbers: Iterable[int]) -> str:
    """F78-F87 F95."""
    runs: list[list[int]] = []
    for number in sorted(numbers):
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return " ".join(f"F{run[0]}" if len(run) == 1 else f"F{run[0]}-F{run[-1]}" for run in runs)
