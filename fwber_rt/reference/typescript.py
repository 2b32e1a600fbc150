"""schema.ts of the web client: every operation, push, error and close code as TypeScript, so that the pages are checked
against the server when they are built.

A field of a request may be left out when it has a default. A field of a reply is always there, unless its type leaves defaults
out (``omit_defaults``) or is also part of a request.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap
from typing import Any, Final

from msgspec import inspect

from fwber_rt.errors import Close
from fwber_rt.registry import Command, Query, Registry
from fwber_rt.transport.openapi import Json, describe, errors_of
from fwber_rt.transport.rest import PREFIX, routes

_NOTICE: Final = "// Written from the code by `python -m fwber_rt.reference`; do not edit."
_WIDTH: Final = 116
_PLAIN: Final = {"string": "string", "integer": "number", "number": "number", "boolean": "boolean", "null": "null"}
_IDENTIFIER: Final = re.compile(r"[A-Za-z_$][\w$]*")


def render(registry: Registry) -> str:
    """The module."""
    document = describe(registry)
    shapes: Mapping[str, Json] = document["components"]["schemas"]
    absent = optional(registry, shapes)
    operations = list(registry.operations.values())
    sections = (
        _NOTICE,
        f"export const PREFIX = {_quoted(PREFIX)};",
        *(_interface(name, shapes[name], absent[name]) for name in sorted(shapes)),
        _map("Operations", "What may be asked: request, reply, and the errors it may be refused with.", _asked(operations)),
        _union("SocketOp", "Those that may be asked over the WebSocket.", (each.op for each in operations if each.ws)),
        _union("QueryOp", "Those that change nothing.", (each.op for each in operations if isinstance(each, Query))),
        _map("Pushes", "What the server says by itself.", ((p.t, p.d.__name__, p.help) for p in registry.pushes.values())),
        _routes(registry),
        _errors(registry),
        _closes(),
    )
    return "\n\n".join(sections) + "\n"


def type_of(schema: Json) -> str:
    """A JSON Schema as a type."""
    if "$ref" in schema:
        return str(schema["$ref"].rpartition("/")[2])
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(type_of(each) for each in schema["anyOf"]))
    if "enum" in schema:
        return " | ".join(_quoted(value) for value in schema["enum"])
    kind = schema.get("type")
    if kind == "array":
        item = type_of(schema["items"])
        return f"({item})[]" if " " in item else f"{item}[]"
    if kind == "object":
        return f"Record<string, {type_of(schema.get('additionalProperties') or {})}>"
    return _PLAIN.get(str(kind), "unknown")


def optional(registry: Registry, shapes: Mapping[str, Json]) -> dict[str, bool]:
    """Whether the fields of each shape that have a default may be absent."""
    asked = _reached((each.request.__name__ for each in registry.operations.values()), shapes)
    omitting = {struct.cls.__name__ for struct in _structs(registry) if struct.cls.__struct_config__.omit_defaults}
    return {name: name in asked or name in omitting for name in shapes}


def _reached(names: Iterable[str], shapes: Mapping[str, Json]) -> set[str]:
    found: set[str] = set()
    waiting = list(names)
    while waiting:
        name = waiting.pop()
        if name in shapes and name not in found:
            found.add(name)
            waiting += re.findall(r'#/components/schemas/(\w+)"', json.dumps(shapes[name]))
    return found


def _structs(registry: Registry) -> Iterator[inspect.StructType]:
    kinds = [kind for each in registry.operations.values() for kind in (each.request, each.reply)]
    kinds += [push.d for push in registry.pushes.values()]
    seen: set[type[Any]] = set()
    for kind in inspect.multi_type_info(kinds):
        yield from _structs_in(kind, seen)


def _structs_in(kind: Any, seen: set[type[Any]]) -> Iterator[inspect.StructType]:
    if isinstance(kind, inspect.StructType) and kind.cls not in seen:
        seen.add(kind.cls)
        yield kind
        for field in kind.fields:
            yield from _structs_in(field.type, seen)
    inner = (getattr(kind, name, None) for name in ("type", "item_type", "value_type"))
    for each in (*inner, *getattr(kind, "types", ())):
        if isinstance(each, inspect.Type):
            yield from _structs_in(each, seen)


def _interface(name: str, shape: Json, optional: bool) -> str:
    required = shape.get("required", ())
    lines = [*_comment(shape.get("description", "").replace("``", "`")), f"export interface {name} {{"]
    for field, schema in shape.get("properties", {}).items():
        lines += _comment(schema.get("description", ""), "  ")
        mark = "?" if optional and field not in required else ""
        lines.append(f"  {_key(field)}{mark}: {type_of(schema)};")
    return "\n".join([*lines, "}"])


def _asked(operations: Iterable[Command | Query]) -> Iterator[tuple[str, str, str]]:
    for each in operations:
        errors = " | ".join(_quoted(error.name) for error in errors_of(each))
        yield each.op, f"{{ d: {each.request.__name__}; ok: {each.reply.__name__}; errors: {errors} }}", each.help


def _map(name: str, help: str, rows: Iterable[tuple[str, str, str]]) -> str:
    lines = [*_comment(help), f"export interface {name} {{"]
    for key, value, text in rows:
        lines += [*_comment(text, "  "), f"  {_key(key)}: {value};"]
    return "\n".join([*lines, "}"])


def _union(name: str, help: str, values: Iterable[str]) -> str:
    rows = wrap(" | ".join(_quoted(value) for value in values), _WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join([*_comment(help), f"export type {name} =", *(f"  {row}" for row in rows)]) + ";"


def _routes(registry: Registry) -> str:
    first: dict[str, str] = {}
    for route in routes(registry):
        first.setdefault(route.operation.op, f"{route.method} {route.path}")
    rows = [f"  {_key(op)}: {_quoted(where)}," for op, where in first.items()]
    return "\n".join([*_comment("Where each is over REST, below PREFIX."), "export const ROUTES = {", *rows, "} as const;"])


def _errors(registry: Registry) -> str:
    rows = []
    for error in sorted(registry.errors.values(), key=lambda error: error.code):
        rows += _comment(error.message, "  ")
        rows.append(f"  {_key(error.name)}: {{ code: {error.code}, temporary: {_quoted(error.temporary)} }},")
    head = _comment("Every refusal. Compare names; `temporary`: the same request may succeed later, unchanged.")
    return "\n".join([*head, "export const ERRORS = {", *rows, "} as const;", "", "export type ErrorName = keyof typeof ERRORS;"])


def _closes() -> str:
    rows = [f"  {close.name}: {int(close)}," for close in Close]
    head = _comment("Close codes: 40xx do not retry, 41xx back off and then retry, 42xx reconnect now and resume.")
    return "\n".join([*head, "export const CLOSE = {", *rows, "} as const;"])


def _comment(text: str, indent: str = "") -> list[str]:
    """A documentation comment; none for no text."""
    words = wrap(" ".join(text.split()).replace("*/", "* /"), _WIDTH - len(indent))
    if len(words) < 2:
        return [f"{indent}/** {word} */" for word in words]
    return [f"{indent}/**", *(f"{indent} * {word}" for word in words), f"{indent} */"]


def _key(name: str) -> str:
    return name if _IDENTIFIER.fullmatch(name) else _quoted(name)


def _quoted(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)
