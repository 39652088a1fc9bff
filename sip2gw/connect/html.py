"""The page as HTML. Everything that a terminal or a library has said is escaped by the template."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from twisted.web.template import Tag, flattenString, tags

from sip2gw.connect.devices import BOXES, DEVICES

MARKS = {"good": "✓ done", "look": "! look", "bad": "✗ stopped here", "open": "- not yet"}
"""The state of a step in words: colour alone says nothing."""


def written(content: Tag) -> bytes:
    """Return a tag as HTML."""
    found: list[bytes] = []
    flattenString(None, content).addCallback(found.append)
    return found[0]


def page(title: str, *content: Any, live: bool = False) -> bytes:
    """Return a whole page. A `live` one is loaded again every few seconds where there is no JavaScript."""
    again = tags.noscript(tags.meta(**{"http-equiv": "refresh", "content": "10"})) if live else ""
    head = tags.head(
        tags.meta(charset="utf-8"),
        tags.meta(name="viewport", content="width=device-width, initial-scale=1"),
        tags.title(f"{title} - sip2gw"),
        tags.link(rel="stylesheet", href="/connect/connect.css"),
        tags.script(src="/connect/connect.js", defer="defer"),
        again,
    )
    body = tags.body(Tag("main")(tags.h1(title), *content))
    return b"<!doctype html>\n" + written(tags.html(head, body, lang="en"))


def entrance(fault: str = "") -> bytes:
    """Return the page where a code is entered; the page's script takes it from the link."""
    form = tags.form(
        tags.label("Code of the link", **{"for": "code"}),
        tags.input(id="code", name="code", maxlength="64", autocomplete="off", required="required"),
        tags.button("Open"),
        method="post", action="/connect/enter", id="enter",
    )  # fmt: skip
    return page("Connect a terminal", tags.p(fault, class_="fault", role="alert") if fault else "", form)


def chosen(form: Mapping[str, str], host: str, ports: Mapping[str, int]) -> Tag:
    """Return what to type in, as a table."""
    if not form:
        words = "These boxes can't say the library and the account. Give the terminal an account in the configuration "
        return tags.p(words, "(manual, install: A terminal that can't log in).", class_="fault")
    rows = [
        ("host", host),
        *((f"port ({what})", str(port)) for what, port in ports.items()),
        *((f"{BOXES[code]} ({code})", value) for code, value in form.items()),
        ("protocol", "SIP2, version 2.00"),
        ("end of message, charset", "CR, UTF-8"),
    ]
    return tags.table(
        tags.caption("What to type in"),
        *(tags.tr(tags.th(name, scope="row"), tags.td(tags.code(value))) for name, value in rows),
    )


def picker(device: str, boxes: Sequence[str], address: str) -> Tag:
    """Return the form that asks what the terminal is, which boxes it has and where it comes from."""
    options = [
        tags.option(name, value=name, **({"selected": "selected"} if name == device else {}))
        for name in DEVICES
    ]
    checks = [
        tags.label(
            tags.input(
                type="checkbox", name="box", value=code, **({"checked": "checked"} if code in boxes else {})
            ),
            f" {name} ({code})",
        )
        for code, name in BOXES.items()
    ]
    return tags.form(
        tags.p(tags.label("Device ", tags.select(*options, name="device"))),
        tags.p(DEVICES.get(device, ""), class_="soft"),
        tags.fieldset(tags.legend("Boxes that it has"), *checks),
        tags.p(
            tags.label(
                "Its address, if it is not on this network ",
                tags.input(name="address", value=address, maxlength="45"),
            )
        ),
        tags.button("Show"),
        method="get",
        action="/connect/page",
    )


def ladder(attempts: Sequence[Mapping[str, Any]]) -> Tag:
    """Return the attempts, the latest first."""
    if not attempts:
        words = (
            "Nothing from your network yet, and nothing at this library. Is the host right, is the port open in the "
            "firewall, and is this the address of the terminal's network?"
        )
        return tags.div(tags.p(words), id="ladder")
    return tags.div(*(_attempt(one, newest=one is attempts[0]) for one in attempts), id="ladder")


def _attempt(one: Mapping[str, Any], *, newest: bool) -> Tag:
    said = f"{one['terminal'] or 'Terminal'}, connection {one['conn']}, {moment(one['at'])}"
    state = "connected" if one["open"] else "closed"
    return tags.details(
        tags.summary(f"{said}, {state}"),
        tags.ol(*(_rung(rung) for rung in one["rungs"])),
        **({"open": "open"} if newest else {}),
    )


def _rung(rung: Mapping[str, str]) -> Tag:
    more: list[Any] = [tags.strong(rung["title"]), ": ", tags.span(MARKS[rung["state"]], class_="state")]
    if rung["text"]:
        more.append(tags.p(_sentence(rung["text"])))
    if rung["fix"]:
        more.append(tags.p("To do: ", rung["fix"], class_="fix"))
    if rung["manual"]:
        more.append(tags.p(f"Manual, {rung['manual']}. Code: {rung['name']}.", class_="soft"))
    return tags.li(*more, class_=rung["state"])


def sheet(library: str, attempt: Mapping[str, Any]) -> bytes:
    """Return the acceptance sheet of a terminal, to print and to sign."""
    rows = [
        ("Library", library),
        ("Terminal", attempt["terminal"]),
        ("Connection", f"{attempt['conn']}, {moment(attempt['at'])}, {attempt['where']}"),
        *((rung["title"], f"{MARKS[rung['state']]} {rung['text']}") for rung in attempt["rungs"]),
        ("Date, installer", ""),
        ("Date, library", ""),
    ]
    table = tags.table(*(tags.tr(tags.th(name, scope="row"), tags.td(value)) for name, value in rows))
    return page("Acceptance of a terminal", table)


def moment(at: float) -> str:
    """Return a time for a person, in UTC."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _sentence(text: str) -> str:
    shown = "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
    return shown[:1].upper() + shown[1:] if shown.split(" ")[0].isalpha() else shown
