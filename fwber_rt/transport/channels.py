"""Who hears what: the people of each room and around each hexagon, and the connections they have.

A person has one entry, under the cell they hear from; the audience of ``cell:<c>`` is looked up around ``c`` when something is
said there. Membership of all seven cells (and the coarser ones) would be ten entries to move at every crossing.

What was looked up is kept, as the flat list of connections that a fan-out walks, until anything changes that it could depend
on: in a busy room that is thousands of lookups for one. All are forgotten together, since one person's change touches a dozen
channels and finding out which costs more than looking up anew.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterable
from itertools import chain
from typing import TYPE_CHECKING, Final

from fwber_rt.core import geo
from fwber_rt.core.effects import Audience, Push
from fwber_rt.core.people import Person

if TYPE_CHECKING:
    from fwber_rt.transport.session import Session

KEPT: Final = 4096  # lookups; beyond that they begin anew


class Reach:
    """The connections that hear a channel.

    ``files`` are the descriptors of those that can be written to at once, in the order of ``ready``; ``waiting`` are the others.
    """

    __slots__ = ("files", "ready", "sessions", "waiting")

    def __init__(self, people: Iterable[Person]) -> None:
        self.sessions: list[Session] = [session for person in people for session in person.sessions]
        self.ready: list[Session] = []
        self.waiting: list[Session] = []
        self.files: array[int] | None = None  # an array: its numbers lie side by side, the sessions all over the memory

    def descriptors(self) -> array[int]:
        """``files``, which few channels need, so they are made when asked for."""
        if self.files is None:
            for session in self.sessions:
                (self.ready if session.direct else self.waiting).append(session)
            self.files = array("i", [session.fd for session in self.ready])
        return self.files


class Channels:
    """``resolution``: of the cells people are heard from."""

    def __init__(self, resolution: int) -> None:
        self.resolution = resolution
        self.rooms: dict[str, set[Person]] = {}
        self.people: dict[int, Person] = {}  # those with a connection
        self.heard: dict[int, set[Person]] = {}
        self._hearing: dict[Person, int] = {}
        self.kept: dict[str, Reach] = {}  # lookups that hold; another dictionary after a change

    # Changes

    def forget(self) -> None:
        """Something changed that lookups depend on: who hears what, who is connected, or which of them can be written to."""
        if self.kept:
            self.kept = {}

    def clear(self) -> None:
        """Nobody hears anything."""
        for table in (self.rooms, self.people, self.heard, self._hearing):
            table.clear()
        self.forget()

    def join(self, person: Person, room: str) -> None:
        """``person`` hears ``room``."""
        self.rooms.setdefault(room, set()).add(person)
        self.forget()

    def leave(self, person: Person, room: str) -> None:
        """``person`` hears ``room`` no more."""
        members = self.rooms.get(room)
        if members is not None:
            members.discard(person)
            if not members:
                del self.rooms[room]
            self.forget()

    def hear(self, person: Person, cell: int) -> None:
        """``person`` hears what is said around ``cell``; 0: nowhere."""
        old = self._hearing.pop(person, 0)
        if old:
            self.heard[old].discard(person)
            if not self.heard[old]:
                del self.heard[old]
        if cell:
            self._hearing[person] = cell
            self.heard.setdefault(cell, set()).add(person)
        self.forget()

    def attach(self, person: Person, session: Session) -> None:
        """One more connection of ``person``. Idempotent."""
        if session not in person.sessions:
            person.sessions.append(session)
            self.people[person.id] = person
            self.forget()

    def detach(self, person: Person, session: Session) -> None:
        """A connection is gone. Idempotent."""
        if session not in person.sessions:
            return
        person.sessions.remove(session)
        if not person.sessions and self.people.get(person.id) is person:
            del self.people[person.id]
        self.forget()

    # Lookups

    def reach(self, to: str) -> Reach:
        """The connections that hear a stream, as ``kept`` where nothing has changed."""
        found = self.kept.get(to)
        if found is None:
            if len(self.kept) >= KEPT:
                self.forget()
            self.kept[to] = found = Reach(self.audience(to))
        return found

    def narrowed(self, push: Push) -> Reach:
        """The connections that hear a push which is not for all of a stream's listeners."""
        return Reach(self.narrow(push.to, push.audience or Audience()))

    def audience(self, to: str) -> Iterable[Person]:
        """The people who hear a room, a cell, or what is one user's own."""
        members = self.rooms.get(to)
        if members is not None:
            return members
        kind, _, name = to.partition(":")
        if kind == "cell":
            return self._hearers(int(name, 16))
        person = self.people.get(int(name)) if kind == "user" else None
        return (person,) if person else ()

    def narrow(self, to: str, audience: Audience) -> Iterable[Person]:
        """Those of a stream's listeners whom a push with this audience is for."""
        people = audience.only
        if people is None:
            people = tuple(self.audience(to))
            if audience.finer:
                own = int(to.partition(":")[2], 16)
                people = tuple(person for person in people if self._hearing.get(person) != own)
        return [person for person in people if person.id not in audience.without] if audience.without else people

    def _hearers(self, cell: int) -> Iterable[Person]:
        heard, level = self.heard, geo.resolution(cell)
        around: Iterable[int]
        if level == self.resolution:
            around = geo.disk(cell, 1)
        elif 7 ** (self.resolution - level) > len(heard):  # more children than cells with somebody in them
            around = [other for other in heard if geo.resolution(other) >= level and geo.parent(other, level) == cell]
        else:
            around = [cell, *(child for finer in range(level + 1, self.resolution + 1) for child in geo.children(cell, finer))]
        return chain.from_iterable([heard[other] for other in around if other in heard])
