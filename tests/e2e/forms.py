"""Whether replies have the form their clients are told: the TypeScript client's types are built on nothing else."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fwber_rt.reference import typescript
from fwber_rt.registry import Registry
from fwber_rt.transport.openapi import Json, describe

TYPES: dict[str, tuple[type[Any], ...]] = {
    "string": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "null": (type(None),), "array": (list,),
    "object": (dict,),
}  # fmt: skip


class Forms:
    """The shapes of a registry, as ``schema.ts`` has them."""

    def __init__(self, registry: Registry) -> None:
        self._shapes: dict[str, Json] = describe(registry)["components"]["schemas"]
        self._optional = typescript.optional(registry, self._shapes)
        self._pushes = {push.t: push.d.__name__ for push in registry.pushes.values()}

    def of_push(self, frame: Json) -> list[str]:
        """What is wrong with a push, as it came. An event of somebody who was erased is empty."""
        if "o" in frame and not frame["d"]:
            return []
        unknown = [f"there is no push {frame['t']}"]
        return self.complaints(self._pushes[frame["t"]], frame["d"]) if frame["t"] in self._pushes else unknown

    def complaints(self, shape: str, value: Any) -> list[str]:
        """What is wrong with a value of a named shape: one line each."""
        return list(self._shape(shape, value, shape))

    def _shape(self, name: str, value: Any, where: str) -> Iterator[str]:
        shape = self._shapes[name]
        properties: dict[str, Json] = shape.get("properties", {})
        if not isinstance(value, dict):
            yield f"{where} is no {name}"
            return
        yield from (f"{where}.{field} is not in {name}" for field in value if field not in properties)
        for field, schema in properties.items():
            if field in value:
                yield from self._value(schema, value[field], f"{where}.{field}")
            elif field in shape.get("required", ()) or not self._optional[name]:
                yield f"{where}.{field} is missing"

    def _value(self, schema: Json, value: Any, where: str) -> Iterator[str]:
        if "$ref" in schema:
            yield from self._shape(schema["$ref"].rpartition("/")[2], value, where)
        elif "anyOf" in schema:
            tried = [list(self._value(each, value, where)) for each in schema["anyOf"]]
            yield from min(tried, key=len)
        elif "enum" in schema:
            if value not in schema["enum"]:
                yield f"{where} is {value!r}"
        elif "type" in schema:
            yield from self._plain(schema, value, where)

    def _plain(self, schema: Json, value: Any, where: str) -> Iterator[str]:
        kind = schema["type"]
        if not isinstance(value, TYPES[kind]) or (isinstance(value, bool) and kind != "boolean"):
            yield f"{where} is {value!r}, not {kind}"
        elif kind == "array":
            for number, each in enumerate(value):
                yield from self._value(schema.get("items", {}), each, f"{where}[{number}]")
        elif kind == "object":
            for key, each in value.items():
                yield from self._value(schema.get("additionalProperties") or {}, each, f"{where}.{key}")
