"""A server with everybody the matrix asks as, and the objects they ask for, each set up by its owner."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from itertools import count
from typing import Any

from fwber_rt.core.access import Role
from fwber_rt.storage import control
from tests.e2e.matrix.rules import Caller, Target
from tests.e2e.matrix.voices import Answer, Http, Line
from tests.e2e.servers import AT_HERE, Process
from tests.e2e.wire import CONSENT, Json

PASSWORD = "quite another horse"
STATE = ("room.get", "room.members", "room.bans", "room.mutes", "room.invitations", "room.requests")
ROOM = {"name": "Room", "radius_m": 2000, **AT_HERE}


@dataclass
class Person:
    """Somebody with a token, and the connection they keep. ``login``: how they sign in, if they have an account."""

    id: str
    token: str
    line: Line
    login: str = ""


class Scene:
    """One server process and its people. Rooms are made when a cell needs them, with the whole cast in its roles."""

    def __init__(self, server: Process) -> None:
        self.server = server
        self.http = Http(server.url)
        self.people: dict[Caller, Person] = {}
        self.bystander: Person  # a member of every room, who never asks
        self.stranger: Person  # whom foreign objects belong to
        self.passer: Person  # somebody with whom nobody has anything to do
        self.foreign: dict[str, str] = {}  # by operation: an object of the stranger's
        self._rooms: dict[Target, str] = {}
        self._everybody: list[Person] = []
        self._logins = count(1)

    async def open(self) -> None:
        """Bring everybody in."""
        callers = [caller for caller in Caller if caller is not Caller.ANONYMOUS]
        others = (Caller.MEMBER, Caller.OTHER, Caller.OTHER)
        self.bystander, self.stranger, self.passer, *people = await asyncio.gather(*map(self.newcomer, (*others, *callers)))
        self.people = dict(zip(callers, people, strict=True))
        await self.ok(Caller.OWNER, "user.block", user=self.people[Caller.BLOCKED].id)
        await self.ok(Caller.SERVER_ADMIN, "user.ban", user=self.people[Caller.SUSPENDED].id)

    async def newcomer(self, caller: Caller) -> Person:
        """A new user of the caller's kind, connected, who may be located and is."""
        made = await self.operator("token", user=None, name=caller.title, kind=caller.kind.name.lower(), ttl_s=3600)
        person = Person(made["user"], made["token"], await self.line(made["token"]))
        await self.ok(person, "consent.give", **CONSENT)
        await self.ok(person, "location.update", **AT_HERE)
        self._everybody.append(person)
        return person

    async def operator(self, verb: str, **arguments: Any) -> Json:
        """Something done over the control socket."""
        answer: Json = await asyncio.to_thread(control.ask, self.server.data_dir, verb, arguments)
        return answer

    def new_login(self) -> str:
        """A login that is nobody's."""
        return f"login{next(self._logins)}"

    async def account(self, person: Person) -> None:
        """See that somebody has an account; they stay who they are."""
        if not person.login:
            person.login = self.new_login()
            person.token = (await self.ok(person, "auth.upgrade", login=person.login, password=PASSWORD))["token"]

    async def sign_in(self, person: Person) -> Json:
        """Another device of somebody's."""
        await self.account(person)
        answer = await self.http.ask("POST /auth/sign-in", None, {"login": person.login, "password": PASSWORD})
        found: Json = answer.value
        return found

    async def line(self, token: str) -> Line:
        """A connection of whoever the token stands for."""
        line = await Line.open(self.server.url)
        answer = await line.ask("connect", {"token": token})
        assert answer.name == "ok", answer
        return line

    async def ok(self, who: Caller | Person, op: str, **d: Any) -> Json:
        """Something that must succeed, to set the scene."""
        person = who if isinstance(who, Person) else self.people[who]
        answer: Answer = await person.line.ask(op, d)
        assert answer.name == "ok", (who, op, d, answer)
        found: Json = answer.value
        return found

    async def room(self, target: Target) -> str:
        """The public or the private room, made when it is not there."""
        if target not in self._rooms:
            self._rooms[target] = await self._make_room(target)
        return self._rooms[target]

    async def _make_room(self, target: Target) -> str:
        id: str = (await self.ok(Caller.OWNER, "room.create", **ROOM))["room"]
        cast = [caller for caller in Caller if caller.role in (Role.MEMBER, Role.MODERATOR, Role.ADMIN)]
        members = [*map(self.people.__getitem__, cast), self.bystander]
        await asyncio.gather(*(self.ok(who, "room.join", room=id) for who in members))
        for caller in cast:
            if caller.role > Role.MEMBER:
                user, role = self.people[caller].id, caller.role.name.lower()
                await self.ok(Caller.OWNER, "room.role.set", room=id, user=user, role=role)
        if target is not Target.PUBLIC:
            await self.ok(Caller.OWNER, "room.update", room=id, visibility=target.name.lower())
        return id

    async def state(self, target: Target) -> bytes:
        """Everything about the room that its owner can read, messages by how many there are."""
        room = {"room": await self.room(target)}
        owner = self.people[Caller.OWNER].line
        return b"".join([re.sub(rb'"id":\d+', b"", (await owner.ask(op, room)).raw) for op in STATE])

    async def message(self) -> str:
        """A message of the bystander's in the private room."""
        room = await self.room(Target.PRIVATE)
        sent = await self.ok(self.bystander, "message.send", room=room, text="Hello", nonce="matrix")
        return str(sent["mid"])

    async def forget(self, target: Target) -> None:
        """The room was used up: end what is left of it; the next cell gets a new one."""
        id = self._rooms.pop(target, None)
        if id is not None:
            await self.people[Caller.OWNER].line.ask("room.delete", {"room": id})

    async def close(self) -> None:
        for person in self._everybody:
            await person.line.close()
        await self.http.close()
