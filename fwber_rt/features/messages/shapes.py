"""Requests, replies and pushes about messages."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from fwber_rt.core.text import clean_text
from fwber_rt.core.world import World
from fwber_rt.errors import CONTENT_REJECTED, FIELD_INVALID, Refused
from fwber_rt.protocol.shapes import Content, Id, Limit, Nonce, Offset


class SendMessage(Struct):
    """To a room. ``nonce`` makes a repeat harmless; ``retry`` looks for it beyond the last 256 messages."""

    room: Id
    content: Content | None = None
    text: str | None = None
    nonce: Nonce | None = None
    retry: bool = False
    reply_to: Id | None = None


class SayHere(Struct):
    """To everyone who hears my hexagon."""

    content: Content | None = None
    text: str | None = None
    nonce: Nonce | None = None
    retry: bool = False


class Sent(Struct):
    """Stored: ``mid`` in stream ``s`` at offset ``o``; ``dup`` when an earlier send with this nonce had stored it."""

    mid: str
    s: str
    o: int
    epoch: str
    ts: int
    dup: bool = False


class Message(Struct, omit_defaults=True):
    """A message. In history ``o`` is its offset; ``content`` is absent when its author was erased."""

    mid: str
    user: str
    ts: int
    name: str | None = None
    content: Content | None = None
    reply_to: str | None = None
    o: int | None = None


class RoomHistory(Struct):
    """A page: ``before`` an offset (newest first page when neither is given), or ``after`` one."""

    room: Id
    before: Offset | None = None
    after: Offset | None = None
    limit: Limit = 50


class HereHistory(Struct):
    """Local chat of one hexagon I hear, ``cell:...``; by default my own."""

    s: Annotated[str, Meta(max_length=32)] = ""
    before: Offset | None = None
    limit: Limit = 50


class HistoryPage(Struct):
    """Messages in order of offset, oldest first. ``first_o`` is the oldest offset still stored."""

    messages: list[Message]
    s: str
    epoch: str
    o: int
    first_o: int


class Typing(Struct):
    """I am writing in this room."""

    room: Id


class MarkRead(Struct):
    """I have read up to ``o``; ``share`` lets the room know."""

    room: Id
    o: Offset
    share: bool = False


class TypingPush(Struct):
    """Someone is writing."""

    user: str
    name: str


class Read(Struct):
    """Someone who shares it has read up to ``o``."""

    user: str
    o: int


def content_of(world: World, request: SendMessage | SayHere) -> Content:
    """The one content of a request, cleaned."""
    if (request.content is None) == (request.text is None):
        raise Refused(FIELD_INVALID, field="content", detail="Give either content or text.")
    content = request.content or Content("text", request.text or "")
    if content.kind != "text":
        raise Refused(
            CONTENT_REJECTED, field="content.kind", detail=f"This server does not take content of kind {content.kind!r}."
        )
    field = "text" if request.content is None else "content.text"
    return Content("text", clean_text(content.text, world.text_chars, field))
