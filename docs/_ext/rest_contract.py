"""The REST contract as tables, read off the OpenAPI file."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml
from markdown import table

METHODS = ("get", "post", "put", "patch", "delete")


def page(path: Path) -> str:
    """Every operation and every schema of the contract."""
    contract = yaml.safe_load(path.read_text(encoding="utf-8"))
    parts = [
        "# The contract, operation by operation",
        f"Made from `docs/{path.name}`, an OpenAPI {contract['openapi']} file, "
        f"version {contract['info']['version']} of the contract.",
        "## Operations",
        table(["Operation", "What it does", "Answers"], _operations(contract)),
    ]
    for name, schema in contract.get("components", {}).get("schemas", {}).items():
        parts += _schema(contract, name, schema)
    return "\n\n".join(parts) + "\n"


def _operations(contract: dict[str, Any]) -> Iterator[list[str]]:
    for path, item in contract["paths"].items():
        for method in METHODS:
            if operation := item.get(method):
                said = operation.get("summary") or operation.get("description", "")
                answers = [str(code) for code in operation["responses"]]
                yield [f"`{method.upper()} {path}`", said, ", ".join(sorted(answers))]


def _schema(contract: dict[str, Any], name: str, schema: dict[str, Any]) -> Iterator[str]:
    """One table for an object, one line for anything else."""
    yield f"## {name}"
    if said := schema.get("description"):
        yield said.strip()
    properties = schema.get("properties")
    if not properties:
        yield _kind(schema)
        return
    required = set(schema.get("required", ()))
    yield table(
        ["Name", "", "Type", "Meaning"],
        [
            [f"`{key}`", "required" if key in required else "", _kind(value), _said(contract, value)]
            for key, value in properties.items()
        ],
    )


def _kind(schema: dict[str, Any]) -> str:
    """Describe in a few words what a schema accepts."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "const" in schema:
        return f"`{schema['const']}`"
    if "enum" in schema:
        return ", ".join(f"`{value}`" for value in schema["enum"])
    for several in ("oneOf", "anyOf", "allOf"):
        if several in schema:
            return " or ".join(_kind(one) for one in schema[several])
    kind = schema.get("type", "any")
    words = " or ".join(kind) if isinstance(kind, list) else kind
    if words.startswith("array"):
        return f"list of {_kind(schema.get('items', {}))}"
    if form := schema.get("format"):
        words += f" ({form})"
    return words


def _said(contract: dict[str, Any], schema: dict[str, Any]) -> str:
    """Its own description, else that of what it refers to."""
    if "description" in schema or "$ref" not in schema:
        return str(schema.get("description", ""))
    name = schema["$ref"].rpartition("/")[2]
    return str(contract["components"]["schemas"].get(name, {}).get("description", ""))
