"""Look up unknown host names two at a time, so that made-up names don't delay known libraries.

Names of libraries come from terminals, and the reactor looks names up in a few threads. A name is known if it is
configured, or a terminal has logged in under it. The others share two lookups; a name that does not exist is remembered
for a short time.
"""

from __future__ import annotations

from collections import OrderedDict, deque
from collections.abc import Callable
from typing import Any, NoReturn

from attrs import frozen
from twisted.internet.interfaces import IAddress, IHostnameResolver, IHostResolution, IResolutionReceiver
from zope.interface import directlyProvides, implementer, providedBy

AT_ONCE = 2
"""Unknown names that are looked up at the same time."""
MOST_WAITING = 256
"""Unknown names that may wait for a lookup; more are not found."""
NO_NAME_FOR = 30.0
"""Seconds for which a name that does not exist is remembered."""
_MOST = 10_000


@implementer(IHostResolution)
@frozen
class _Resolution:
    """The resolution of a name that waits, or is not looked up."""

    name: str

    def cancel(self) -> NoReturn:
        """See `IHostResolution`; Twisted's own can't be cancelled either."""
        raise NotImplementedError


@implementer(IResolutionReceiver)
class _Noting:
    """Pass on the addresses, and note whether there were any. `over` is called with that at the end."""

    def __init__(self, receiver: IResolutionReceiver, over: Callable[[bool], None]) -> None:
        self._receiver = receiver
        self._over = over
        self._found = False
        self.resolutionBegan = receiver.resolutionBegan

    def addressResolved(self, address: IAddress) -> None:
        """Pass on one address of the name."""
        self._found = True
        self._receiver.addressResolved(address)

    def resolutionComplete(self) -> None:
        """Report the end of the addresses."""
        self._over(self._found)
        self._receiver.resolutionComplete()


@implementer(IHostnameResolver)
class _Resolver:
    """Look up known names at once, and unknown ones in their turn."""

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
    """The reactor, with a resolver that looks unknown names up two at a time.

    `is_known` returns whether a name is the host of a known library.
    """

    def __init__(self, reactor: Any, is_known: Callable[[str], bool]) -> None:
        self.is_known = is_known
        self._reactor = reactor
        self._in_progress = 0
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
        """Return whether an unknown name is looked up: not if it did not exist a moment ago, or too many wait."""
        now = self._reactor.seconds()
        while self._missing and next(iter(self._missing.values())) <= now:
            self._missing.popitem(last=False)
        return name not in self._missing and len(self._waiting) < MOST_WAITING

    def ask(self, ask: Callable[[], None]) -> None:
        """Look an unknown name up when it is its turn."""
        self._waiting.append(ask)
        self._go_on()

    def over(self, name: str, found: bool) -> None:
        """Take note of the result of a lookup, and begin the next one."""
        self._in_progress -= 1
        self._missing.pop(name, None)
        if not found:
            self._missing[name] = self._reactor.seconds() + NO_NAME_FOR
        if len(self._missing) > _MOST:
            self._missing.popitem(last=False)
        self._go_on()

    def _go_on(self) -> None:
        while self._waiting and self._in_progress < AT_ONCE:
            self._in_progress += 1
            self._waiting.popleft()()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._reactor, name)
