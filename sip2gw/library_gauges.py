"""Gauges by library, where only so many libraries are named: what the label `other` says of all the rest."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import CollectorRegistry

from sip2gw.plain_metrics import Values

OTHER = "other"
"""The library of all those that are not named."""

MOST = 100
"""Libraries in trouble that get a series of their own although they are not named."""


class Sum:
    """A gauge whose `other` is the sum over the libraries that are not named. `label` gives a library's label."""

    def __init__(self, gauge: Values, label: Callable[[str], str]) -> None:
        self._gauge = gauge
        self._label = label
        self._others: dict[tuple[str, ...], dict[str, float]] = {}

    def set(self, library: str, value: float, *state: str) -> None:
        """Set a library's value; `state` are the gauge's labels after `library`."""
        label = self._label(library)
        if label == OTHER:
            others = self._others.setdefault(state, {})
            others[library] = value
            if not value:
                del others[library]
            value = sum(others.values())
        self._gauge.set(value, label, *state)


class Latest(Values):
    """A gauge of moments, in seconds since 1970. `other` is the latest."""

    def __init__(
        self, name: str, text: str, label: Callable[[str], str], registry: CollectorRegistry
    ) -> None:
        super().__init__(name, text, ("library",), registry)
        self._label = label

    def note(self, library: str, at: float) -> None:
        """Note that something happened at a library."""
        self._values[(self._label(library),)] = at


class Trouble:
    """A gauge that is 0 where all is well. A library that is not named has a series of its own while it is not.

    Beyond `MOST` of those, `other` is the worst value of the rest.
    """

    def __init__(self, gauge: Values, label: Callable[[str], str]) -> None:
        self._gauge = gauge
        self._label = label
        self._own: set[str] = set()
        self._rest: dict[str, float] = {}

    def set(self, library: str, value: float) -> None:
        """Set a library's value."""
        if self._label(library) != OTHER:
            self._gauge.set(value, library)
        elif value and (library in self._own or len(self._own) < MOST):
            self._own.add(library)
            self._gauge.set(value, library)
            self._set_rest(library, 0)
        elif library in self._own:
            self._own.remove(library)
            self._gauge.remove(library)
        else:
            self._set_rest(library, value)

    def _set_rest(self, library: str, value: float) -> None:
        if value:
            self._rest[library] = value
        elif self._rest.pop(library, None) is None:
            return
        self._gauge.set(max(self._rest.values(), default=0), OTHER)
