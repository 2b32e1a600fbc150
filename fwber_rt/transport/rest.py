"""How an operation looks over REST: which fields of its request stand in the path, the query or the body.

One declaration serves both transports: ``POST /rooms/{room}/messages`` takes the ``d`` of ``message.send`` as its body, without
what the path already says. GET and DELETE have no body; their fields come from the query string. Pure: bytes and text in, a
typed request out, or Refused.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

import msgspec
from msgspec import inspect

from fwber_rt.errors import FIELD_INVALID, Refused
from fwber_rt.protocol.envelope import UNDECODABLE, encode, payload_decoder, undecodable
from fwber_rt.registry import Command, Query, Registry, routes_of

PREFIX: Final = "/api/v1"
BODY_METHODS: Final = frozenset({"POST", "PUT", "PATCH"})
METHODS: Final = BODY_METHODS | {"GET", "DELETE"}
# URLs end up in proxies' logs and browsers' histories, so what is personal or secret is refused there, not only ignored.
NEVER_IN_URL: Final = frozenset({
    "lat", "lng", "accuracy_m", "token", "refresh", "ticket", "session", "secret", "password", "code", "email",
})  # fmt: skip
_LISTS: Final = (inspect.ListType, inspect.VarTupleType, inspect.SetType, inspect.FrozenSetType)
_SCALARS: Final = (
    inspect.StrType, inspect.IntType, inspect.FloatType, inspect.BoolType, inspect.NoneType, inspect.EnumType,
    inspect.LiteralType,
)  # fmt: skip


class Route:
    """One operation under one method and path. ValueError when the declaration cannot work (it stops the start).

    ``path`` is below ``/api/v1``. Fields are named as on the wire; ``query_fields`` maps each to whether it is a list.
    """

    __slots__ = ("_decode_body", "_type", "method", "operation", "path", "path_fields", "query_fields")

    def __init__(self, operation: Command | Query, route: str) -> None:
        self.method, _, self.path = route.partition(" ")
        self.operation = operation
        self.path_fields = tuple(re.findall(r"\{([^{}]*)\}", self.path))
        self._type = operation.request
        self._decode_body = _decoder_of(operation.request)
        self.query_fields: dict[str, bool] = {}
        if self.method not in METHODS or not self.path.startswith("/"):
            raise ValueError(f"{operation.op}: {route!r} is not METHOD /path")
        self._sort_fields(fields_of(operation.request))

    @property
    def has_body(self) -> bool:
        """Whether the request's fields come as a JSON object."""
        return self.method in BODY_METHODS

    def decode(self, path: Mapping[str, str], query: Iterable[tuple[str, str]], body: bytes) -> msgspec.Struct:
        """The typed request. Unknown fields are ignored, what the path says wins over the body.

        Raises Refused: frame.bad for a body that is no JSON, field.invalid with the field's dotted path.
        """
        query = list(query)
        _check_url(path, query)
        return self._from_body(path, body or b"{}") if self.has_body else self._from_query(path, query)

    def _from_body(self, path: Mapping[str, str], body: bytes) -> msgspec.Struct:
        if path:
            fields = _decode_object(body)
            fields.update({name: msgspec.Raw(encode(text)) for name, text in path.items()})
            body = encode(fields)
        return self._decode_body(body)

    def _from_query(self, path: Mapping[str, str], query: list[tuple[str, str]]) -> msgspec.Struct:
        fields: dict[str, str | list[str]] = {}
        for name, text in query:
            if name not in self.query_fields:
                continue
            if self.query_fields[name]:
                several = fields.setdefault(name, [])
                several += [item for item in text.split(",") if item]  # type: ignore[operator]  # a list by construction
            elif name in fields:
                raise Refused(FIELD_INVALID, field=name, detail=f"{name} is given twice.")
            else:
                fields[name] = text
        try:
            request: msgspec.Struct = msgspec.convert({**fields, **path}, self._type, strict=False)
        except UNDECODABLE as error:
            raise undecodable(error) from None
        return request

    def _sort_fields(self, fields: dict[str, inspect.Field]) -> None:
        for name in self.path_fields:
            if name not in fields or not isinstance(_bare(fields[name].type), inspect.StrType):
                raise ValueError(f"{self.operation.op}: {{{name}}} is not a text field of {self._type.__name__}")
        if self.has_body:
            return
        for name in (name for name in fields if name not in self.path_fields):
            several = _in_query(fields[name].type)
            if several is not None and name not in NEVER_IN_URL:
                self.query_fields[name] = several
            elif fields[name].required:
                raise ValueError(f"{self.operation.op}: {name} is required and cannot stand in a URL; make {self.path} a POST")


def routes(registry: Registry) -> list[Route]:
    """Every route there is, in the order of declaration."""
    return [Route(operation, route) for operation in registry.operations.values() for route in routes_of(operation)]


def fields_of(request: type[Any]) -> dict[str, inspect.Field]:
    """A request's fields by their names on the wire. ValueError when it is no struct of named fields."""
    info = inspect.type_info(request)
    if not isinstance(info, inspect.StructType) or info.array_like:
        raise ValueError(f"{request.__name__} is not a struct that is an object on the wire")
    return {field.encode_name: field for field in info.fields}


def _check_url(path: Mapping[str, str], query: list[tuple[str, str]]) -> None:
    for name, text in (*path.items(), *query):
        if not text.isascii() and _surrogates(text):
            raise Refused(FIELD_INVALID, field=name, detail=f"{name} is not valid text.")
    for name, _ in query:
        if name in NEVER_IN_URL:
            raise Refused(FIELD_INVALID, field=name, detail=f"{name} never travels in a URL; send it in the body of a POST.")


def _surrogates(text: str) -> bool:
    """Whether text holds half a surrogate pair, which no encoder takes."""
    return any("\ud800" <= character <= "\udfff" for character in text)


def _bare(kind: inspect.Type) -> inspect.Type:
    """The type itself, without what a description wraps around it."""
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def _decoder_of(request: type[msgspec.Struct]) -> Callable[[bytes], msgspec.Struct]:
    return payload_decoder(request)


def _decode_object(body: bytes) -> dict[str, msgspec.Raw]:
    try:
        return _OBJECT.decode(body)
    except UNDECODABLE as error:
        raise undecodable(error) from None


def _in_query(kind: inspect.Type) -> bool | None:
    """Whether a field of this type is a list in the query string; None when it cannot stand there."""
    kind = _bare(kind)
    kinds = [_bare(each) for each in kind.types] if isinstance(kind, inspect.UnionType) else [kind]
    several = [each for each in kinds if isinstance(each, _LISTS)]
    single = [each for each in kinds if isinstance(each, _SCALARS)]
    if len(several) == 1 and isinstance(_bare(several[0].item_type), _SCALARS):
        return True
    return False if len(single) == len(kinds) else None


_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
