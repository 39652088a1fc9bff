"""The security page's tables: the catalogue of failures with the tests that show each case, and the limits."""

import ast
import inspect
from collections import defaultdict
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

import attrs
from catalogue import cases, named
from config_reference import texts_below
from markdown import table

from sip2gw import limits
from sip2gw.config import checks, librarika
from sip2gw.librarika.http import settings as http


def catalogue(tests: Path) -> str:
    """Return a section for each group of cases."""
    shown = shown_by(tests)
    parts = []
    for group, members in groupby(cases().values(), key=lambda case: case["group"]):
        rows = [[f"F{case['id']}", case["case"], _then(case), _tests(case, shown)] for case in members]
        parts += [f"### {group}", table(["", "What happens", "What the gateway does", "Shown by"], rows)]
    return "\n\n".join(parts) + "\n"


def shown_by(tests: Path) -> dict[int, list[str]]:
    """Return the files with tests of each case, and how many tests."""
    found: dict[int, dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for file in sorted(tests.rglob("test_*.py")):
        for function in _functions(file):
            for number in named(function):
                found[number][file.relative_to(tests).as_posix()] += 1
    return {
        number: [f"`{file}`" + (f" ({count})" if count > 1 else "") for file, count in files.items()]
        for number, files in found.items()
    }


def limits_table() -> str:
    """Return a table of all limits with default and meaning."""
    rows = []
    listed: set[str] = set()
    rooms = {limits.Limits: "limits", librarika.LibrarikaAPI: "librarika"}
    for cls, source in (
        (limits.Limits, limits),
        (librarika.LibrarikaAPI, librarika),
        (http.CallLimits, http),
    ):
        said = texts_below(inspect.getsource(source))
        set_in_file = {key.name for key in checks.settings(cls)}
        for key in attrs.fields(cls):
            is_number = isinstance(key.default, int | float) and not isinstance(key.default, bool)
            if not is_number or key.name in listed:
                continue
            listed.add(key.name)
            name = f"`{rooms[cls]}.{key.name}`" if key.name in set_in_file else f"`{key.name}` (fixed)"
            rows.append([name, f"{key.default:.7g}", said.get(f"{cls.__name__}.{key.name}", "")])
    return table(["Limit", "Default", "On"], rows)


def _functions(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def _then(case: dict[str, str]) -> str:
    if "rest" in case:
        return f"{case['then']} *In part: the rest needs {case['rest']}, which does not exist yet.*"
    return case["then"]


def _tests(case: dict[str, str], shown: dict[int, list[str]]) -> str:
    return ", ".join(shown.get(case["id"], ["not shown yet"]))
