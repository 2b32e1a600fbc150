"""Who comes into a room and who keeps order there, as methods. Conventions as in ``operations``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import cast

from fwber_rt.client.shapes import (
    BanPage,
    InvitationPage,
    Invited,
    Joined,
    Json,
    MutePage,
    MyInvitations,
    Requested,
    RequestPage,
    RoleSet,
    Room,
    Silenced,
)


class Moderation(ABC):
    """The part of ``Operations`` that is about rooms and the people in them."""

    @abstractmethod
    async def request(
        self, op: str, d: Json | None = None, *, timeout_s: float | None = None, repeatable: bool | None = None
    ) -> Json:
        """Send one request, return the ``ok`` of its reply."""

    # Coming in by invitation.

    async def invite(self, room: str, user: str) -> Invited:
        """Keep a place for a user, and let them know."""
        return cast(Invited, await self.request("room.invite", {"room": room, "user": user}))

    async def uninvite(self, room: str, user: str) -> None:
        """Take an invitation back."""
        await self.request("room.uninvite", {"room": room, "user": user})

    async def invitations(self, room: str, *, limit: int | None = None, cursor: str | None = None) -> InvitationPage:
        """Whom a room waits for."""
        return cast(InvitationPage, await self.request("room.invitations", page(room, limit, cursor)))

    async def my_invitations(self, *, limit: int | None = None, cursor: str | None = None) -> MyInvitations:
        """The rooms I am invited to."""
        return cast(MyInvitations, await self.request("room.invitations.mine", page(None, limit, cursor)))

    async def accept_invitation(self, room: str, *, accept_precise: bool | None = None) -> Joined:
        """Become a member of a room I am invited to; its pushes follow."""
        d: Json = {"room": room} if accept_precise is None else {"room": room, "accept_precise": accept_precise}
        return cast(Joined, await self.request("room.invitation.accept", d))

    async def decline_invitation(self, room: str) -> None:
        """Decline an invitation; nobody is told."""
        await self.request("room.invitation.decline", {"room": room})

    # Coming in on request.

    async def ask_to_join(self, room: str) -> Requested:
        """Ask to be let into a closed room; the push ``room.admitted`` says that I may join it."""
        return cast(Requested, await self.request("room.request", {"room": room}))

    async def withdraw_request(self, room: str) -> None:
        """Ask no longer."""
        await self.request("room.request.withdraw", {"room": room})

    async def requests(self, room: str, *, limit: int | None = None, cursor: str | None = None) -> RequestPage:
        """Who asks to be let into a room."""
        return cast(RequestPage, await self.request("room.requests", page(room, limit, cursor)))

    async def accept_request(self, room: str, user: str) -> Invited:
        """Let a user in who asked: a place is kept for them."""
        return cast(Invited, await self.request("room.request.accept", {"room": room, "user": user}))

    async def decline_request(self, room: str, user: str) -> None:
        """Decline a user's request."""
        await self.request("room.request.decline", {"room": room, "user": user})

    # Order.

    async def kick(self, room: str, user: str) -> None:
        """Remove a user from a room."""
        await self.request("room.kick", {"room": room, "user": user})

    async def ban(self, room: str, user: str, *, until: int | None = None, reason: str | None = None) -> None:
        """Remove a user and keep them out, until a time or for good; they are told the reason."""
        given = {"until": until, "reason": reason}
        d = {"room": room, "user": user, **{name: value for name, value in given.items() if value is not None}}
        await self.request("room.ban", d)

    async def unban(self, room: str, user: str) -> None:
        """Lift a ban."""
        await self.request("room.unban", {"room": room, "user": user})

    async def bans(self, room: str, *, limit: int | None = None, cursor: str | None = None) -> BanPage:
        """Who is kept out of a room."""
        return cast(BanPage, await self.request("room.bans", page(room, limit, cursor)))

    async def silence(self, room: str, user: str, until: int) -> Silenced:
        """``room.mute``: what a user sends to the room is refused until a time."""
        return cast(Silenced, await self.request("room.mute", {"room": room, "user": user, "until": until}))

    async def unsilence(self, room: str, user: str) -> None:
        """``room.unmute``: they may speak again."""
        await self.request("room.unmute", {"room": room, "user": user})

    async def silenced(self, room: str, *, limit: int | None = None, cursor: str | None = None) -> MutePage:
        """``room.mutes``: who may not speak in a room."""
        return cast(MutePage, await self.request("room.mutes", page(room, limit, cursor)))

    async def set_role(self, room: str, user: str, role: str) -> RoleSet:
        """Make a member a ``moderator``, an ``admin``, or a ``member`` again."""
        return cast(RoleSet, await self.request("room.role.set", {"room": room, "user": user, "role": role}))

    async def transfer(self, room: str, user: str) -> Room:
        """Make a member the owner of my room."""
        return cast(Room, await self.request("room.transfer", {"room": room, "user": user}))


def page(room: str | None, limit: int | None, cursor: str | None) -> Json:
    """The fields of a request for a page that are given."""
    return {name: value for name, value in (("room", room), ("limit", limit), ("cursor", cursor)) if value is not None}
