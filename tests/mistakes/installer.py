"""The installer, who looks at the page "Connect a terminal" of a library."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from html import unescape
from http.client import HTTPConnection
from urllib.parse import urlencode

from attrs import define, field

PATIENCE = 20.0


@define
class Installer:
    """The pages on one admin endpoint, by library. Each is opened with an invitation of its own.

    `token` is that of the endpoint, if it has one.
    """

    port: int
    token: str = field(default="", repr=False)
    _cookies: dict[str, str] = field(factory=dict, repr=False)

    def page(self, library: str, name: str = "page") -> str:
        """One of the pages, as it is sent."""
        cookie = self._cookies.get(library) or self._opened(library)
        return self._ask("GET", f"/connect/{name}", {"Cookie": cookie})[1]

    def latest(self, library: str) -> str:
        """The page's text about the latest attempt, a line for each step."""
        ladder = self.page(library).partition('id="ladder"')[2].partition(">")[2].partition("</div>")[0]
        latest = ladder.split("<details")[1:2] or [ladder]
        text = re.sub(r"<[^>]+>", " ", "\0".join(re.split(r"</(?:li|summary)>", latest[0])))
        return "\n".join(" ".join(line.split()) for line in unescape(text).split("\0"))

    def troubles(self, library: str) -> list[str]:
        """The steps of the latest attempt that are wrong or odd, with what to do."""
        lines = self.latest(library).splitlines()
        return [line for line in lines if "✗" in line or "! look" in line] or lines[:1]

    def _opened(self, library: str) -> str:
        headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
        _, made, _ = self._ask("POST", f"/invite/{library}", headers, {})
        _, _, cookie = self._ask("POST", "/connect/enter", {}, {"code": json.loads(made)["code"]})
        self._cookies[library] = cookie
        return cookie

    def _ask(
        self, method: str, path: str, headers: Mapping[str, str], form: Mapping[str, str] | None = None
    ) -> tuple[int, str, str]:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        connection.request(method, path, None if form is None else urlencode(form), dict(headers))
        answer = connection.getresponse()
        cookie = (answer.getheader("set-cookie") or "").partition(";")[0]
        text = answer.read().decode()
        connection.close()
        assert answer.status in (200, 303), (path, answer.status, text)
        return answer.status, text, cookie
