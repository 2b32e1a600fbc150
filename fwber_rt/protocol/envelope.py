"""The envelope: bytes to requests, and replies, errors and pushes to bytes.

Decoding has two steps, because only the operation's name says what ``d`` is: the envelope with ``d`` left as it stands
(``msgspec.Raw``), then ``d`` as the operation's own type. Together 0.35 us; decoding to dictionaries and checking by hand
costs twice that. Whatever bytes come in, the only exception that goes out is ``Refused``.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import cache, reduce
from operator import or_
from types import UnionType
from typing import Annotated, Any, Final, TypeVar, Union, cast, get_args, get_origin

import msgspec
from msgspec import Meta, Raw, Struct

from fwber_rt.core.effects import Push
from fwber_rt.errors import FIELD_INVALID, FRAME_BAD, Refused

T = TypeVar("T", bound=Struct)

LARGEST_ID: Final = (1 << 53) - 1  # what every JSON implementation keeps exactly (RFC 8259, section 6)
EMPTY: Final = Raw(b"{}")
# All that msgspec raises on input: its own errors, UnicodeDecodeError (a ValueError), RecursionError on deep nesting.
UNDECODABLE: Final = (msgspec.MsgspecError, ValueError, RecursionError)
_PATH: Final = re.compile(r"(?: - at `\$\.?([^`]*)`)?$")
_NAMED: Final = re.compile(r"(?:missing required|contains unknown) field `([^`]+)`")
_PATTERN: Final = re.compile(r"Expected `str` matching regex '\^\[(?P<of>0-9|0-9a-f)\]\{(?P<many>[\d,]+)\}.*'")
_OF: Final = {"0-9": "decimal", "0-9a-f": "lower-case hexadecimal"}


class Request(Struct, gc=False):
    """One frame from a client. No ``id``: no reply is wanted. ``d`` is decoded by the operation's own decoder."""

    op: Annotated[str, Meta(max_length=64)]
    id: Annotated[int, Meta(ge=0, le=LARGEST_ID)] | None = None
    d: Raw = EMPTY


class Ok(Struct):
    """A reply on the wire."""

    id: int | None
    ok: Any


class ErrorBody(Struct):
    """What a client is told of a refusal."""

    code: int
    name: str
    message: str
    temporary: bool
    retry_after_ms: int
    field: str | None


class Err(Struct, omit_defaults=True, kw_only=True):
    """A refusal on the wire; without ``id`` when the request had none that could be read."""

    id: int | None = None
    err: ErrorBody


class Event(Struct, omit_defaults=True, kw_only=True):
    """A push on the wire; without ``o`` when it is ephemeral."""

    t: str
    s: str | None = None
    o: int | None = None
    d: Any


encode: Final = msgspec.json.Encoder().encode
decode_request: Final = msgspec.json.Decoder(Request).decode  # raises UNDECODABLE, to be told as ``frame_bad``


def decode(data: bytes) -> Request:
    """The request in one text message. Raises Refused(frame.bad), whatever the bytes are."""
    try:
        return decode_request(data)
    except UNDECODABLE as error:
        raise frame_bad(error) from None


def encode_ok(id: int | None, reply: object) -> bytes:
    """A reply; None is an empty object."""
    return encode(Ok(id, EMPTY if reply is None else reply))


def encode_err(id: int | None, refused: Refused) -> bytes:
    """A refusal of request ``id``."""
    return encode(Err(id=id, err=error_body(refused)))


def encode_push(push: Push) -> bytes:
    """A push, without its frame."""
    return encode(Event(t=push.t, s=push.to, o=push.o, d=push.d))


def encode_bye(code: int, reason: str, reconnect_after_ms: int) -> bytes:
    """What a client is told before its connection is closed; of no stream."""
    return encode(Event(t="bye", d={"code": code, "reason": reason, "reconnect_after_ms": reconnect_after_ms}))


def error_body(refused: Refused) -> ErrorBody:
    """A refusal as a client sees it, on either transport."""
    error = refused.error
    return ErrorBody(error.code, error.name, refused.message, error.temporary, refused.retry_after_ms, refused.field)


@cache
def payload_decoder(of: type[T], *, strict: bool = False) -> Callable[[bytes | Raw], T]:
    """A function from the bytes of ``d`` to ``of``. ``strict`` refuses unknown fields at every depth.

    It raises Refused: field.invalid with the dotted path of the field, or frame.bad when the bytes are not JSON.
    """
    decode_typed: Callable[[bytes | Raw], T] = typed_decoder(of, strict=strict)

    def decode_payload(data: bytes | Raw) -> T:
        try:
            return decode_typed(data)
        except UNDECODABLE as error:
            raise undecodable(error) from None

    return decode_payload


@cache
def typed_decoder(of: type[T], *, strict: bool = False) -> Callable[[bytes | Raw], T]:
    """The same without a call of ours: it raises what is in ``UNDECODABLE``, to be told as ``undecodable`` says."""
    decoder = msgspec.json.Decoder(cast("type[T]", strict_type(of) if strict else of))
    return cast("Callable[[bytes | Raw], T]", decoder.decode)


def undecodable(error: Exception) -> Refused:
    """What a client is told of an error in ``UNDECODABLE``, raised when decoding ``d``."""
    if not isinstance(error, msgspec.ValidationError):
        return frame_bad(error)
    path, sentence = _explain(error)
    return Refused(FIELD_INVALID, field=path, detail=sentence)


def frame_bad(error: Exception) -> Refused:
    """What a client is told of an error in ``UNDECODABLE``, raised by ``decode_request``."""
    if isinstance(error, RecursionError):
        return Refused(FRAME_BAD, detail="The frame is nested too deeply.")
    if isinstance(error, msgspec.ValidationError):
        path, sentence = _explain(error)
        return Refused(FRAME_BAD, field=path, detail=sentence)
    return Refused(FRAME_BAD)


def _explain(error: msgspec.ValidationError) -> tuple[str | None, str]:
    """The dotted path of the field an error is about, and msgspec's sentence, which quotes no input but names."""
    text = str(error)
    ending = _PATH.search(text)
    path = (ending and ending[1]) or ""
    sentence = text[: ending.start()] if ending else text
    named = _NAMED.search(sentence)
    if named:
        path = f"{path}.{named[1]}" if path else named[1]
    return path or None, _in_words(sentence) + "."


def _in_words(sentence: str) -> str:
    """Without the regular expression, which msgspec quotes as Python would write it."""
    digits = _PATTERN.fullmatch(sentence)
    return f"Expected {digits['many'].replace(',', ' to ')} {_OF[digits['of']]} digits" if digits else sentence


@cache
def strict_type(of: Any) -> Any:
    """``of`` with every Struct in it replaced by a subclass that refuses unknown fields."""
    if isinstance(of, type) and issubclass(of, Struct):
        return _strict_struct(of)
    arguments = get_args(of)
    if not arguments:
        return of
    if get_origin(of) is Annotated:
        return Annotated[(strict_type(arguments[0]), *of.__metadata__)]
    replaced = tuple(strict_type(each) if isinstance(each, type) or get_args(each) else each for each in arguments)
    if replaced == arguments:
        return of
    return reduce(or_, replaced) if get_origin(of) in (Union, UnionType) else get_origin(of)[replaced]


def _strict_struct(of: type[Struct]) -> type[Struct]:
    changed: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for field in msgspec.structs.fields(of):
        replaced = strict_type(field.type)
        if replaced is field.type:
            continue
        if field.required:
            changed.append((field.name, replaced))
        elif field.default is not msgspec.NODEFAULT:
            changed.append((field.name, replaced, field.default))
        else:
            changed.append((field.name, replaced, msgspec.field(default_factory=field.default_factory)))
    return msgspec.defstruct(of.__name__, changed, bases=(of,), kw_only=True, forbid_unknown_fields=True)
