"""An answer to a client, ready to be written: a status, headers, and the bytes of the body."""

from __future__ import annotations

import json
import re
import uuid
from typing import Any

from attrs import Factory, frozen
from twisted.web.server import Request

from sip2gw.sandbox.problem import Problem

JSON = "application/json; charset=utf-8"
PROBLEM = "application/problem+json; charset=utf-8"


@frozen
class Answer:
    """One response. An empty `content_type` goes with an empty body."""

    status: int
    body: bytes
    content_type: str = JSON
    headers: dict[str, str] = Factory(dict)

    @classmethod
    def of(cls, status: int, value: Any) -> Answer:
        """Return the value as JSON; None as an answer without a body."""
        if value is None:
            return cls(status, b"", "")
        return cls(status, json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode())

    @classmethod
    def no(cls, problem: Problem) -> Answer:
        """Return the refusal as a problem document."""
        return cls(problem.status, problem.body(), PROBLEM, problem.headers)


def header(request: Request, name: str) -> str | None:
    """Return the first header of this name. It is read as Latin-1, which has a character for each byte."""
    values = request.requestHeaders.getRawHeaders(name.encode("ascii"))
    return values[0].decode("latin-1") if values else None


def request_id(request: Request) -> str:
    """Return the client's own name for the request if it is printable, else a new one."""
    given = header(request, "x-request-id") or ""
    return given if re.fullmatch("[!-~]{1,200}", given) else uuid.uuid4().hex


def write(request: Request, answer: Answer) -> bytes:
    """Set status and headers of the answer, and return its body for the caller to send."""
    request.setResponseCode(answer.status)
    headers = request.responseHeaders
    if not headers.hasHeader("x-request-id"):
        headers.setRawHeaders("x-request-id", [request_id(request)])
    if answer.content_type:
        headers.setRawHeaders("content-type", [answer.content_type])
    else:
        # Twisted's own default would announce HTML where there is no body.
        request.defaultContentType = None
    for name, value in answer.headers.items():
        headers.setRawHeaders(name, [value])
    return answer.body
