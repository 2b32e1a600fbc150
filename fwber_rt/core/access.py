"""Who may do what, as a table.

Two questions, both answered by lookup: may this kind of caller use the operation at all (``Kind``), and may this role do
this in this room (``allows``). Checked on the object, every time.
"""

from __future__ import annotations

from enum import IntEnum


class Kind(IntEnum):
    """What a caller is; each may do whatever a smaller one may."""

    ANONYMOUS = 0
    GUEST = 1
    USER = 2
    ADMIN = 3


class Role(IntEnum):
    """What a person is in a room; stored as this number."""

    OUTSIDER = 0
    MEMBER = 1
    MODERATOR = 2
    ADMIN = 3
    OWNER = 4


LEAST_ROLE: dict[str, Role] = {
    "room.read": Role.MEMBER,
    "room.send": Role.MEMBER,
    "room.update": Role.ADMIN,
    "room.delete": Role.OWNER,
    "room.invite": Role.MODERATOR,
    "room.admit": Role.MODERATOR,
    "room.kick": Role.MODERATOR,
    "room.mute": Role.MODERATOR,
    "room.ban": Role.MODERATOR,
    "room.role": Role.ADMIN,
    "room.transfer": Role.OWNER,
}


def allows(role: Role, action: str) -> bool:
    """Whether ``role`` may do ``action``; an unknown action is a programming error (KeyError)."""
    return role >= LEAST_ROLE[action]


def outranks(role: Role, other: Role) -> bool:
    """Whether ``role`` may act on someone who is ``other``: nobody may on an equal or a higher one, so nobody on the owner."""
    return role > other


def may_grant(role: Role, granted: Role) -> bool:
    """Whether ``role`` may make somebody ``granted``: never what they are themselves, and ownership only by handing it over."""
    return Role.MEMBER <= granted < role
