"""The replies of the core operations as typed dictionaries: what they are is in the protocol, this is for editors and mypy.

Nothing is converted or checked at run time: a field a later server adds is there, one it leaves out is not.
Times are milliseconds since the Unix epoch, distances metres, cells 15 hexadecimal digits, ids decimal strings.
"""

from __future__ import annotations

from typing import Any, NotRequired, TypedDict

Json = dict[str, Any]


class StreamPosition(TypedDict):
    """A stream, and the offset in its epoch up to which everything is known."""

    s: str
    epoch: str
    o: int


class Sent(StreamPosition):
    """The ack of a message: it is on disk. ``dup``: an earlier attempt with the same nonce had arrived; this is its ack."""

    mid: str
    ts: int
    dup: bool


class Message(TypedDict):
    """A message in history; ``content`` is absent when its author was erased."""

    mid: str
    user: str
    ts: int
    o: int
    name: NotRequired[str]
    content: NotRequired[Json]
    reply_to: NotRequired[str]


class History(StreamPosition):
    """A page of messages, oldest first, where the stream stands, and the oldest offset still stored."""

    messages: list[Message]
    first_o: int


class Crossed(TypedDict):
    """Ids of the rooms whose area was entered or left."""

    entered: list[str]
    left: list[str]


class Located(TypedDict):
    """``cell`` is what others see. The next location is useful after ``next_ms`` or ``min_move_m``; ``entered`` is heard now."""

    cell: str
    res: int
    next_ms: int
    min_move_m: int
    entered: list[StreamPosition]
    left: list[str]
    rooms: Crossed


class Cleared(TypedDict):
    """The cell others saw, the streams no longer heard, the rooms whose area is no longer known."""

    cell: str | None
    left: list[str]
    rooms: list[str]
    cleared: int


class Neighbour(TypedDict):
    """Someone near; ``band`` is the number of rings of hexagons between us."""

    user: str
    name: str
    cell: str
    band: int


class People(TypedDict):
    """People near me, nearest ring first; ``count`` of those not named here is an integer from 5 up, or "few"."""

    people: list[Neighbour]
    count: int | str
    next: NotRequired[str]


class Room(TypedDict):
    """A room; ``members`` is "few" below 5 for outsiders; ``s``, ``epoch``, ``o`` are there for members."""

    room: str
    name: str
    kind: str
    description: str
    visibility: str
    cell: str
    radius_m: int
    precise: bool
    members: int | str
    max_members: int
    slow_ms: int
    tags: list[str]
    owner: str
    created: int
    retention: int
    distance_m: NotRequired[int]
    s: NotRequired[str]
    epoch: NotRequired[str]
    o: NotRequired[int]


class Rooms(TypedDict):
    """Rooms near a place, nearest first."""

    rooms: list[Room]
    next: NotRequired[str]


class Joined(StreamPosition):
    """The room joined, its stream's position, and what fellow members now know of me."""

    room: Room
    discloses: list[str]


class Left(TypedDict):
    """Where the room's stream stood on leaving."""

    room: str
    epoch: str
    o: int


class Member(TypedDict):
    """One member of a room."""

    user: str
    name: str
    role: str
    joined: int


class Members(TypedDict):
    """A page of members, and the room's position it was true at."""

    members: list[Member]
    epoch: str
    o: int
    next: NotRequired[str]


class Relation(TypedDict):
    """How I stand to a user, as far as I chose it."""

    user: str
    blocked: bool
    muted: bool


class Related(TypedDict):
    """Someone I blocked or muted, when, and my own note."""

    user: str
    at: int
    note: NotRequired[str]


class RelatedPage(TypedDict):
    """A page of those I blocked or muted."""

    users: list[Related]
    next: NotRequired[str]


class Reported(TypedDict):
    """My report's id; ``dup`` when I had made it before."""

    report: str
    dup: bool


class Invited(TypedDict):
    """A place is kept for ``user`` until ``until``."""

    room: str
    user: str
    until: int


class Invitation(TypedDict):
    """Somebody a room waits for; ``by`` is absent when the room itself keeps their place."""

    user: str
    name: str
    at: int
    until: int
    by: NotRequired[str]


class InvitationPage(TypedDict):
    """A page of a room's invitations."""

    invitations: list[Invitation]
    next: NotRequired[str]


class MyInvitation(TypedDict):
    """A room I may join until ``until``, and who invites me (absent: the room itself)."""

    room: Room
    at: int
    until: int
    by: NotRequired[str]
    name: NotRequired[str]


class MyInvitations(TypedDict):
    """A page of my invitations."""

    invitations: list[MyInvitation]
    next: NotRequired[str]


class Requested(TypedDict):
    """My request to be let in waits until ``until``."""

    room: str
    until: int


class Request(TypedDict):
    """Somebody who asks to be let in."""

    user: str
    name: str
    at: int
    until: int


class RequestPage(TypedDict):
    """A page of a room's requests."""

    requests: list[Request]
    next: NotRequired[str]


class Ban(TypedDict):
    """Somebody kept out of a room, for good when ``until`` is absent."""

    user: str
    name: str
    at: int
    until: NotRequired[int]
    reason: NotRequired[str]
    by: NotRequired[str]


class BanPage(TypedDict):
    """A page of a room's bans."""

    bans: list[Ban]
    next: NotRequired[str]


class Silenced(TypedDict):
    """The user may not speak in the room until ``until``."""

    room: str
    user: str
    until: int


class RoomMute(TypedDict):
    """Somebody who may not speak in a room."""

    user: str
    name: str
    at: int
    until: int
    by: NotRequired[str]


class MutePage(TypedDict):
    """A page of a room's mutes."""

    mutes: list[RoomMute]
    next: NotRequired[str]


class RoleSet(TypedDict):
    """What a member of the room is now."""

    room: str
    user: str
    role: str


class MyAccount(TypedDict):
    """Me. ``login`` is there for whoever can sign in by themselves; ``pending``: an address that waits to be verified."""

    user: Json
    kind: str
    created: int
    consents: list[str]
    login: NotRequired[str]
    email: NotRequired[str]
    pending: NotRequired[str]
    totp: NotRequired[bool]
    recovery: NotRequired[int]


class SignedIn(TypedDict):
    """A sign-in that lives until ``ends`` unless it is renewed; ``refresh`` is good once."""

    user: Json
    kind: str
    sid: str
    ends: int
    token: NotRequired[str]
    expires: NotRequired[int]
    refresh: NotRequired[str]


class SignIn(TypedDict):
    """A device that is signed in; ``current``: it asks."""

    sid: str
    client: str
    browser: bool
    created: int
    used: int
    ends: int
    current: bool


class SignIns(TypedDict):
    """My sign-ins, last used first."""

    sign_ins: list[SignIn]


class TotpBegun(TypedDict):
    """What an authenticator app takes: the secret in base32, or the same as a link."""

    secret: str
    uri: str
