"""Whoever wants in is received here: the library is asked, and the log says why not."""

from __future__ import annotations

from twisted.logger import Logger

from sip2gw.circulation import ENGLISH
from sip2gw.gateway.census import Place
from sip2gw.gateway.peer import Peer
from sip2gw.library import LibraryError, Refused, Unavailable
from sip2gw.metrics import Metrics
from sip2gw.session import Session, SignIn, Step
from sip2gw.tenants import ADVICE, Directory, nickname


class Reception:
    """Takes the logins of all terminals."""

    log = Logger()

    def __init__(self, directory: Directory, metrics: Metrics) -> None:
        self._directory = directory
        self._metrics = metrics

    async def sign_in(self, step: SignIn, session: Session, peer: Peer, place: Place) -> Step:
        """Have the library decide on a login, and tell the session. Never raises."""
        try:
            place.check_memory()
            tenant = await self._directory.log_in(step.library, step.credentials)
            place.bind(tenant.nickname)
        except Refused as no:
            self._metrics.logins.labels(outcome=no.code if no.code in ADVICE else "refused").inc()
            self.log.warn(
                "login to {library!r} refused, {code}: {advice} ({peer:full})",
                library=_named(step), code=no.code, advice=ADVICE.get(no.code, no.reason), peer=peer,
            )  # fmt: skip
            return session.turned_away(no, ENGLISH.say("not_logged_in"))
        except LibraryError as error:
            self._metrics.logins.labels(outcome="unavailable").inc()
            self.log.warn(
                "login to {library!r} failed: {why} ({peer:full})",
                library=_named(step), why=str(error), peer=peer,
            )  # fmt: skip
            return session.turned_away(error, ENGLISH.why(error))
        except Exception:  # nor must a bug behind a login cost a terminal its answer
            self._metrics.logins.labels(outcome="bug").inc()
            self.log.failure("a login hit a bug")
            return session.turned_away(Unavailable("a bug"), ENGLISH.say("fault"))
        self._metrics.logins.labels(outcome="ok").inc()
        self.log.info("{library}: a terminal logged in ({peer})", library=tenant.nickname, peer=peer)
        return session.admitted(tenant)


def _named(step: SignIn) -> str:
    """The library for the log. What is no nickname may be a password in the wrong box, and is not told."""
    return nickname(step.library) or "(not a nickname)"
