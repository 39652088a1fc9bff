"""The screens made from the record: what needs the operator, libraries, terminals, exchanges, and failed attempts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import quote

from sip2gw.board import audit
from sip2gw.board.source import Asked, Done, NoSuchThing, NotPossible, Record, Text, View
from sip2gw.pages.rendering import ago, moment
from sip2gw.store.port import Store

Page = Callable[[Asked], Awaitable[View]]
FILTERS = {
    "libraries": ("q", "state", "after"),
    "terminals": ("library", "q", "state", "after"),
    "exchanges": (
        "library", "terminal", "conn", "outcome", "message", "code", "ref", "patron", "item", "since", "until", "after",
    ),
    "door": ("network", "reason", "library", "after"),
}  # fmt: skip
"""The values in the URL of a list; all others are ignored."""
OUTCOMES = "answered", "refused", "not_offered", "unavailable", "in_doubt", "bug"
_LATEST = 20
"""Exchanges on the page of a library or terminal."""


class Screens:
    """The pages of the record. An answer about a person's exchange is entered in the audit table before it is given."""

    def __init__(self, record: Record, store: Store) -> None:
        self._record = record
        self._store = store

    async def now(self, _: Asked) -> View:
        """Show what needs the operator first, then how the gateway is."""
        return View("now.html", await self._record.ask("now", {}))

    async def libraries(self, asked: Asked) -> View:
        """Show all libraries, those with trouble first."""
        return await self._list("libraries", asked)

    async def terminals(self, asked: Asked) -> View:
        """Show all terminals that are connected."""
        return await self._list("terminals", asked)

    async def exchanges(self, asked: Asked) -> View:
        """Show requests and their answers, the latest first."""
        view = await self._list("exchanges", asked)
        if asked.query.get("patron") and asked.query.get("after") is None:
            await self._enter(asked, "exchange search", asked.query["patron"][:20])
        return View(view.template, {**view.content, "outcomes": OUTCOMES})

    async def exchanges_of(self, query: Mapping[str, str]) -> dict[str, Any]:
        """Return the list for a stream, of all libraries."""
        filters = {name: query[name] for name in FILTERS["exchanges"] if query.get(name)}
        return await self._record.ask("exchanges", filters)

    async def door(self, asked: Asked) -> View:
        """Show clients that did not get in, by address and reason."""
        return await self._list("door", asked)

    async def library(self, asked: Asked) -> View:
        """Show one library: its state, seats, terminals and refusals."""
        name = asked.path[0]
        self._may_see(asked, name)
        found = await self._one("library", library=name)
        terminals = await self._record.ask("terminals", {"library": name})
        latest = await self._record.ask("exchanges", {"library": name, "limit": str(_LATEST)})
        rows = {"terminal_rows": _rows(terminals), "exchange_rows": _rows(latest)}
        return View(
            "library.html", _for(asked, {**found, **rows, "elsewhere_rows": terminals.get("elsewhere", [])})
        )

    async def terminal(self, asked: Asked) -> View:
        """Show one connection: identity, TLS, profile, spelling, counters and its last exchanges."""
        found = await self._one("terminal", conn=asked.path[0])
        self._may_see(asked, str(found.get("library", "")))
        latest = await self._record.ask("exchanges", {"conn": asked.path[0], "limit": str(_LATEST)})
        return View("terminal.html", {**found, **_told_of(found), "exchange_rows": _rows(latest)})

    async def exchange(self, asked: Asked) -> View:
        """Show one exchange with its calls; entered in the audit table."""
        found = await self._one("exchange", ref=asked.path[0])
        self._may_see(asked, str(found.get("library", "")))
        await self._enter(asked, "exchange look", f"{found.get('library', '')} {asked.path[0]}")
        return View("exchange.html", found)

    async def search(self, asked: Asked) -> Done:
        """Turn a card or item number into its tag, with which the list is filtered. The number is not kept."""
        kind, number = asked.value("kind"), asked.value("number")
        library = asked.visitor.library or asked.value("library")
        if kind not in ("patron", "item") or not number or not library:
            raise NotPossible("choose card or item, and enter the number and the library")
        found = await self._one("search", kind=kind, number=number, library=library, limit="1")
        tag = str(found["tag"])
        await self._enter(asked, "exchange search", f"{library} {tag if tag.startswith(kind[0]) else kind}")
        if not tag.startswith(f"{kind[0]}:"):
            raise NotPossible("item numbers are logged in clear: search the log for the number")
        return Done(f"/board/exchanges?library={quote(library)}&{kind}={quote(tag)}")

    async def disconnect(self, asked: Asked) -> Done:
        """Disconnect a terminal."""
        conn = asked.path[0]
        found = await self._one("terminal", conn=conn)
        await self._enter(asked, "disconnect", _named(found, conn), asked.value("why"))
        await self._one("disconnect", conn=conn)
        return Done("/board/terminals", f"{_named(found, conn)} is disconnected.")

    async def trace(self, asked: Asked) -> Done:
        """Trace a terminal for some minutes."""
        conn = asked.path[0]
        found = await self._one("terminal", conn=conn)
        await self._enter(asked, "trace", _named(found, conn), asked.value("why"))
        library, terminal = str(found.get("library", "")), str(found.get("terminal", ""))
        where = (
            {"library": library, "terminal": terminal}
            if library
            else {"address": str(found.get("address", ""))}
        )
        await self._one("trace", **where)
        return Done("/board/traces", f"The trace of {_named(found, conn)} runs for 15 minutes.")

    async def traces(self, _: Asked) -> View:
        """Show the traces that run or can be fetched."""
        return View("traces.html", await self._record.ask("traces", {}))

    async def trace_lines(self, asked: Asked) -> Text:
        """Return the lines of a trace, as text that `sip2gw decode` reads; entered in the audit table."""
        name = asked.path[0]
        found = await self._one("trace_lines", trace=name)
        await self._enter(asked, "trace look", name)
        return Text(f"trace-{name}.txt", str(found["text"]))

    async def stop_trace(self, asked: Asked) -> Done:
        """Stop a trace. Its lines can still be fetched."""
        await self._enter(asked, "trace stop", asked.path[0])
        await self._one("stop", trace=asked.path[0])
        return Done("/board/traces", "The trace is stopped.")

    async def _list(self, what: str, asked: Asked) -> View:
        filters = {name: asked.query[name] for name in FILTERS[what] if asked.query.get(name)}
        if asked.visitor.library:
            filters["library"] = asked.visitor.library
        found = await self._record.ask(what, filters)
        return View(f"{what}.html", _for(asked, {**found, "filters": filters}))

    async def _one(self, what: str, **about: str) -> dict[str, Any]:
        found = await self._record.ask(what, about)
        if found is None:
            raise NoSuchThing
        return found if isinstance(found, dict) else {"done": found}

    def _may_see(self, asked: Asked, library: str) -> None:
        if asked.visitor.library and asked.visitor.library != library:
            raise NoSuchThing

    async def _enter(self, asked: Asked, what: str, subject: str, why: str = "") -> None:
        await self._store.change(lambda tx: audit.enter(tx, asked.visitor.name, what, subject, why))


def _told_of(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the page of a terminal says of it, in pairs of a name and a value."""
    login, tls, seen = (found.get(name) or {} for name in ("login", "tls", "session"))
    ahead = seen.get("clock_ahead")
    closed = found.get("closed") or {}
    return {
        "identity": [
            ("Library", found.get("library")), ("Location", login.get("location")),
            ("Login by", login.get("form")), ("Account", login.get("account")), ("Address", found.get("address")),
            ("Port", found.get("where")), ("Connected since", moment(found.get("since"))),
            ("Idle", ago(found.get("idle"))), ("Requests", found.get("requests")),
            ("TLS", tls.get("version")), ("Server name asked for", tls.get("server_name")),
            ("TLS failure", tls.get("failure")), ("Client certificate", tls.get("certificate")),
            ("Step reached", found.get("rung")), ("Closed by", closed.get("by")), ("Closed why", closed.get("why")),
        ],
        "spelling": [
            ("Profile", login.get("profile")), ("Charset", login.get("charset")),
            ("Line end", login.get("terminator")), ("Delimiter", seen.get("delimiter")),
            ("Checksums set", seen.get("error_detection")), ("Checksums seen", seen.get("checksums")),
            ("Its clock", "" if ahead is None else f"{ago(abs(ahead))} {'ahead' if ahead > 0 else 'behind'}"),
        ],
        "knobs": seen.get("knobs", []),
    }  # fmt: skip


def _for(asked: Asked, content: dict[str, Any]) -> dict[str, Any]:
    """Return what this visitor may see: where the other boards are is the operator's business."""
    return {name: value for name, value in content.items() if name != "boards" or asked.visitor.is_operator}


def _rows(found: dict[str, Any]) -> list[Any]:
    return list(found.get("rows", ()))


def _named(found: dict[str, Any], conn: str) -> str:
    return f"{found.get('library') or 'no library'}/{found.get('terminal') or conn}"
