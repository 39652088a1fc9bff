"""Look up names that nobody knows two at a time, so that made-up ones keep no library waiting.

Names of libraries come off the wire, and the reactor looks names up by few threads. A name that is not configured, and
under which no terminal was ever let in, has two of them at most; that there is no such name is remembered for a short
while.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, NoReturn

from attrs import frozen
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import directlyProvides, implementer, providedBy

AT_ONCE = 2
"""Unknown names that are looked up at once."""
MOST_WAITING = 256
"""Unknown names that may wait for that; those beyond are not found."""
NO_NAME_FOR = 30.0
"""Seconds for which it is remembered that there is no such name."""
_MOST = 10_000


@implementer(IHostResolution)
@frozen
class _Resolution:
    """A name that waits, or is not looked up."""

    name: str

    def cancel(self) -> NoReturn:
        """See `IHostResolution`; Twisted's own can't be cancelled either."""
        raise NotImplementedError


@implementer(IResolutionReceiver)
class _Noting:
    """Passes on what is found, and notes whether that was anything. `over` is called with that at the end."""

    def __init__(self, receiver: IResolutionReceiver, over: Callable[[bool], None]) -> None:
        self._receiver = receiver
        self._over = over
        self._found = False
        self.resolutionBegan = receiver.resolutionBegan

    def addressResolved(self, address: IAddress) -> None:
        """One of the name's addresses."""
        self._found = True
        self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:
        """There are no more."""
        self._over(self._found)
        self._receiver.resolutionComplete()


@implementer(IHostnameResolver)
class _Resolver:
    """Sends each name the way that is for it."""

    def __init__(self, names: Names) -> None:
        self._names = names

    def resolveHostName(
        self, resolutionReceiver: IResolutionReceiver, hostName: str, *args: Any, **kwargs: Any
    ) -> IHostResolution:
        """See `IHostnameResolver`."""
        names = self._names
        if names.is_known(hostName):
            found: IHostResolution = names.usual.resolveHostName(
                resolutionReceiver, hostName, *args, **kwargs
            )
            return found
        resolution = _Resolution(hostName)
        if names.may_ask(hostName):

            def ask() -> None:
                noting = _Noting(resolutionReceiver, lambda found: names.over(hostName, found))
                names.usual.resolveHostName(noting, hostName, *args, **kwargs)

            names.ask(ask)
        else:
            resolutionReceiver.resolutionBegan(resolution)
            resolutionReceiver.resolutionComplete()
        return resolution


class Names:
    """The reactor, but with a resolver that looks unknown names up two at a time.

    `is_known` says whether a host's name is one of a library.
    """

    def __init__(self, reactor: Any, is_known: Callable[[str], bool]) -> None:
        self.is_known = is_known
        self._reactor = reactor
        self._under_way = 0
        self._waiting: deque[Callable[[], None]] = deque()
        self._missing: OrderedDict[str, float] = OrderedDict()
        directlyProvides(self, providedBy(reactor))

    @property
    def usual(self) -> Any:
        """The reactor's own resolver."""
        return self._reactor.nameResolver

    @property
    def nameResolver(self) -> IHostnameResolver:
        """See `IReactorPluggableNameResolver`."""
        return _Resolver(self)

    def may_ask(self, name: str) -> bool:
        """Whether an unknown name is looked up: not if it was not found a moment ago, or too many wait."""
        now = self._reactor.seconds()
        while self._missing and next(iter(self._missing.values())) <= now:
            self._missing.popitem(last=False)
        return name not in self._missing and len(self._waiting) < MOST_WAITING

    def ask(self, ask: Callable[[], None]) -> None:
        """Look an unknown name up, when it is its turn."""
        self._waiting.append(ask)
        self._go_on()

    def over(self, name: str, found: bool) -> None:
        """An unknown name was looked up."""
        self._under_way -= 1
        self._missing.pop(name, None)
        if not found:
            self._missing[name] = self._reactor.seconds() + NO_NAME_FOR
        if len(self._missing) > _MOST:
            self._missing.popitem(last=False)
        self._go_on()

    def _go_on(self) -> None:
        while self._waiting and self._under_way < AT_ONCE:
            self._under_way += 1
            self._waiting.popleft()()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)
