"""The configuration file, read off `sip2gw.config`: each key is explained where it is defined, and nowhere else."""

import ast
import inspect
from collections.abc import Iterator
from types import NoneType, UnionType
from typing import Any, Union, get_args, get_origin

import attrs
from markdown import table

from sip2gw import config, limits
from sip2gw.config import accounts, checks, librarika, listen, operation, store, terminals

TABLES = (
    config.Listen,
    config.TerminalAccount,
    config.LibrarikaAPI,
    config.Admin,
    config.Terminals,
    config.Log,
    config.Security,
    config.Store,
    config.Process,
    limits.Limits,
)


def page() -> str:
    """One section for each table."""
    said: dict[str, str] = {}
    for room in (listen, accounts, librarika, terminals, operation, store, limits):
        said |= texts_below(inspect.getsource(room))
    parts = []
    for cls in TABLES:
        name, _, meaning = (inspect.getdoc(cls) or "").partition(": ")
        parts += [f"### {name}", f"{meaning[:1].upper()}{meaning[1:]}", table(*_keys(cls, said))]
    return "\n\n".join(parts) + "\n"


def _keys(cls: type[Any], said: dict[str, str]) -> tuple[list[str], list[list[str]]]:
    rows = []
    for key in checks.settings(cls):
        meaning = said.get(f"{cls.__name__}.{key.name}", "")
        rows.append([f"`{key.name}`", _kind(key.type), _default(key.default), meaning])
    return ["Key", "", "If left out", "Meaning"], rows


def _kind(kind: Any) -> str:
    """Return what is written for a value of this type."""
    required = (
        next((one for one in get_args(kind) if one is not NoneType), kind) if is_optional(kind) else kind
    )
    if required is bool:
        return "true or false"
    match getattr(required, "__metadata__", ()):
        case [checks.Checked(kind=written)]:
            return written
        case [checks.File()]:
            return "path"
        case [limits.Between()]:
            return "number"
    return "text"


def is_optional(kind: Any) -> bool:
    """Return whether a type is one that may be None."""
    return get_origin(kind) in (Union, UnionType) and NoneType in get_args(kind)


def _default(value: Any) -> str:
    if value is attrs.NOTHING:
        return "must be given"
    if value is None:
        return ""
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    return f"`{value:g}`" if isinstance(value, float) else f"`{value}`"


def texts_below(source: str) -> dict[str, str]:
    """Return the text below each field, by `Class.name`."""
    return dict(_pairs(ast.parse(source), ""))


def _pairs(node: ast.Module | ast.ClassDef, prefix: str) -> Iterator[tuple[str, str]]:
    for before, after in zip(node.body, [*node.body[1:], None], strict=True):
        if isinstance(before, ast.ClassDef):
            yield from _pairs(before, f"{before.name}.")
        name = _name(before)
        if name and isinstance(after, ast.Expr) and isinstance(after.value, ast.Constant):
            yield prefix + name, inspect.cleandoc(str(after.value.value))


def _name(node: ast.stmt) -> str | None:
    match node:
        case ast.AnnAssign(target=ast.Name(id=name)):
            return name
    return None
