"""The sandbox's own switches under `/control`: not part of the contract, and only for clients on this machine."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.web.server import Request

from sip2gw.sandbox import strict_json
from sip2gw.sandbox.answer import Answer, write
from sip2gw.sandbox.problem import Problem

if TYPE_CHECKING:
    from sip2gw.sandbox.sandbox import Sandbox

Switch = Callable[[str | None, dict[str, Any]], Any]


class Control:
    """The switches of one sandbox, each by method and name."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._switches: dict[tuple[str, str], Switch] = {
            ("POST", "misbehave"): self._misbehave,
            ("DELETE", "misbehave"): lambda _, __: sandbox.behave(),
            ("GET", "ledger"): lambda library, _: {"items": sandbox.ledger(library)},
            ("DELETE", "ledger"): lambda library, _: sandbox.forget(requests=False, library=library),
            ("GET", "requests"): lambda library, _: {"libraries": sandbox.requests(library)},
            ("DELETE", "requests"): lambda library, _: sandbox.forget(effects=False, library=library),
            ("POST", "idempotency"): lambda _, body: sandbox.honour_idempotency(_flag(body, "honoured")),
            ("POST", "users"): self._user,
            ("POST", "libraries"): self._library,
            ("POST", "reset"): lambda _, __: sandbox.reset(),
        }

    def render(self, request: Request, segments: list[str]) -> bytes:
        """Carry out a switch, or answer with the reason for a refusal."""
        try:
            return write(request, self._turn(request, "/".join(segments[1:])))
        except Problem as problem:
            return write(request, Answer.no(problem))

    def _turn(self, request: Any, name: str) -> Answer:
        if not local(request.getClientAddress()):
            raise Problem("not_allowed", "control is for clients on this machine")
        method = request.method.decode("ascii", "replace")
        methods = sorted(known for known, switch in self._switches if switch == name)
        if not methods:
            raise Problem("not_found")
        if method not in methods:
            raise Problem("method_not_allowed", headers={"Allow": ", ".join(methods)})
        try:
            body = strict_json.parse(request.content.read() or b"{}")
        except ValueError:
            raise Problem("validation_failed", "the body is not JSON", status=400) from None
        if not isinstance(body, dict):
            raise Problem("validation_failed", "the body must be an object")
        library = (request.args or {}).get(b"library", [None])[0]
        result = self._switches[method, name](library and library.decode("utf-8", "replace"), body)
        return Answer.of(204 if result is None else 200, result)

    def _misbehave(self, _: str | None, body: dict[str, Any]) -> None:
        everywhere = body.get("library", "*") == body.get("endpoint", "*") == "*"
        if body.get("what") == "refuse" and everywhere and not (body.get("times") or body.get("seconds")):
            raise Problem("validation_failed", "refuse: give times or seconds; no client could end it")
        self._sandbox.misbehave(_text(body, "what"), **{key: body[key] for key in body if key != "what"})

    def _user(self, _: str | None, body: dict[str, Any]) -> None:
        rest = {key: value for key, value in body.items() if key not in ("library", "username")}
        self._sandbox.change_user(_text(body, "library"), _text(body, "username"), **rest)

    def _library(self, _: str | None, body: dict[str, Any]) -> None:
        if unknown := set(body) - {"nickname", "sip2", "preferences"}:
            raise Problem("validation_failed", f"unknown key {', '.join(sorted(unknown))}")
        self._sandbox.change_library(
            _text(body, "nickname"), sip2=body.get("sip2"), preferences=body.get("preferences")
        )


def local(address: object) -> bool:
    """Return whether a client is on this machine: by loopback, or by a Unix socket."""
    if isinstance(address, (IPv4Address, IPv6Address)):
        return ipaddress.ip_address(address.host.partition("%")[0]).is_loopback
    return True


def _text(body: dict[str, Any], name: str) -> str:
    if not isinstance(value := body.get(name), str):
        raise Problem("validation_failed", f"{name}: must be text")
    return value


def _flag(body: dict[str, Any], name: str) -> bool:
    if not isinstance(value := body.get(name), bool):
        raise Problem("validation_failed", f"{name}: must be true or false")
    return value
