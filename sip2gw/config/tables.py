"""Read TOML tables into attrs classes through cattrs, and collect their faults.

The type of each value is checked without a conversion: a number is not text, 1 is not true.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

import cattrs
from attrs import evolve
from cattrs.errors import ClassValidationError, ForbiddenExtraKeysError
from cattrs.gen import make_dict_structure_fn, override

from sip2gw.config.checks import check_of, constants, settings
from sip2gw.config.scalars import say
from sip2gw.faults import Fault, Wrong, unknown_key

T = TypeVar("T")


class Tables:
    """The tables of one file. Paths in it are relative to `folder`; `faults` grows while tables are read.

    `examples` shows how a missing key is written.
    """

    def __init__(self, folder: Path, examples: Mapping[str, str]) -> None:
        self.faults: list[Fault] = []
        self._faulty: set[str] = set()
        self._structures: dict[type[Any], Callable[[Any, Any], Any]] = {}
        self._folder = folder
        self._examples = examples
        self._converter = cattrs.Converter(forbid_extra_keys=True, detailed_validation=True)
        for kind in (bool, str):  # cattrs has functions of its own for these
            self._converter.register_structure_hook(kind, self._hook(kind))
        self._converter.register_structure_hook_factory(self._has_check, self._hook)

    def read(self, raw: Any, kind: type[T], place: str) -> T | None:
        """Return the table at `place`, without faulty keys; None if a required key is faulty."""
        if not isinstance(raw, dict):
            self.fault(place, f"must be a table, not {say(raw)}", f"write [{place}] and a line for each key")
            return None
        structure = self._structure(kind)
        try:
            return structure(raw, kind)
        except ClassValidationError as failure:
            for fault in _faults_of(failure, place, self._examples):
                self.add(fault)
        good = {key: value for key, value in raw.items() if self.is_sound(f"{place}.{key}")}
        try:
            return structure(good, kind)
        except ClassValidationError:
            return None  # a required key is faulty, and its fault has been added

    def _structure(self, kind: type[T]) -> Callable[[Any, Any], T]:
        """Return the function that reads tables of this class; cached, because cattrs compiles one in milliseconds."""
        if kind not in self._structures:
            left_out: dict[str, Any] = dict.fromkeys(constants(kind), override(omit=True))
            self._structures[kind] = make_dict_structure_fn(kind, self._converter, **left_out)
        return self._structures[kind]

    def _has_check(self, kind: Any) -> bool:
        return check_of(kind, self._folder) is not None

    def _hook(self, kind: Any) -> Callable[[Any, Any], Any]:
        check = check_of(kind, self._folder)
        if check is None:
            raise TypeError(f"{kind} has no check")
        return lambda value, _: check(value)

    def fault(self, place: str, problem: str, fix: str, other: str = "") -> None:
        """Add a fault. `other` is the place that `{other}` in the problem stands for."""
        self.add(Fault(place, problem, fix, other))

    def add(self, fault: Fault) -> None:
        """Add a fault."""
        self.faults.append(fault)
        self._faulty.add(fault.place)

    @contextmanager
    def faults_at(self, place: str) -> Iterator[None]:
        """Turn `Wrong`, raised inside, into a fault of this place."""
        try:
            yield
        except Wrong as wrong:
            self.fault(place, wrong.problem, wrong.fix)

    def is_sound(self, place: str) -> bool:
        """Return whether no fault was found there so far."""
        return place not in self._faulty


def _faults_of(failure: BaseException, place: str, examples: Mapping[str, str]) -> Iterator[Fault]:
    """Yield the faults that cattrs found in the table at `place`. `examples` shows how a missing key is written."""
    match failure:
        case ClassValidationError():
            noted, whole = failure.group_exceptions()
            for cause, note in noted:
                yield from _faults_of(cause, f"{place}.{note.name}", examples)
            for cause in whole:
                yield from _faults_of(cause, place, examples)
        case ForbiddenExtraKeysError(extra_fields=extra, cl=table):
            known = [one.name for one in settings(table)]
            for key in sorted(extra):
                fault = unknown_key(place, key, known)
                yield evolve(fault, fix="write it above the first table") if key == "libraries" else fault
        case Wrong(problem=problem, fix=fix):
            yield Fault(place, problem, fix)
        case KeyError():
            key = place.rpartition(".")[2]
            yield Fault(place, "is missing", f"add {examples.get(key, key)}")
        case _:
            raise failure
