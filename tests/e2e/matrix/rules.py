"""Who may do what, said once more and independently: the outcome every cell of the matrix must have.

Nothing here asks the server. An operation's declaration says the least kind of caller and the action its room's roles must
allow; the rest is who the caller is, and whose the object is that the request names.
"""

from __future__ import annotations

from enum import Enum

from fwber_rt.core.access import LEAST_ROLE, Kind, Role
from fwber_rt.registry import Command, Query

OK = "ok"


class Caller(Enum):
    """Those who ask. In rooms that are not theirs, server administrators are outsiders like everybody else."""

    ANONYMOUS = ("anonymous", Kind.ANONYMOUS, Role.OUTSIDER)
    GUEST = ("guest", Kind.GUEST, Role.OUTSIDER)
    OTHER = ("other user", Kind.USER, Role.OUTSIDER)
    BLOCKED = ("blocked user", Kind.USER, Role.OUTSIDER)
    MEMBER = ("member", Kind.USER, Role.MEMBER)
    MODERATOR = ("moderator", Kind.USER, Role.MODERATOR)
    ROOM_ADMIN = ("room admin", Kind.USER, Role.ADMIN)
    OWNER = ("owner", Kind.USER, Role.OWNER)
    SERVER_ADMIN = ("server admin", Kind.ADMIN, Role.OUTSIDER)
    SUSPENDED = ("suspended user", Kind.USER, Role.OUTSIDER)

    def __init__(self, title: str, kind: Kind, role: Role) -> None:
        self.title = title
        self.kind = kind
        self.role = role


class Target(Enum):
    """What the request names."""

    NOTHING = "nothing"  # the operation names no object
    PUBLIC = "public room"
    CLOSED = "closed room"  # known to everybody, entered when let in
    PRIVATE = "private room"
    MESSAGE = "message in the private room"
    USER = "user"  # whether there is one of that id is nobody's business: the next is answered the same
    NO_USER = "no user"
    ANY = "object"  # which everybody who may ask at all may see
    OWN = "own object"  # of the caller
    FOREIGN = "somebody's object"  # of somebody else, and private
    UNKNOWN = "no object"  # an id like the others

    @property
    def room(self) -> bool:
        return self in (Target.PUBLIC, Target.CLOSED, Target.PRIVATE)


def hidden(caller: Caller, target: Target) -> bool:
    """Whether the caller may not know that the target exists."""
    if target in (Target.PRIVATE, Target.MESSAGE):
        return caller.role is Role.OUTSIDER
    return target in (Target.FOREIGN, Target.UNKNOWN)


def expected(operation: Command | Query, caller: Caller, target: Target, above: Role | None = None) -> str:
    """``ok`` or the name of the error. The first that applies: who, what kind, whether there is such a thing, which role.

    ``above``: the role that the one acted upon has, or is given; nobody acts on an equal, or gives what they are.
    """
    if caller is Caller.SUSPENDED:
        return "user.banned"
    if caller.kind < operation.least:
        return "token.missing" if caller is Caller.ANONYMOUS else "forbidden"
    if hidden(caller, target):
        return "not.found"
    if operation.role and target.room and caller.role < LEAST_ROLE[operation.role]:
        return "forbidden"
    if above is not None and target.room and caller.role <= above:
        return "forbidden"
    return OK
