"""Messages in rooms and in hexagons, their history, typing, read markers, and their end."""

from __future__ import annotations

from fwber_rt.core.settings import Rate, Setting
from fwber_rt.errors import (
    CONFLICT,
    CONTENT_REJECTED,
    FORBIDDEN,
    LOCATION_HIDDEN,
    LOCATION_REQUIRED,
    NOT_FOUND,
    TOO_LARGE,
    USER_MUTED,
)  # fmt: skip
from fwber_rt.features.messages import history, retention, schema, send, shapes, signals
from fwber_rt.protocol.shapes import Nothing
from fwber_rt.registry import Command, Feature, PushSpec, Query, State

LIMIT_CHAT = Setting("limits.chat", Rate(5, 20), "messages sent, per user", "requests")
LIMIT_SIGNAL = Setting("limits.signal", Rate(5, 20), "typing and read markers, per user", "requests")

_SEND_ERRORS = (LOCATION_REQUIRED, CONTENT_REJECTED, TOO_LARGE)

feature = Feature(
    name="messages",
    commands=[
        Command(
            "message.send", shapes.SendMessage, send.post, shapes.Sent, http="POST /rooms/{room}/messages", limit="chat",
            load=send.load_nonces, durable=True, sheds=True, role="room.send", help="Say something in a room.",
            errors=(*_SEND_ERRORS, NOT_FOUND, FORBIDDEN, USER_MUTED),
        ),
        Command(
            "here.say", shapes.SayHere, send.post, shapes.Sent, http="POST /here/messages", limit="chat",
            load=send.load_nonces, durable=True, sheds=True, help="Say something to the hexagons around.",
            errors=(*_SEND_ERRORS, LOCATION_HIDDEN, USER_MUTED),
        ),
        Command(
            "typing", shapes.Typing, signals.typing, Nothing, http="POST /rooms/{room}/typing", limit="signal",
            role="room.send", help="I am writing.", errors=(NOT_FOUND, FORBIDDEN, USER_MUTED),
        ),
        Command(
            "read.mark", shapes.MarkRead, signals.read_mark, Nothing, http="POST /rooms/{room}/read", limit="signal",
            durable=True, sheds=True, role="room.read", help="I have read up to here.", errors=(NOT_FOUND, FORBIDDEN, CONFLICT),
        ),
    ],
    queries=[
        Query(
            "message.history", "GET /rooms/{room}/messages", shapes.RoomHistory, history.message_history, shapes.HistoryPage,
            role="room.read", help="A room's messages.", errors=(NOT_FOUND, FORBIDDEN),
        ),
        Query(
            "here.history", "GET /here/messages", shapes.HereHistory, history.here_history, shapes.HistoryPage,
            help="A hexagon's messages.", errors=(LOCATION_REQUIRED, LOCATION_HIDDEN, NOT_FOUND),
        ),
    ],
    migrations=[schema.MIGRATION],
    settings=[LIMIT_CHAT, LIMIT_SIGNAL, *retention.SETTINGS],
    pushes=[
        PushSpec("message.new", shapes.Message, True, "a message in a room of mine"),
        PushSpec("here.message", shapes.Message, True, "a message in a hexagon I hear"),
        PushSpec("typing", shapes.TypingPush, False, "someone is writing in a room of mine"),
        PushSpec("read", shapes.Read, False, "someone who shares it has read that far, once per privacy tick"),
    ],
    tables=schema.TABLES,
    jobs=[retention.job],
    state=State(due=signals.tick, forget=signals.forget),
)  # fmt: skip
