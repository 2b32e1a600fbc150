"""operations.md: every operation and push, with the shapes they carry."""

from __future__ import annotations

from typing import Any

from fwber_rt.reference.markdown import code, page, table
from fwber_rt.registry import Command, Feature, Query, Registry, routes_of
from fwber_rt.transport.cookies import HEADER
from fwber_rt.transport.openapi import ALWAYS, SIGNED_IN, Json, describe, errors_of
from fwber_rt.transport.rest import PREFIX

_INTRODUCTION = (
    f'Over WebSocket (`{PREFIX}/ws`) an operation is `{{"id":1,"op":NAME,"d":REQUEST}}`, answered by `{{"id":1,"ok":REPLY}}` '
    'or `{"id":1,"err":...}`. Over REST the request\'s fields stand in the path, then in the query (GET, DELETE) or in a JSON '
    "body (POST, PATCH, PUT); a success is always 200 with the reply, a refusal is `application/problem+json` with the same "
    "`code` and `name`. A list in a query is repeated or separated by commas. `?` marks what may be left out.",
    "Whoever is not anonymous says who they are: over REST with `Authorization: Bearer TOKEN`, over WebSocket with `token` or "
    "`ticket` in `connect`, the first frame. A browser that signed in with `cookie` sends its cookie by itself, adds "
    f"`{HEADER}: 1` to every request but GET, and gets a ticket (`auth.ticket`) for its WebSocket; its page is of this host, "
    "such as behind the same proxy.",
    f"The same for machines: `{PREFIX}/openapi.json`.",
    f"Any operation may answer {', '.join(code(error.name) for error in ALWAYS)}; one that is not for everybody also "
    f"{', '.join(code(error.name) for error in SIGNED_IN)}. Only what comes on top of that is listed.",
)
_LIMITS = {
    "minimum": ">= {}", "maximum": "<= {}", "minLength": "at least {} characters", "maxLength": "at most {} characters",
    "minItems": "at least {}", "maxItems": "at most {}", "pattern": "`{}`",
}  # fmt: skip


def render(registry: Registry) -> str:
    """The page."""
    document = describe(registry)
    shapes: dict[str, Json] = document["components"]["schemas"]
    sections = [_feature(feature, shapes) for feature in registry.features if feature.commands or feature.queries]
    pushes = [
        (code(push.t), f"[{push.d.__name__}](#{push.d.__name__.lower()})", "yes" if push.durable else "", push.help)
        for push in registry.pushes.values()
    ]
    return page(
        "Operations",
        *_INTRODUCTION,
        *sections,
        "## Pushes",
        'A push is `{"t":NAME,"s":STREAM,"o":OFFSET,"d":PAYLOAD}`; those without an offset are never replayed.',
        table(("name", "payload", "offset", "meaning"), pushes),
        "## Shapes",
        *(_shape(name, shapes[name]) for name in sorted(shapes)),
    )


def _feature(feature: Feature, shapes: dict[str, Json]) -> str:
    operations: list[Command | Query] = [*feature.commands, *feature.queries]
    return "\n\n".join((f"## {feature.name.capitalize()}", *(_operation(operation, shapes) for operation in operations)))


def _operation(operation: Command | Query, shapes: dict[str, Json]) -> str:
    ways = [code(f"{method} {PREFIX}{path}") for method, _, path in (route.partition(" ") for route in routes_of(operation))]
    ways += ["WebSocket"] if operation.ws else []
    errors = ", ".join(code(error.name) for error in errors_of(operation) if error not in (*ALWAYS, *SIGNED_IN))
    lines = (
        f"### `{operation.op}`",
        operation.help,
        f"- Over: {', '.join(ways)}",
        f"- For: {operation.least.name.lower()} · limit `limits.{operation.limit}`"
        + (" · durable" if _durable(operation) else ""),
        f"- Request: {_signature(operation.request, shapes)}",
        f"- Reply: {_signature(operation.reply, shapes)}",
        *([f"- Errors: {errors}"] if errors else []),
    )
    return "\n\n".join(lines[:2]) + "\n\n" + "\n".join(lines[2:])


def _durable(operation: Command | Query) -> bool:
    return isinstance(operation, Command) and operation.durable


def _signature(kind: type[Any], shapes: dict[str, Json]) -> str:
    """A shape's fields on one line, linked to where they are explained."""
    shape = shapes.get(kind.__name__)
    if shape is None:
        return code(kind.__name__)
    required = shape.get("required", ())
    fields = " ".join(code(name if name in required else f"{name}?") for name in shape.get("properties", {}))
    return f"[{kind.__name__}](#{kind.__name__.lower()}) {fields}".rstrip()


def _shape(name: str, shape: Json) -> str:
    required = shape.get("required", ())
    rows = [
        (code(field), type_text(schema), "required" if field in required else _default(schema), schema.get("description", ""))
        for field, schema in shape.get("properties", {}).items()
    ]
    fields = table(("field", "type", "default", "meaning"), rows) if rows else ""
    description = shape.get("description", "").replace("``", "`")
    return "\n\n".join(part for part in (f"### {name}", description, fields) if part)


def type_text(schema: Json) -> str:
    """A JSON Schema in a few words: ``list of text (at most 5)``."""
    if "$ref" in schema:
        name = schema["$ref"].rpartition("/")[2]
        return f"[{name}](#{name.lower()})"
    if "anyOf" in schema:
        return " or ".join(type_text(each) for each in schema["anyOf"])
    if "enum" in schema:
        return "one of " + ", ".join(code(str(value)) for value in schema["enum"])
    kind = schema.get("type", "anything")
    text = {"string": "text", "array": "list"}.get(kind, str(kind))
    if kind == "array" and schema.get("items"):
        text = f"list of {type_text(schema['items'])}"
    if kind == "object" and isinstance(schema.get("additionalProperties"), dict):
        text = f"object of {type_text(schema['additionalProperties'])}"
    limits = ", ".join(words.format(schema[key]) for key, words in _LIMITS.items() if key in schema)
    return f"{text} ({limits})" if limits else text


def _default(schema: Json) -> str:
    if "default" not in schema:
        return "none"
    match schema["default"]:
        case None:
            return "none"
        case "" | [] | {}:
            return "empty"
        case bool() as value:
            return "true" if value else "false"
        case value:
            return code(str(value))
