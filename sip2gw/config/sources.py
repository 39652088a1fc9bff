"""The files that a configuration is read from, and the name and line of faults in them.

`libraries` may be the tables themselves, or the files that have them: a pattern or a list of patterns.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from functools import cached_property
from glob import escape, glob
from pathlib import Path
from typing import Any

from attrs import define, evolve, field

from sip2gw.config.toml_lines import lines_of
from sip2gw.faults import Fault, unknown_key

_PART = re.compile(r"(\w+)\[(\d+)\]")
_CALLED = {"listen": "endpoint", "libraries": "nickname", "terminals": "location", "bins": "bin"}
"""By array of tables: the key that identifies a table in a fault. An account is confidential, so it is not shown."""
_SINGULAR = {"libraries": "library", "terminals": "terminal at", "bins": "bin"}


@define(slots=False)
class Source:
    """One file. `first` is the number of the first of its libraries among those of all files."""

    path: Path
    text: str
    raw: dict[str, Any]
    first: int = 0

    @cached_property
    def lines(self) -> Mapping[str, int]:
        """The line of each place; computed only when there is a fault."""
        return lines_of(self.text, self.first)

    def line(self, place: str) -> int:
        """Return the line of a place, or of the table around it. 0 if there is none."""
        while place and place not in self.lines:
            place = place[: max(place.rfind("."), place.rfind("["), 0)]
        return self.lines.get(place, 0)


@define
class Sources:
    """All files of a configuration, the main one first, and the faults of reading them."""

    files: list[str] = field(factory=list)
    found: list[Source] = field(factory=list)
    faults: list[Fault] = field(factory=list)
    raw: dict[str, Any] = field(factory=dict)
    """The content of all files, as if the libraries were in the main file."""

    def located(self, faults: Iterable[Fault]) -> list[Fault]:
        """Return the faults with file, line and the names of libraries, in the order of the files."""
        known = [self._located(fault) for fault in faults]
        order = {file: number for number, file in enumerate(self.files)}
        return sorted(known, key=lambda fault: (order.get(fault.file, 0), fault.line))

    def _located(self, fault: Fault) -> Fault:
        source = self._source(fault.place, fault.file)
        if source is None:
            return fault
        problem = fault.problem
        if fault.other:
            other = self._source(fault.other, "") or source
            where = f"line {other.line(fault.other)}" + (f" of {other.path}" if other is not source else "")
            problem = problem.replace("{other}", where)
        return evolve(
            fault,
            problem=problem,
            file=str(source.path),
            line=fault.line or source.line(fault.place),
            name=named(self.raw, fault.place),
        )

    def _source(self, place: str, file: str) -> Source | None:
        if file:
            return next((source for source in self.found if str(source.path) == file), None)
        number = re.match(r"libraries\[(\d+)\]", place)
        later = [source for source in self.found[1:] if number and source.first <= int(number.group(1))]
        return [*self.found[:1], *later][-1] if self.found else None


def read_sources(path: Path) -> Sources:
    """Return the main file and those that its `libraries` name. Faults are in the result."""
    sources = Sources()
    main = _read(path, 0, sources)
    if main is None:
        return sources
    sources.raw = dict(main.raw)
    named_files = main.raw.get("libraries")
    if isinstance(named_files, str) or (
        named_files and isinstance(named_files, list) and _are_texts(named_files)
    ):
        patterns = [named_files] if isinstance(named_files, str) else named_files
        sources.raw["libraries"] = _read_libraries(path, patterns, sources)
    return sources


def _read_libraries(path: Path, patterns: list[str], sources: Sources) -> list[Any]:
    libraries: list[Any] = []
    for file in _matching(path, patterns, sources):
        source = _read(file, len(libraries), sources)
        if source is None:
            continue
        for key in source.raw:
            if key != "libraries":
                fault = unknown_key("", key, ["libraries"])
                fix = "write only [[libraries]] here; all else belongs in the main file"
                sources.faults.append(evolve(fault, fix=fix, file=str(file)))
        tables = source.raw.get("libraries", [])
        if isinstance(tables, list):
            libraries += tables
        else:
            fix = "begin each library with [[libraries]], in double brackets"
            sources.faults.append(Fault("libraries", "must be a list of tables here", fix, file=str(file)))
    return libraries


def _matching(path: Path, patterns: list[str], sources: Sources) -> list[Path]:
    """Return the files that the patterns match, each once, by pattern and name."""
    files: dict[Path, None] = {}
    folder = Path(escape(str(path.parent)))
    for pattern in patterns:
        matching = sorted(glob(str(folder / pattern), recursive=True)) if pattern else []
        if not matching:
            seen_from = path.absolute().parent
            fix = (
                f"write the name of a file, or a pattern such as libraries.d/*.toml, as seen from {seen_from}"
            )
            sources.faults.append(Fault("libraries", f'has "{pattern}", which matches no file', fix))
        files |= dict.fromkeys(map(Path, matching))
    return list(files)


def _read(path: Path, first: int, sources: Sources) -> Source | None:
    """Return a file and add it to the sources; None if it has a fault."""
    fault = None
    sources.files.append(str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
        source = Source(path, text, tomllib.loads(text), first)
    except OSError as error:
        fault = Fault("", f"can't be read: {error.strerror}", "name an existing file that may be read")
    except UnicodeDecodeError as error:
        fault = Fault("", f"is not valid UTF-8 (byte {error.start})", "save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        fault = _not_toml(str(error), text)
    if fault is not None:
        sources.faults.append(evolve(fault, file=str(path)))
        return None
    sources.found.append(source)
    return source


def _not_toml(said: str, text: str) -> Fault:
    """Return the fault of a text that is not TOML, with the reason that `tomllib` gave."""
    lines = text.splitlines()
    at = re.search(r"line (\d+)", said)
    number = int(at.group(1)) if at else len(lines)  # "at end of document"
    line = lines[number - 1] if lines else ""
    fix = "see https://toml.io; texts stand in quotes"
    if re.search("[\u201c-\u201e\u2018-\u201a\u00ab\u00bb]", line):
        fix = 'write the quotes straight: "'
    elif "overwrite" in said or "twice" in said:
        fix = "name each key once in a table"
    return Fault("", f"is not valid TOML: {said}", fix, line=number)


def _are_texts(values: list[Any]) -> bool:
    return all(isinstance(value, str) for value in values)


def named(raw: Any, place: str) -> str:
    """Return a place in words, such as `library riverside, terminal at Hall, profile`.

    `place` is written as in `libraries[3].terminals[0].profile`.
    """
    words = []
    inside = raw
    rest = place
    while (match := _PART.match(rest)) and match.group(1) in _CALLED:
        array, number = match.group(1), int(match.group(2))
        inside = _inner(_inner(inside, array), number)
        name = _inner(inside, _CALLED[array])
        known = isinstance(name, str) and name.strip() and name.isprintable()
        words.append(f"{_SINGULAR.get(array, array)} {name}" if known else match.group())
        rest = rest[match.end() :].removeprefix(".")
    return ", ".join([*words, rest] if rest else words)


def _inner(value: Any, key: str | int) -> Any:
    try:
        return value[key]
    except (LookupError, TypeError):
        return None
