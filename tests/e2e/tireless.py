"""A kiosk that goes on working whatever happens to it, as a real one does: hung up on, it comes back and logs in."""

import threading
from collections.abc import Callable

from attrs import define, field

from sip2gw.sip2 import UnknownMessage

from .terminal import Terminal, checkin, checkout, patron, status

PATIENCE = 30.0
"""Seconds that anything may take to happen."""
PAUSE = 0.02
"""Seconds before it comes back: a kiosk that is refused doesn't ask again at once."""


@define
class TirelessKiosk:
    """Lends and takes back one item, over and over, in a thread of its own. `connect` gives a new connection."""

    connect: Callable[[], Terminal]
    reader: str
    item: str
    said: list[str] = field(factory=list)
    """What came of each thing it did: `lent`, `returned`, `refused`, `off-line`, `logged in`, `turned away`, `lost`."""
    _changed: threading.Condition = field(factory=threading.Condition)
    _over: threading.Event = field(factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> "TirelessKiosk":
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive()

    def count(self, what: str) -> int:
        """How often that has come of what it did."""
        return self.said.count(what)

    @property
    def loans(self) -> int:
        """How many loans it was told of. Two answers with no return between them are of one loan: it asked again."""
        writes = [said for said in self.said if said in ("lent", "returned")]
        return sum(
            now == "lent" and before != "lent"
            for before, now in zip(["returned", *writes], writes, strict=False)
        )

    def goes_on_to(self, what: str, times: int = 1) -> None:
        """Wait until that has happened so many times more."""
        wanted = self.count(what) + times
        with self._changed:
            happened = self._changed.wait_for(lambda: self.count(what) >= wanted, PATIENCE)
        assert happened, f"never {what} again; at last: {self.said[-12:]}"

    def _say(self, what: str) -> None:
        with self._changed:
            self.said.append(what)
            self._changed.notify_all()

    def _work(self) -> None:
        while not self._over.is_set():
            try:
                with self.connect() as terminal:
                    self._stand_at(terminal)
            except (OSError, UnknownMessage):  # the second: nothing is no answer
                self._say("lost")
            self._over.wait(PAUSE)

    def _stand_at(self, terminal: Terminal) -> None:
        logged_in = terminal.log_in().ok
        self._say("logged in" if logged_in else "turned away")
        while logged_in and not self._over.is_set():
            if not terminal.ask(status()).online_status:
                self._say("off-line")
                self._over.wait(PAUSE)
                continue
            terminal.ask(patron(self.reader))
            lent = terminal.ask(checkout(self.reader, self.item)).ok
            self._say("lent" if lent else "refused")
            back = terminal.ask(checkin(self.item)).ok
            self._say("returned" if back else "refused")
