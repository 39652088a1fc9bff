"""Nothing of a patron stays in memory once an answer is given: the whole adapter is searched for it."""

from __future__ import annotations

import gc
from types import BuiltinFunctionType, FunctionType, ModuleType
from typing import Any

from test_librarika_library import SandboxCase

from sip2gw.library import Listing, ListKind
from sip2gw.secret import Secret


def reachable(start: object) -> list[str]:
    """Every text that hangs on an object, code aside."""
    seen: set[int] = set()
    texts: list[str] = []
    waiting: list[Any] = [start]
    while waiting:
        one = waiting.pop()
        if id(one) in seen or isinstance(one, type | ModuleType | BuiltinFunctionType):
            continue
        seen.add(id(one))
        if isinstance(one, str):
            texts.append(one)
        elif isinstance(one, bytes | bytearray):
            texts.append(bytes(one).decode("latin-1"))
        elif isinstance(one, FunctionType):
            waiting += [cell.cell_contents for cell in one.__closure__ or ()]
        else:
            waiting += gc.get_referents(one)
    return texts


class Canary(SandboxCase):
    def test_F77_nothing_of_a_patron_is_kept(self) -> None:
        self.http.asked.clear()
        listing = Listing(ListKind.LOANS, 0, 10)
        found = self.done(self.library.patron("M-1002", password=Secret("1234"), listing=listing))
        patron = found.patron
        self.done(self.library.item("10003"))
        self.sandbox.misbehave("error_after_commit", endpoint="issue", times=1)
        self.done(self.lend("M-1001", "10001"))
        planted = ["M-1001", "M-1002", "Amina", patron.name, patron.email, "1234", "10001"]
        del patron, found
        self.http.asked.clear()
        straight, self.librarika._client._http = self.librarika._client._http, None
        clock, self.librarika._client.clock = self.librarika._client.clock, None
        kept = "\n".join(reachable([self.librarika, self.library]))
        self.librarika._client._http, self.librarika._client.clock = straight, clock
        self.assertIn("riverside", kept)
        for secret in filter(None, planted):
            self.assertNotIn(secret, kept)
