"""A person who is here: connected, or within the grace time after."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from fwber_rt.core.access import Kind
from fwber_rt.core.sharing import OPEN, Sharing

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from fwber_rt.core.effects import Audience
    from fwber_rt.core.limits import Bucket
    from fwber_rt.core.rooms import Room
    from fwber_rt.core.travel import Anchor, Claim, Crossing


_NOBODY: frozenset[int] = frozenset()
_QUOTED = {ord('"'): '\\"', ord("\\"): "\\\\"}  # a name holds no control characters (text.clean_name)


class Person:
    """One user's live state, shared by all their connections.

    Two cells, kept apart from the start: ``disclosed`` is what others may observe (0: nothing), ``heard`` is the one this
    person hears from (0: none), and as coarse. ``fine`` and ``point`` (lat, lng) are where they believably are; they never leave
    memory, except ``fine`` in an encrypted snapshot. ``anchor`` is the last such cell and when, kept when they leave the
    map: so that leaving it is no way to jump. ``sharing`` is what they chose, ``ghost`` the base cell around which they see
    numbers only, ``crossing`` and ``claim`` what is still to be shown or believed (``core.travel``). ``movement`` sets all of it.
    ``order`` is a keyed hash that fixes the place among neighbours, so order tells nothing (privacy.md).
    ``consents`` are the purposes agreed to and not withdrawn. ``rooms`` are those joined, ``inside`` those whose area this
    person is in, joined or not. ``sessions`` are the transport's objects, attached and detached by the hub; ``arriving``
    counts those whose `connect` is done and still waits for the journal.
    ``card`` is how others see this person on the wire, the beginning of a JSON object: made once, because a list of fifty people
    nobody has looked at lately costs a cache miss for each thing it must look up of each.
    ``hidden`` are ids of people neither seen nor seen by, ``deaf`` of those not heard; ``audience`` narrows who hears this
    person (``core.relations`` keeps all three).
    ``nonces`` maps (target, nonce) to the original ack, oldest first; ``nonces_complete`` says nothing older is on disk.
    """

    __slots__ = (
        "anchor", "arriving", "audience", "buckets", "card", "claim", "consents", "crossing", "deaf", "disclosed", "fine",
        "ghost", "gone_at", "heard", "hidden", "id", "inside", "kind", "name", "nonces", "nonces_complete",
        "order", "point", "rooms", "sessions", "sharing",
    )  # fmt: skip

    def __init__(self, id: int, name: str, kind: Kind, order: int) -> None:
        self.id = id
        self.kind = kind
        self.order = order
        self.arriving = 0
        self.rename(name)
        self.consents: frozenset[str] = frozenset()
        self.disclosed = 0
        self.heard = 0
        self.fine = 0
        self.point: tuple[float, float] | None = None
        self.anchor: Anchor | None = None
        self.sharing: Sharing = OPEN
        self.ghost = 0
        self.crossing: Crossing | None = None
        self.claim: Claim | None = None
        self.gone_at = 0.0  # Instant.mono at which the grace time ends; 0 while connected
        self.rooms: dict[int, Room] = {}
        self.inside: dict[int, Room] = {}
        self.sessions: list[Any] = []
        self.buckets: dict[str, Bucket] | None = None
        self.nonces: dict[tuple[str, str], Any] | None = None
        self.nonces_complete = False
        self.hidden: AbstractSet[int] = _NOBODY
        self.deaf: AbstractSet[int] = _NOBODY
        self.audience: Audience | None = None

    def rename(self, name: str) -> None:
        """Be known by ``name`` from here on."""
        self.name = name
        self.card = f'{{"user":"{self.id}","name":"{name.translate(_QUOTED)}"'.encode()


class Actor:
    """Who asks: a person (None while anonymous), through which session (None over REST), from which address.

    ``address`` is what limits are kept by: of IPv6 the /64. ``sid`` names the sign-in that the request is made under; "" while
    anonymous. ``kind`` given counts for nobody in particular only: what a person may is looked up when it is asked.
    """

    __slots__ = ("_kind", "address", "person", "session", "sid", "someone", "token_expires", "warned")

    def __init__(self, person: Person | None, kind: Kind, session: Any = None, address: str = "") -> None:
        self.person = person
        self.someone = cast(Person, person)  # for operations no anonymous caller reaches: the dispatcher sees to that
        self._kind = kind
        self.session = session
        self.address = address
        self.sid = ""
        self.token_expires = 0  # wall milliseconds; 0: not known
        self.warned = False  # that the token expires soon

    @property
    def kind(self) -> Kind:
        """What they are now: somebody may be made, or be no more, an administrator while a request of theirs waits."""
        return self.person.kind if self.person is not None else self._kind
