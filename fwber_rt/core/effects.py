"""Effects: what a command wants done, as data.

A handler changes ``World`` and returns one of these; ``App.apply`` is the only place that turns it into disk writes and
bytes on sockets (Tile38's ``cmdSET`` does the same: reply plus change record, one caller persists and notifies).
Made several times for every message, so these are msgspec structs: their constructors run in C.
"""

from __future__ import annotations

from collections.abc import Callable
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from enum import Enum
from typing import TYPE_CHECKING, Any, NamedTuple

from msgspec import Struct

if TYPE_CHECKING:
    from fwber_rt.core.people import Person


class Mode(Enum):
    """How the journal may reorder a statement inside one transaction (batching is what makes a commit cheap)."""

    ORDERED = "ordered"  # runs in the order given, before the other two
    APPEND = "append"  # inserts new rows that nothing else in the batch reads or changes; gathered into one executemany
    LATEST = "latest"  # overwrites one row; only the last one per first parameter runs, after everything else


@dataclass(frozen=True, slots=True)
class Seal:
    """Parameter ``param`` (bytes or None) is stored sealed under the key of the user whose id is parameter ``owner``.

    ``bind`` lists parameters the ciphertext is tied to, so that a row's body cannot be swapped into another row.
    """

    param: int
    owner: int
    bind: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Statement:
    """One SQL statement a feature may ask for. ``params`` of a row are positional."""

    sql: str
    mode: Mode = Mode.ORDERED
    seals: tuple[Seal, ...] = ()


class Row(NamedTuple):
    """One thing to write."""

    statement: Statement
    params: tuple[Any, ...]


class Audience(NamedTuple):
    """Narrows who receives a push. ``only``: these people and nobody else. ``without``: ids of people who do not hear it.

    ``finer``: of a cell, only those who hear it from a smaller cell than itself.
    """

    only: tuple[Person, ...] | None = None
    without: AbstractSet[int] = frozenset()
    finer: bool = False


class Push(Struct, eq=False):
    """One event on its way to everybody who hears ``to``.

    ``to``: the stream's name (``room:1``, ``cell:88...``, ``user:7``), which is also the push's ``s`` on the wire.
    ``o``: its offset, or None when ephemeral. ``d``: anything msgspec can encode (``msgspec.Raw`` when already JSON).
    ``size`` is what it is accounted with in memory, bytes. ``volatile`` pushes may be dropped for a client that reads too
    slowly: a later one replaces them. ``audience`` narrows whom it is delivered to (None: everybody who hears ``to``).
    ``by``: the user it comes from, which whoever does not hear that user does not get, on resume either; 0 for nobody.
    ``frame`` caches the whole WebSocket frame, made once by the hub and shared by all recipients and by resume.
    """

    t: str
    to: str
    d: Any
    o: int | None = None
    size: int = 256
    volatile: bool = False
    audience: Audience | None = None
    by: int = 0
    frame: bytes | None = None


class Join(NamedTuple):
    """``person`` hears the channel ``name`` from here on."""

    person: Person
    name: str


class Leave(NamedTuple):
    """``person`` no longer hears the channel ``name``."""

    person: Person
    name: str


class Hear(NamedTuple):
    """``person`` hears the cells around ``cell`` from here on; 0 is nowhere."""

    person: Person
    cell: int


class Attach(NamedTuple):
    """``session`` (the transport's object) becomes one of ``person``'s connections."""

    person: Person
    session: Any


class Disconnect(NamedTuple):
    """Close one session, or with ``session=None`` all of the person's."""

    person: Person
    session: Any
    code: int
    reason: str


class Revoke(NamedTuple):
    """Close those of the person's sessions whose sign-in (``Actor.sid``) is ``over``, asked when this takes effect.

    After the reply, so that whoever ends their own sign-in is told; a connection that was just on its way in is closed too.
    """

    person: Person
    over: Callable[[str], bool]
    code: int
    reason: str


Change = Join | Leave | Hear | Attach | Disconnect | Revoke


class Act(NamedTuple):
    """What an administrator did something to: ``kind`` (user, room, report) and its id; the ``user`` it concerns, or 0; why."""

    kind: str
    subject: int
    user: int = 0
    reason: str = ""


class Effects(Struct, eq=False):
    """Released in this order: ``pushes``, ``changes``, ``reply``, ``replay`` (pushes for this session alone).

    ``ephemeral``: nothing in here depends on state that is not yet on disk, so it need not wait for the journal.
    ``cookie``: over REST, the browser's session cookie becomes this; "" ends it, None leaves it alone.
    ``audit``: of an administrator's command, what the audit log keeps of it (``core.audit``).
    """

    reply: Any = None
    pushes: list[Push] = []
    rows: list[Row] = []
    changes: list[Change] = []
    replay: list[Push] = []
    ephemeral: bool = False
    cookie: str | None = None
    audit: Act | None = None
