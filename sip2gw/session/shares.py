"""A bounded store of which each library has its share: who fills it loses what they put there themselves."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, NamedTuple, TypeVar

V = TypeVar("V")


class Key(NamedTuple):
    """What a value is kept under. `terminal` is whose it is within the library; empty if it is no terminal's own."""

    library: str
    terminal: str
    what: Hashable


class Shares(Generic[V]):
    """Keeps at most `most` values, and `per_terminal` of one terminal.

    When it is full, the library that has the most loses its oldest; a terminal that has its share loses its own oldest.
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
        """The value under this key, if it is still here."""
        values = self._libraries.get(key.library)
        return None if values is None else values.get(key)

    def put(self, key: Key, value: V) -> None:
        """Keep this value as the newest of its library."""
        self.drop(key)
        self._libraries.setdefault(key.library, OrderedDict())[key] = value
        self._count += 1
        if key.terminal:
            own = self._terminals.setdefault(key[:2], OrderedDict())
            own[key] = None
            if self._per_terminal is not None and len(own) > self._per_terminal:
                self.drop(next(iter(own)))
        if self._count > self._most:
            largest = max(self._libraries.values(), key=len)
            self.drop(next(iter(largest)))

    def drop(self, key: Key) -> None:
        """Keep it no longer."""
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
        """Let go of the oldest values of each library, or of this one, as long as they are over."""
        for name in list(self._libraries) if library is None else [library]:
            while values := self._libraries.get(name):
                key, value = next(iter(values.items()))
                if not over(value):
                    break
                self.drop(key)
