"""A pytest plugin: coverage traces tests, fixtures and imports of the product, but not the work of pytest itself.

While coverage traces, Python runs all code at less than half its speed, also code that coverage does not count.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from functools import wraps
from importlib.machinery import ModuleSpec, PathFinder
from types import FrameType, ModuleType
from typing import Any

import pytest

PRODUCT = "sip2gw"
Tracer = Callable[[FrameType, str, Any], Any] | None


class Tracing:
    """The plugin. Its tracer is the one that is there when the collection begins; None without coverage."""

    def __init__(self) -> None:
        self._tracer: Tracer = None

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection(self) -> Generator[None, Any, Any]:
        """Trace nothing but the import of the product's modules."""
        self._tracer = sys.gettrace()
        if self._tracer is not None:
            sys.meta_path.insert(0, _Product(self._tracer))
        with _traced_by(None):
            return (yield)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_runtest_protocol(self) -> Generator[None, Any, Any]:
        with _traced_by(None):
            return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_fixture_setup(self, request: pytest.FixtureRequest) -> Generator[None, Any, Any]:
        with _traced_by(self._of(request.node)):
            return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_call(self, item: pytest.Item) -> Generator[None, Any, Any]:
        """Trace the test. Of a property, trace what it does with an example, not how Hypothesis makes one."""
        tracer = self._of(item)
        of_property = getattr(getattr(item, "obj", None), "hypothesis", None)
        if tracer is not None and of_property is not None:
            if not hasattr(of_property.inner_test, "is_traced"):
                of_property.inner_test = _always_traced(of_property.inner_test, tracer)
            tracer = None
        with _traced_by(tracer):
            return (yield)

    @pytest.hookimpl(wrapper=True, trylast=True)
    def pytest_runtest_teardown(self, item: pytest.Item) -> Generator[None, Any, Any]:
        with _traced_by(self._of(item)):
            return (yield)

    def _of(self, node: pytest.Item) -> Tracer:
        return None if node.get_closest_marker("untraced") else self._tracer


class _Product:
    """Finds the product's modules as Python does, and traces their import."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer

    def find_spec(
        self, name: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        spec = PathFinder.find_spec(name, path, target) if name.partition(".")[0] == PRODUCT else None
        if spec is not None and spec.loader is not None:
            spec.loader.exec_module = _always_traced(spec.loader.exec_module, self._tracer)
        return spec


@contextmanager
def _traced_by(tracer: Tracer) -> Iterator[None]:
    before = sys.gettrace()
    sys.settrace(tracer)
    try:
        yield
    finally:
        sys.settrace(before)


def _always_traced(call: Callable[..., Any], tracer: Tracer) -> Callable[..., Any]:
    @wraps(call)
    def traced(*args: Any, **kwargs: Any) -> Any:
        with _traced_by(tracer):
            return call(*args, **kwargs)

    traced.is_traced = True
    return traced
