"""The knobs and the built-in profiles, read off the program: each is explained where it is defined."""

import ast
import inspect
from typing import Any

import attrs
from config_reference import texts_below
from markdown import table

from sip2gw.circulation import profile as source
from sip2gw.circulation.profile import KIOSK
from sip2gw.circulation.profiles import BUILT_IN
from sip2gw.circulation.settings import KNOBS
from sip2gw.config.shown import shown

BECAUSE = "Because "


def meanings() -> dict[str, tuple[str, str]]:
    """By knob: what it does, and the device that made it necessary."""
    said = texts_below(inspect.getsource(source))
    found = {}
    for knob in KNOBS:
        meaning, _, reason = said.get(f"Profile.{knob}", "").partition(BECAUSE)
        if not meaning.strip() or not reason.strip():
            raise ValueError(f"Profile.{knob} lacks its meaning, or the device that made it necessary")
        found[knob] = " ".join(meaning.split()), " ".join(reason.split())
    return found


def knobs() -> str:
    """Return a section for each group of knobs."""
    said = meanings()
    parts = []
    for heading, names in _groups():
        rows = [
            [f"`{knob}`", f"`{shown(getattr(KIOSK, knob))}`", said[knob][0], _sentence(said[knob][1])]
            for knob in names
        ]
        parts += [f"### {heading}", table(["Knob", "Default", "Meaning", "Made necessary by"], rows)]
    return "\n\n".join(parts) + "\n"


def built_in() -> str:
    """Return a table of the built-in profiles."""
    rows = []
    for named in BUILT_IN.values():
        changes = ", ".join(f"`{knob} = {_toml(value)}`" for knob, value in named.knobs.items())
        rows.append(
            [f"`{named.name}`", _sentence(named.why), f"`{named.like}`" if named.like else "", changes]
        )
    return table(["Profile", "For", "Like", "But with"], rows) + "\n"


def _toml(value: Any) -> str:
    if isinstance(value, frozenset | tuple):
        return "[" + ", ".join(f'"{getattr(one, "value", one)}"' for one in sorted(value, key=str)) + "]"
    return shown(value)


def _sentence(text: str) -> str:
    text = text.rstrip(".")
    return text[:1].upper() + text[1:]


def _groups() -> list[tuple[str, list[str]]]:
    """Return the knobs under the headings that the source has as comments."""
    found: list[tuple[str, list[str]]] = []
    for line in inspect.getsource(source.Profile).splitlines():
        text = line.strip()
        if text.startswith("# -- "):
            heading = text.removeprefix("# -- ")
            found.append((heading[:1].upper() + heading[1:], []))
        elif found and (name := text.partition(":")[0]) in KNOBS and isinstance(_field(text), ast.AnnAssign):
            found[-1][1].append(name)
    named = [knob for _, names in found for knob in names]
    if sorted(named) != sorted(KNOBS) or len(attrs.fields(source.Profile)) != len(KNOBS) + 1:
        raise ValueError("a knob of Profile stands under no heading")
    return found


def _field(text: str) -> ast.stmt | None:
    try:
        return ast.parse(text).body[0]
    except (SyntaxError, IndexError):
        return None
