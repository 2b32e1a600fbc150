"""The operations of the core as methods: ``message.send`` is ``send``, ``nearby.people`` is ``nearby_people``, and so on.

Each sends one request and returns the ``ok`` of its reply; all raise what ``request`` raises. Ids are decimal strings,
distances metres, angles degrees, times milliseconds since the Unix epoch. ``None`` leaves an optional field out.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, cast

from fwber_rt.client.mine import Mine
from fwber_rt.client.moderation import Moderation
from fwber_rt.client.shapes import (
    Cleared,
    History,
    Joined,
    Json,
    Left,
    Located,
    Members,
    People,
    RelatedPage,
    Relation,
    Reported,
    Room,
    Rooms,
    Sent,
)

READS = frozenset(
    {
        "ping", "nearby.people", "nearby.rooms", "here.history", "message.history", "room.get", "room.members", "user.blocks",
        "user.mutes", "account.me", "auth.sessions",
        "room.invitations", "room.invitations.mine", "room.requests", "room.bans", "room.mutes",
    }
)  # fmt: skip
# Setting the same thing twice is setting it once.
OVERWRITES = frozenset({
    "account.update", "location.update", "location.clear", "read.mark", "report.create", "room.ban", "room.join", "room.mute",
    "room.role.set", "token", "user.block", "user.mute", "user.unblock", "user.unmute",
})  # fmt: skip
SEND_TIMEOUT_S = 60.0


class Operations(Moderation, Mine):
    """What a connected client can ask; the class with the connection provides ``request``."""

    @abstractmethod
    async def request(
        self, op: str, d: Json | None = None, *, timeout_s: float | None = None, repeatable: bool | None = None
    ) -> Json:
        """Send one request, return the ``ok`` of its reply."""

    @abstractmethod
    def make_nonce(self) -> str:
        """A string no other message of this user has; at most 64 characters."""

    # Speaking.

    async def say(
        self, text: str | None = None, *, content: Json | None = None, nonce: str | None = None, timeout_s: float = SEND_TIMEOUT_S
    ) -> Sent:
        """Say something to whoever hears my disclosed cell. Stored exactly once: resent under one nonce until acked."""
        d = _given(text=text, content=content, nonce=nonce or self.make_nonce())
        return cast(Sent, await self.request("here.say", d, timeout_s=timeout_s))

    async def send(
        self,
        room: str,
        text: str | None = None,
        *,
        content: Json | None = None,
        nonce: str | None = None,
        reply_to: str | None = None,
        timeout_s: float = SEND_TIMEOUT_S,
    ) -> Sent:
        """Send a message to a room I joined. Stored exactly once: resent under one nonce until acked.

        After ``TimeoutError`` or ``ClientClosed`` it may or may not be stored; sending again with the same ``nonce`` is safe.
        """
        d = _given(room=room, text=text, content=content, nonce=nonce or self.make_nonce(), reply_to=reply_to)
        return cast(Sent, await self.request("message.send", d, timeout_s=timeout_s))

    async def history(
        self, room: str, *, before: int | None = None, after: int | None = None, limit: int | None = None
    ) -> History:
        """A room's messages before or after an offset; without either, the newest."""
        return cast(History, await self.request("message.history", _given(room=room, before=before, after=after, limit=limit)))

    async def here_history(self, s: str | None = None, *, before: int | None = None, limit: int | None = None) -> History:
        """Messages of a cell's stream I hear (default: my own cell's) before an offset; without one, the newest."""
        return cast(History, await self.request("here.history", _given(s=s, before=before, limit=limit)))

    async def typing(self, room: str) -> None:
        """Show the room's members that I am typing."""
        await self.request("typing", {"room": room})

    async def mark_read(self, room: str, o: int, *, share: bool | None = None) -> None:
        """I have read the room up to offset ``o``; ``share=True`` lets its members know."""
        await self.request("read.mark", _given(room=room, o=o, share=share))

    # Where I am and who is near.

    async def location(
        self,
        lat: float,
        lng: float,
        accuracy_m: float = 10.0,
        *,
        ts: int | None = None,
        heading: float | None = None,
        speed_mps: float | None = None,
    ) -> Located:
        """Tell where I am; others only ever see the disclosed cell.

        The client keeps the last one that was acked in memory and sends it again when it reconnects (``clear_location``
        forgets it): only streams around the place named while connecting can be resumed.
        """
        d = _given(lat=lat, lng=lng, accuracy_m=accuracy_m, ts=ts, heading=heading, speed_mps=speed_mps)
        return cast(Located, await self.request("location.update", d))

    async def clear_location(self) -> Cleared:
        """Withdraw my location; returns what was withdrawn."""
        return cast(Cleared, await self.request("location.clear"))

    async def nearby_people(self, *, limit: int | None = None, cursor: str | None = None) -> People:
        """People around my cell; ``cursor`` is the ``next`` of the page before."""
        return cast(People, await self.request("nearby.people", _given(limit=limit, cursor=cursor)))

    async def nearby_rooms(
        self,
        *,
        cell: str | None = None,
        lat: float | None = None,
        lng: float | None = None,
        radius_m: float | None = None,
        kind: str | None = None,
        tag: str | None = None,
        q: str | None = None,
        limit: int | None = None,
        cursor: str | None = None,
    ) -> Rooms:
        """Rooms around a cell or a point (default: around me), filtered by kind, tag or words."""
        d = _given(cell=cell, lat=lat, lng=lng, radius_m=radius_m, kind=kind, tag=tag, q=q, limit=limit, cursor=cursor)
        return cast(Rooms, await self.request("nearby.rooms", d))

    # Rooms.

    async def create_room(self, name: str, lat: float, lng: float, radius_m: float, **optional: Any) -> Room:
        """Make a room; ``optional``: kind, description, visibility, max_members, tags. Returns the room."""
        return cast(Room, await self.request("room.create", _given(name=name, lat=lat, lng=lng, radius_m=radius_m, **optional)))

    async def room(self, room: str) -> Room:
        """One room as it is now."""
        return cast(Room, await self.request("room.get", {"room": room}))

    async def update_room(self, room: str, **changes: Any) -> Room:
        """Change what is given, leave the rest; returns the room."""
        return cast(Room, await self.request("room.update", {"room": room, **changes}))

    async def delete_room(self, room: str) -> Room:
        """Delete a room I own."""
        return cast(Room, await self.request("room.delete", {"room": room}))

    async def join(self, room: str, *, accept_precise: bool | None = None) -> Joined:
        """Become a member; its pushes follow. ``room.precise`` asks to join again with ``accept_precise=True``."""
        return cast(Joined, await self.request("room.join", _given(room=room, accept_precise=accept_precise)))

    async def leave(self, room: str) -> Left:
        """Stop being a member."""
        return cast(Left, await self.request("room.leave", {"room": room}))

    async def members(self, room: str, *, limit: int | None = None, cursor: str | None = None) -> Members:
        """The members of a room."""
        return cast(Members, await self.request("room.members", _given(room=room, limit=limit, cursor=cursor)))

    # Who I do not want to meet or hear.

    async def block(self, user: str, *, note: str | None = None) -> Relation:
        """Neither of us sees or hears the other any more; they are not told. ``note`` is for my eyes only."""
        return cast(Relation, await self.request("user.block", _given(user=user, note=note)))

    async def unblock(self, user: str) -> Relation:
        """Take my block back."""
        return cast(Relation, await self.request("user.unblock", {"user": user}))

    async def mute(self, user: str, *, note: str | None = None) -> Relation:
        """I no longer hear them; they are not told."""
        return cast(Relation, await self.request("user.mute", _given(user=user, note=note)))

    async def unmute(self, user: str) -> Relation:
        """Hear them again."""
        return cast(Relation, await self.request("user.unmute", {"user": user}))

    async def blocks(self, *, limit: int | None = None, cursor: str | None = None) -> RelatedPage:
        """Whom I blocked, a page by id."""
        return cast(RelatedPage, await self.request("user.blocks", _given(limit=limit, cursor=cursor)))

    async def mutes(self, *, limit: int | None = None, cursor: str | None = None) -> RelatedPage:
        """Whom I muted, a page by id."""
        return cast(RelatedPage, await self.request("user.mutes", _given(limit=limit, cursor=cursor)))

    async def report(
        self,
        reason: str,
        *,
        message: str | None = None,
        user: str | None = None,
        room: str | None = None,
        note: str | None = None,
    ) -> Reported:
        """Report one message (by ``mid``), user or room to the operator. The same twice, while it waits, is one report."""
        d = _given(reason=reason, message=message, user=user, room=room, note=note)
        return cast(Reported, await self.request("report.create", d))

    # The account and the connection.

    async def ping(self) -> int:
        """The server's time in milliseconds since the Unix epoch."""
        return cast(int, (await self.request("ping"))["server_time"])

    async def consent(self, purpose: str, text_hash: str) -> int:
        """Give consent to a purpose, worded as ``text_hash`` says; returns when, in milliseconds."""
        return cast(int, (await self.request("consent.give", {"purpose": purpose, "text_hash": text_hash}))["at"])

    async def withdraw_consent(self, purpose: str, text_hash: str) -> int:
        """Withdraw consent; returns when, in milliseconds."""
        return cast(int, (await self.request("consent.withdraw", {"purpose": purpose, "text_hash": text_hash}))["at"])


def _given(**fields: Any) -> Json:
    return {name: value for name, value in fields.items() if value is not None}
