"""Answer a page when its content is there, because several processes may have to be asked for it."""

from __future__ import annotations

from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.web.http import Request
from twisted.web.server import NOT_DONE_YET


def later(request: Request, content: Deferred[bytes]) -> int:
    """Send the content as soon as it is there, unless the client has gone. Returns what `render` has to return."""
    here = [True]

    def gone(_: Failure) -> None:
        here.clear()
        content.cancel()

    def send(body: bytes) -> None:
        if here:
            request.write(body)
            request.finish()  # type: ignore[no-untyped-call]  # Twisted's

    def failed(failure: Failure) -> None:
        if here:
            request.processingFailed(failure)  # type: ignore[attr-defined]  # twisted.web.server's has it

    request.notifyFinish().addErrback(gone)
    content.addCallbacks(send, failed)
    return NOT_DONE_YET
