"""The machine-readable description, generated from the registry: everything a client can ask, be told, or be closed with.

OpenAPI 3.1 for REST, and the WebSocket side in the same document under ``x-websocket``, since both come from one declaration
and share schemas and errors. Nothing is written by hand except what no declaration says (the envelope, the close ranges).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from inspect import cleandoc
from typing import Any, Final

import msgspec

from fwber_rt import __version__
from fwber_rt.core.access import Kind
from fwber_rt.errors import (
    BUSY,
    CLOSE_HELP,
    CSRF_REFUSED,
    DRAINING,
    FIELD_INVALID,
    FORBIDDEN,
    FRAME_BAD,
    INTERNAL,
    RATE_LIMITED,
    STORAGE_FULL,
    TOKEN_EXPIRED,
    TOKEN_INVALID,
    TOKEN_MISSING,
    TOO_LARGE,
    Error,
)
from fwber_rt.protocol.envelope import ErrorBody
from fwber_rt.registry import Command, PushSpec, Query, Registry
from fwber_rt.transport import cookies, downloads
from fwber_rt.transport.problems import Problem
from fwber_rt.transport.rest import PREFIX, Route, routes

Json = dict[str, Any]
ALWAYS: Final = (FRAME_BAD, FIELD_INVALID, RATE_LIMITED, INTERNAL, DRAINING)  # whatever the operation
SIGNED_IN: Final = (TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED)  # whenever it is not for everybody
_SCHEMAS: Final = "#/components/schemas/"
CLOSE_RANGES: Final = {
    "1000-3999": "as in RFC 6455",
    "4000-4099": "do not retry",
    "4100-4199": "back off, then retry",
    "4200-4299": "reconnect now and resume",
}
_SECURITY: Final = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "cookie": {"type": "apiKey", "in": "cookie", "name": cookies.NAME, "description": "For pages of this server's own origin."},
    "page": {"type": "apiKey", "in": "header", "name": cookies.HEADER, "description": "Always `1`: beside the cookie."},
}
_RATE_HEADERS: Final = {
    name: {"$ref": f"#/components/headers/{name}"} for name in ("RateLimit", "RateLimit-Policy")
}  # fmt: skip


def errors_of(operation: Command | Query) -> list[Error]:
    """Every error an operation may answer with on either transport, by code: its own, and what its declaration implies."""
    errors = {*ALWAYS, *operation.errors}
    if operation.least > Kind.ANONYMOUS:
        errors |= set(SIGNED_IN)
    if operation.least > Kind.GUEST:
        errors.add(FORBIDDEN)
    if isinstance(operation, Command) and operation.durable:
        errors.add(STORAGE_FULL)
    if isinstance(operation, Command) and operation.sheds:
        errors.add(BUSY)
    return sorted(errors, key=lambda error: error.code)


def describe(registry: Registry) -> Json:
    """The whole document, as JSON-able values in a fixed order."""
    schemas = _Schemas(registry)
    paths: Json = {}
    taken: set[str] = set()
    tags = _tags(registry)
    for route in routes(registry):
        description = _operation(route, schemas, _operation_id(route, taken), tags[route.operation.op])
        paths.setdefault(route.path, {})[route.method.lower()] = description
        if isinstance(route.operation, Query) and route.operation.archive:
            paths[route.path + downloads.ROUTE] = {"get": _archive(description)}
    return {
        "openapi": "3.1.0",
        "info": {"title": "fwber_rt", "version": __version__, "description": _INTRODUCTION, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": PREFIX}],
        "tags": [{"name": feature.name} for feature in registry.features if feature.commands or feature.queries],
        "paths": paths,
        "components": {
            "schemas": schemas.components,
            "headers": _HEADERS,
            "securitySchemes": _SECURITY,
        },
        "x-websocket": _websocket(registry, schemas),
        "x-errors": {error.name: _error(error) for error in sorted(registry.errors.values(), key=lambda error: error.code)},
    }


def _archive(description: Json) -> Json:
    """The file behind an operation: asked for in the same way."""
    found = {"description": "The file.", "content": {downloads.CONTENT_TYPE: {"schema": {"type": "string", "format": "binary"}}}}
    described = {**description, "operationId": description["operationId"] + ".archive"}
    described["responses"] = description["responses"] | {"200": found}
    return described


def encode(registry: Registry) -> bytes:
    """The document as JSON, the same bytes for the same registry."""
    return msgspec.json.encode(describe(registry))


def _tags(registry: Registry) -> dict[str, str]:
    """Each operation's feature."""
    tags: dict[str, str] = {}
    for feature in registry.features:
        tags |= {command.op: feature.name for command in feature.commands}
        tags |= {query.op: feature.name for query in feature.queries}
    return tags


class _Schemas:
    """Every type on the wire as JSON Schema, each named type once under ``components``."""

    def __init__(self, registry: Registry) -> None:
        types: dict[Any, None] = dict.fromkeys((Problem, ErrorBody))
        for operation in registry.operations.values():
            types |= dict.fromkeys((operation.request, operation.reply))
        types |= dict.fromkeys(push.d for push in registry.pushes.values())
        schemas, self.components = msgspec.json.schema_components(types, ref_template=_SCHEMAS + "{name}")
        self._schemas = dict(zip(types, schemas, strict=True))
        for schema in self.components.values():
            _tidy(schema)

    def of(self, kind: Any) -> Json:
        """A type's schema, most often a reference."""
        return dict(self._schemas[kind])

    def properties(self, kind: Any) -> tuple[Mapping[str, Json], frozenset[str]]:
        """A request's fields, and which of them are required."""
        schema = self.components[self._schemas[kind]["$ref"].removeprefix(_SCHEMAS)]
        return schema.get("properties", {}), frozenset(schema.get("required", ()))


def _tidy(schema: Any) -> None:
    """Docstrings without their indentation; patterns as ECMA-262 has them, where the end of the text is ``$``."""
    if isinstance(schema, list):
        for item in schema:
            _tidy(item)
    elif isinstance(schema, dict):
        for item in schema.values():
            _tidy(item)
        if isinstance(schema.get("description"), str):
            schema["description"] = cleandoc(schema["description"])
        if isinstance(schema.get("pattern"), str):
            schema["pattern"] = schema["pattern"].replace("\\Z", "$")


def _operation_id(route: Route, taken: set[str]) -> str:
    name = route.operation.op
    number = 1
    while name in taken:
        number += 1
        name = f"{route.operation.op}.{number}"
    taken.add(name)
    return name


def _operation(route: Route, schemas: _Schemas, operation_id: str, tag: str) -> Json:
    operation = route.operation
    described: Json = {
        "operationId": operation_id,
        "summary": operation.help,
        "tags": [tag],
        "x-op": operation.op,
        "x-limit": operation.limit,
        "x-least": operation.least.name.lower(),
        "security": _security(route),
        "parameters": _parameters(route, schemas),
        "responses": {
            "200": {
                "description": "The `ok` object.",
                "headers": _RATE_HEADERS,
                "content": {"application/json": {"schema": schemas.of(operation.reply)}},
            },
            **_refusals(_errors_over_rest(route), has_body=route.has_body),
        },
    }
    if route.has_body:
        described["requestBody"] = _body(route, schemas)
    return described


def _security(route: Route) -> list[Json]:
    """Any one of these: a token, or the browser's cookie, with the header of a page where something may change."""
    by_cookie: Json = {"cookie": []} if route.method in cookies.SAFE_METHODS else {"cookie": [], "page": []}
    return [{"bearer": []}, by_cookie] if route.operation.least > Kind.ANONYMOUS else []


def _errors_over_rest(route: Route) -> list[Error]:
    open_to_all = route.operation.least == Kind.ANONYMOUS and route.method in cookies.SAFE_METHODS
    return sorted({*errors_of(route.operation), *(() if open_to_all else (CSRF_REFUSED,))}, key=lambda error: error.code)


def _parameters(route: Route, schemas: _Schemas) -> list[Json]:
    properties, required = schemas.properties(route.operation.request)
    parameters = [{"name": name, "in": "path", "required": True, "schema": properties[name]} for name in route.path_fields]
    for name in (name for name in properties if name in route.query_fields):
        parameter = {"name": name, "in": "query", "required": name in required, "schema": properties[name]}
        if route.query_fields[name]:
            parameter |= {"style": "form", "explode": True, "description": "Repeated, or separated by commas."}
        parameters.append(parameter)
    return parameters


def _body(route: Route, schemas: _Schemas) -> Json:
    """The request's schema, without what the path says."""
    properties, required = schemas.properties(route.operation.request)
    schema = schemas.of(route.operation.request)
    if route.path_fields:
        left = {name: value for name, value in properties.items() if name not in route.path_fields}
        schema = {"type": "object", "properties": left, "required": [name for name in left if name in required]}
    needed = bool(required - set(route.path_fields))
    return {"required": needed, "content": {"application/json": {"schema": schema}}}


def _refusals(errors: Iterable[Error], *, has_body: bool) -> Json:
    by_status: dict[int, list[Error]] = {408: [FRAME_BAD], 413: [TOO_LARGE], 415: [FRAME_BAD]} if has_body else {}
    for error in errors:
        by_status.setdefault(error.status, []).append(error)
    return {str(status): _refusal(same) for status, same in sorted(by_status.items())}


def _refusal(errors: list[Error]) -> Json:
    return {
        "description": " ".join(f"`{error.name}`: {error.message}" for error in errors),
        "headers": _RATE_HEADERS,
        "content": {"application/problem+json": {"schema": {"$ref": _SCHEMAS + "Problem"}}},
        "x-errors": [error.name for error in errors],
    }


def _error(error: Error) -> Json:
    return {"code": error.code, "status": error.status, "message": error.message, "temporary": error.temporary}


def _websocket(registry: Registry, schemas: _Schemas) -> Json:
    return {
        "path": f"{PREFIX}/ws",
        "frames": "One JSON object per text frame.",
        "request": {"id": "integer, optional: without it there is no reply", "op": "name of an operation", "d": "its request"},
        "reply": {"id": "the request's", "ok": "its reply", "err": {"$ref": _SCHEMAS + "ErrorBody"}},
        "push": {"t": "name of a push", "s": "stream", "o": "offset, absent when ephemeral", "d": "its payload"},
        "operations": {
            operation.op: _ws_operation(operation, schemas) for operation in registry.operations.values() if operation.ws
        },
        "pushes": {push.t: _push(push, schemas) for push in registry.pushes.values()},
        "closeRanges": CLOSE_RANGES,
        "closeCodes": {str(int(code)): {"name": code.name.lower(), "meaning": text} for code, text in CLOSE_HELP.items()},
    }


def _ws_operation(operation: Command | Query, schemas: _Schemas) -> Json:
    return {
        "summary": operation.help,
        "request": schemas.of(operation.request),
        "reply": schemas.of(operation.reply),
        "errors": [error.name for error in errors_of(operation)],
        "limit": operation.limit,
        "least": operation.least.name.lower(),
    }


def _push(push: PushSpec, schemas: _Schemas) -> Json:
    return {"summary": push.help, "d": schemas.of(push.d), "durable": push.durable}


_INTRODUCTION: Final = (
    "Proximity chat. Times are integer milliseconds since the Unix epoch, distances metres, angles degrees, cells H3 indexes as "
    "15 hexadecimal digits, ids decimal strings of 64 bits. Every success is 200 with the operation's reply; every refusal is "
    "application/problem+json whose `name` is one of `x-errors`. No coordinate and no token ever travels in a URL. "
    "The WebSocket side is under `x-websocket`."
)
_HEADERS: Final[Json] = {
    "RateLimit": {
        "description": 'What is left of the limit, and seconds until it is whole again: `"chat";r=18;t=2`.',
        "schema": {"type": "string"},
    },
    "RateLimit-Policy": {"description": 'The limit\'s name and size: `"chat";q=20`.', "schema": {"type": "string"}},
}
