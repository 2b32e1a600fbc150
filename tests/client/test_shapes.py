"""The typed dictionaries say what the server's declarations say; nobody keeps them equal by hand."""

from __future__ import annotations

from typing import Any, get_type_hints

import msgspec
import pytest

from fwber_rt.client import operations, shapes
from fwber_rt.features import registry

REPLIES = {
    "here.say": shapes.Sent,
    "message.send": shapes.Sent,
    "message.history": shapes.History,
    "here.history": shapes.History,
    "location.update": shapes.Located,
    "location.clear": shapes.Cleared,
    "nearby.people": shapes.People,
    "nearby.rooms": shapes.Rooms,
    "room.create": shapes.Room,
    "room.get": shapes.Room,
    "room.update": shapes.Room,
    "room.delete": shapes.Room,
    "room.join": shapes.Joined,
    "room.leave": shapes.Left,
    "room.members": shapes.Members,
    "user.block": shapes.Relation,
    "user.unblock": shapes.Relation,
    "user.mute": shapes.Relation,
    "user.unmute": shapes.Relation,
    "user.blocks": shapes.RelatedPage,
    "user.mutes": shapes.RelatedPage,
    "report.create": shapes.Reported,
    "room.invite": shapes.Invited,
    "room.invitations": shapes.InvitationPage,
    "room.invitations.mine": shapes.MyInvitations,
    "room.invitation.accept": shapes.Joined,
    "room.request": shapes.Requested,
    "room.requests": shapes.RequestPage,
    "room.request.accept": shapes.Invited,
    "room.bans": shapes.BanPage,
    "room.mute": shapes.Silenced,
    "room.mutes": shapes.MutePage,
    "room.role.set": shapes.RoleSet,
    "room.transfer": shapes.Room,
    "account.me": shapes.MyAccount,
    "auth.upgrade": shapes.SignedIn,
    "auth.sessions": shapes.SignIns,
    "auth.totp.begin": shapes.TotpBegun,
}
OPERATIONS = registry().operations


@pytest.mark.parametrize(("op", "shape"), REPLIES.items())
def test_a_reply_has_the_declared_fields(op: str, shape: type[Any]) -> None:
    fields = {field.name: field for field in msgspec.structs.fields(OPERATIONS[op].reply)}
    assert set(get_type_hints(shape)) == set(fields)


def test_every_operation_named_here_exists() -> None:
    assert set(OPERATIONS) >= operations.READS | operations.OVERWRITES
