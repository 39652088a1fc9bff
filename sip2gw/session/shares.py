"""A bounded store with a share for each library: a library that fills it loses its own entries."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

V = TypeVar("V")


class Key(NamedTuple):
    """The key of a value. `terminal` is the owner within the library; empty if the value belongs to no terminal."""

    library: str
    terminal: str
    what: Hashable


class Shares(Generic[V]):
    """Keep at most `most` values, and `per_terminal` of one terminal.

    If it is full, the library with the most values loses its oldest; a terminal at its limit loses its own oldest.
    """

    def __init__(self, most: int, per_terminal: int | None = None) -> None:
        self._most = most
        self._per_terminal = per_terminal
        self._libraries: dict[str, OrderedDict[Key, V]] = {}
        self._terminals: dict[tuple[str, str], OrderedDict[Key, None]] = {}
        self._count = 0

    def __len__(self) -> int:
        return self._count

    def get(self, key: Key) -> V | None:
        """Return the value under this key, or None."""
        values = self._libraries.get(key.library)
        return None if values is None else values.get(key)

    def put(self, key: Key, value: V) -> None:
        """Keep this value as the newest of its library."""
        values = self._libraries.get(key.library)
        if values is None:
            values = self._libraries[key.library] = OrderedDict()
        self._count += key not in values
        values[key] = value
        values.move_to_end(key)
        if key.terminal:
            own = self._terminals.setdefault(key[:2], OrderedDict())
            own[key] = None
            own.move_to_end(key)
            if self._per_terminal is not None and len(own) > self._per_terminal:
                self.drop(next(iter(own)))
        if self._count > self._most:
            largest = max(self._libraries.values(), key=len)
            self.drop(next(iter(largest)))

    def drop(self, key: Key) -> None:
        """Drop the value under this key."""
        values = self._libraries.get(key.library)
        if values is None or key not in values:
            return
        del values[key]
        self._count -= 1
        if not values:
            del self._libraries[key.library]
        if key.terminal:
            own = self._terminals[key[:2]]
            del own[key]
            if not own:
                del self._terminals[key[:2]]

    def drop_oldest_while(self, over: Callable[[V], bool], library: str | None = None) -> None:
        """Drop the oldest values of each library, or of this one, as long as `over` is true of them."""
        for name in list(self._libraries) if library is None else [library]:
            while values := self._libraries.get(name):
                key, value = next(iter(values.items()))
                if not over(value):
                    break
                self.drop(key)
