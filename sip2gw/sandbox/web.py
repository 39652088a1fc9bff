"""HTTP for the sandbox: one leaf resource finds library and operation in the path, and writes the answer or misbehaves.

Each library's API is under `/{nickname}/api/v1`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.logger import Logger
from twisted.web.resource import IResource
from twisted.web.server import NOT_DONE_YET, Request, Site
from zope.interface import implementer

from sip2gw.sandbox.answer import Answer, header, request_id, write
from sip2gw.sandbox.control import Control
from sip2gw.sandbox.misbehaving import misbehave
from sip2gw.sandbox.misbehaviour import Misbehaviours
from sip2gw.sandbox.operations import route
from sip2gw.sandbox.problem import Problem
from sip2gw.sandbox.server import Incoming, Server

_HEADERS = ("authorization", "idempotency-key", "if-none-match", "content-type")


@implementer(IResource)
class Api:
    """The API of every library. `control` answers what is under `/control`."""

    isLeaf = True
    _log = Logger(namespace="sip2gw.sandbox")

    def __init__(self, server: Server, misbehaviours: Misbehaviours, control: Control) -> None:
        self._server = server
        self._misbehaviours = misbehaviours
        self._control = control

    def getChildWithDefault(self, name: bytes, request: Request) -> Any:
        """Return this resource: a leaf has no children."""
        return self

    def putChild(self, path: bytes, child: Any) -> None:
        """Nothing can be put below a leaf."""
        raise TypeError("the sandbox's resource is a leaf")

    def render(self, request: Request) -> Any:
        """Answer any method."""
        try:
            segments = [segment.decode() for segment in request.postpath or []]
        except UnicodeDecodeError:
            return write(request, Answer.no(Problem("not_found")))
        if segments[:1] == ["control"] and segments[1:2] != ["api"]:
            return self._control.render(request, segments)
        try:
            return self._render(request, segments)
        except Problem as problem:
            return write(request, Answer.no(problem))

    def _render(self, request: Request, segments: list[str]) -> Any:
        method = request.method.decode("ascii", "replace")
        if segments[1:3] != ["api", "v1"]:
            raise Problem("not_found")
        library = self._server.library(segments[0])
        operation = route(method, "/" + "/".join(segments[3:]))
        self._server.count(library.nickname, operation.name)
        incoming = _incoming(request)
        answer = self._safely(lambda: self._server.answer(library, operation, incoming))
        rule = self._misbehaviours.pick(library.nickname, operation.name, method)
        if rule is None:
            return write(request, answer())
        misbehave(request, rule, answer, self._server.clock)
        return NOT_DONE_YET

    def _safely(self, answer: Callable[[], Answer]) -> Callable[[], Answer]:
        def safe() -> Answer:
            try:
                return answer()
            except Exception:  # a bug of a rule is answered as an API answers it
                self._log.failure("sandbox_fault")
                return Answer.no(Problem("internal_error"))

        return safe


def _incoming(request: Request) -> Incoming:
    headers = {name: value for name in _HEADERS if (value := header(request, name)) is not None}
    headers["x-request-id"] = request_id(request)
    # The ledger and the answer then name the same one.
    request.responseHeaders.setRawHeaders("x-request-id", [headers["x-request-id"]])
    assert request.content is not None  # noqa: S101 (for mypy: there is a body, maybe empty, once we are asked)
    return Incoming(request.path.decode("utf-8", "replace"), headers, request.content.read())


class QuietSite(Site):
    """A site without an access log that can refuse connections."""

    noisy = False
    displayTracebacks = False
    misbehaviours: Misbehaviours

    def buildProtocol(self, addr: Any) -> Any:
        """Return None to close the connection at once."""
        site: Any = super()
        return None if self.misbehaviours.refuses() else site.buildProtocol(addr)

    def log(self, request: Any) -> None:
        """Log nothing: paths and queries name members."""


def quiet_site(api: Api, misbehaviours: Misbehaviours) -> Site:
    """Return the site of a sandbox."""
    make: Any = QuietSite
    site: QuietSite = make(api)
    site.misbehaviours = misbehaviours
    return site
