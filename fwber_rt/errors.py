"""Every error a client can be told and every close code, each written once.

The number says what kind of trouble it is (HTTP status times 100, plus two digits); the name is stable and is what
client code compares; the message is for people and may change. Features add rows through the registry.
Modelled on Centrifuge's ``errors.go``: every code is one literal with its retry flag.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum


@dataclass(frozen=True, slots=True)
class Error:
    """One row of the error table. ``temporary`` means the same request may succeed later, unchanged."""

    code: int
    name: str
    message: str
    temporary: bool = False

    @property
    def status(self) -> int:
        """The HTTP status this error has over REST."""
        return self.code // 100


class Refused(Exception):
    """A request is refused by name; state is unchanged.

    ``field`` names the offending input (dotted path), ``retry_after_ms`` is the soonest time a repeat can succeed,
    ``detail`` replaces the table's message where a more helpful sentence exists.
    """

    def __init__(self, error: Error, *, field: str | None = None, retry_after_ms: int = 0, detail: str | None = None) -> None:
        super().__init__(error.name)
        self.error = error
        self.field = field
        self.retry_after_ms = retry_after_ms
        self.detail = detail

    @property
    def message(self) -> str:
        """The sentence shown to people."""
        return self.detail or self.error.message


FRAME_BAD = Error(40001, "frame.bad", "The frame is not one JSON object of the documented form.")
OP_UNKNOWN = Error(40002, "op.unknown", "There is no operation of that name.")
FIELD_INVALID = Error(40003, "field.invalid", "A field is missing, of the wrong type, or out of range.")
TOKEN_MISSING = Error(40101, "token.missing", "Sign in first: no token was given.")
TOKEN_INVALID = Error(40102, "token.invalid", "The token is not one this server issued.")
TOKEN_EXPIRED = Error(40142, "token.expired", "The token has expired; get a new one.", temporary=True)
FORBIDDEN = Error(40301, "forbidden", "You may not do this.")
LOCATION_REQUIRED = Error(40310, "location.required", "Send location.update first: this needs to know where you are.")
ROOM_OUTSIDE = Error(40311, "room.outside", "You are outside this room's area.")
ROOM_FULL = Error(40312, "room.full", "The room has all the members it can hold.", temporary=True)
USER_BLOCKED = Error(40313, "user.blocked", "This is not possible between you and that user.")
USER_MUTED = Error(40314, "user.muted", "You are muted here.", temporary=True)
CONSENT_REQUIRED = Error(40315, "consent.required", "Give consent for this purpose first (consent.give).")
LOCATION_HIDDEN = Error(40316, "location.hidden", "You can neither speak nor read here while your location is hidden.")
ROOM_PRECISE = Error(40317, "room.precise", "Members of this room learn whether you are inside; join again with accept_precise.")
CSRF_REFUSED = Error(40330, "csrf.refused", "This request was not made by our own page.")
NOT_FOUND = Error(40401, "not.found", "There is nothing here that you may see.")
CONFLICT = Error(40901, "conflict", "This contradicts what is already there.")
TOO_LARGE = Error(41301, "too.large", "The request is larger than the server accepts.")
CONTENT_REJECTED = Error(42213, "content.rejected", "This content is not accepted.")
RATE_LIMITED = Error(42911, "rate.limited", "Too many requests; the connection stays open.", temporary=True)
INTERNAL = Error(50001, "internal", "The server failed; it has been logged.", temporary=True)
DRAINING = Error(50301, "draining", "The server is starting or stopping; try again shortly.", temporary=True)
BUSY = Error(50302, "busy", "The server has too much of this to do right now; try again shortly.", temporary=True)
STORAGE_FULL = Error(50701, "storage.full", "The server cannot save right now; nothing was stored.", temporary=True)

ERRORS: tuple[Error, ...] = (
    FRAME_BAD, OP_UNKNOWN, FIELD_INVALID, TOKEN_MISSING, TOKEN_INVALID, TOKEN_EXPIRED, FORBIDDEN, LOCATION_REQUIRED,
    ROOM_OUTSIDE, ROOM_FULL, USER_BLOCKED, USER_MUTED, CONSENT_REQUIRED, LOCATION_HIDDEN, ROOM_PRECISE, CSRF_REFUSED, NOT_FOUND,
    CONFLICT, TOO_LARGE, CONTENT_REJECTED, RATE_LIMITED, INTERNAL, DRAINING, BUSY, STORAGE_FULL,
)  # fmt: skip


class Close(IntEnum):
    """WebSocket close codes. The range tells a client what to do next, so an unknown code is still understood.

    40xx do not retry, 41xx back off and then retry, 42xx reconnect now and resume; below 4000 as in RFC 6455, section 7.4.
    """

    GOING_AWAY = 1001
    PROTOCOL_ERROR = 1002
    UNSUPPORTED_DATA = 1003
    INVALID_UTF8 = 1007
    TOO_BIG = 1009
    INTERNAL = 1011
    PROTOCOL = 4001
    AUTH = 4004
    BANNED = 4010
    REPLACED = 4011
    REVOKED = 4012
    CAPACITY = 4100
    RATE = 4101
    SLOW_CONSUMER = 4108
    DRAIN = 4200
    NO_PONG = 4201
    TOKEN_EXPIRED = 4211


CLOSE_HELP: dict[Close, str] = {
    Close.GOING_AWAY: "the other side leaves",
    Close.PROTOCOL_ERROR: "a frame breaks RFC 6455 (unmasked, reserved bits, bad length)",
    Close.UNSUPPORTED_DATA: "a binary frame; everything here is text",
    Close.INVALID_UTF8: "a text frame that is not UTF-8",
    Close.TOO_BIG: "a message above the size limit",
    Close.INTERNAL: "the server failed on this connection",
    Close.PROTOCOL: "the client does not follow the protocol (a message in too many fragments, or one that takes too long)",
    Close.AUTH: "no valid connect within 5 s of opening",
    Close.BANNED: "the user is banned",
    Close.REPLACED: "another connection resumed this session",
    Close.REVOKED: "the token or session was revoked",
    Close.CAPACITY: "the server or your address has all the connections it may hold",
    Close.RATE: "sustained traffic above the limits",
    Close.SLOW_CONSUMER: "the client reads too slowly; it can resume",
    Close.DRAIN: "the server restarts; reconnect after the time in `bye`",
    Close.NO_PONG: "no sign of life within 10 s of a ping",
    Close.TOKEN_EXPIRED: "the token expired; renew and reconnect",
}
