"""Every cell of the matrix, asked: operation x transport x caller x what the request names."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from typing import Any

from fwber_rt.registry import Command, Query, routes_of
from fwber_rt.transport import downloads
from tests.e2e.matrix.rules import OK, Caller, Target, expected, hidden
from tests.e2e.matrix.samples import Ask, Sample
from tests.e2e.matrix.scene import Person, Scene
from tests.e2e.matrix.voices import Answer, Line

WEBSOCKET = "websocket"


@dataclass(frozen=True)
class Cell:
    """One question, what should come of it and what did. ``unlike``: a refusal that tells the object from none at all.

    ``reply``: what was answered, when that was JSON.
    """

    op: str
    over: str  # "websocket" or a route
    caller: Caller
    target: Target
    expected: str
    got: str
    unlike: str = ""
    reply: Any = None

    def __str__(self) -> str:
        return f"{self.op} over {self.over} by {self.caller.title} of {self.target.value}: {self.got}, not {self.expected}"


def transports(operation: Command | Query) -> Iterator[str]:
    """Every way an operation can be asked for."""
    if operation.ws:
        yield WEBSOCKET
    yield from routes_of(operation)
    if isinstance(operation, Query) and operation.archive:
        yield operation.http + downloads.ROUTE


async def ask_all(scene: Scene, operation: Command | Query, sample: Sample) -> AsyncIterator[Cell]:
    """All cells of one sample of an operation. Those who should be refused ask first, and must leave no trace in a room."""
    for over in transports(operation):
        asking = _Asking(scene, operation, sample, over)
        for target in sample.targets:
            wanted = {who: sample.but.get((who, target), expected(operation, who, target, sample.above)) for who in Caller}
            watched = target.room and isinstance(operation, Command)
            before = await scene.state(target) if watched else b""
            for caller in (who for who in Caller if wanted[who] != OK):
                yield await _cell(asking, caller, target, wanted[caller])
            if watched and before != await scene.state(target):
                yield Cell(operation.op, over, Caller.ANONYMOUS, target, "no change by those refused", "a change")
            for caller in (who for who in Caller if wanted[who] == OK):
                if sample.before and target.room:
                    await sample.before(scene, await scene.room(target))
                yield await _cell(asking, caller, target, OK)


async def _cell(asking: _Asking, caller: Caller, target: Target, wanted: str) -> Cell:
    answer = await asking.ask(caller, target, wanted)
    unlike = ""
    if answer.name == "not.found" and hidden(caller, target) and target is not Target.UNKNOWN:
        nothing = await asking.ask(caller, Target.UNKNOWN, wanted)
        unlike = "" if nothing.raw == answer.raw else f"{answer.raw!r} is not {nothing.raw!r}"
    return Cell(asking.operation.op, asking.over, caller, target, wanted, answer.name, unlike, answer.value)


class _Asking:
    """One operation over one transport."""

    def __init__(self, scene: Scene, operation: Command | Query, sample: Sample, over: str) -> None:
        self._scene = scene
        self.operation = operation
        self._sample = sample
        self.over = over

    async def ask(self, caller: Caller, target: Target, wanted: str) -> Answer:
        """Ask one question, and put back what an accepted one used up. ``wanted``: whether there must be what it takes."""
        person = await self._person(caller)
        id = await self._object(person, target, wanted != OK)
        answer = await self._said(caller, person, self._sample.d(Ask(self._scene, person, id)))
        if answer.name == OK and self._sample.spends:
            await self._scene.forget(target)
        return answer

    async def _person(self, caller: Caller) -> Person | None:
        if caller is Caller.ANONYMOUS:
            return None
        if caller is Caller.SUSPENDED:
            return self._scene.people[caller]
        person = await self._scene.newcomer(caller) if self._sample.renews else self._scene.people[caller]
        if self._sample.account and caller is not Caller.GUEST:
            await self._scene.account(person)
        return person

    async def _object(self, person: Person | None, target: Target, refused: bool) -> str:
        """The id to ask for; objects that are not used up are shared."""
        scene, make = self._scene, self._sample.make
        match target:
            case Target.PUBLIC | Target.CLOSED | Target.PRIVATE:
                return await scene.room(target)
            case Target.MESSAGE:
                return await scene.message()
            case Target.USER:
                return scene.passer.id
        if make is None or target in (Target.UNKNOWN, Target.NO_USER, Target.NOTHING):
            return self._sample.nobody
        if target is Target.FOREIGN or refused or (target is Target.ANY and not self._sample.spends):
            if self.operation.op not in scene.foreign:
                scene.foreign[self.operation.op] = await make(scene, scene.stranger)
            return scene.foreign[self.operation.op]
        return await make(scene, person if person and target is Target.OWN else scene.stranger)

    async def _said(self, caller: Caller, person: Person | None, d: dict[str, object]) -> Answer:
        operation, scene = self.operation, self._scene
        if self.over != WEBSOCKET:
            return await scene.http.ask(self.over, person.token if person else None, d)
        if person and caller is not Caller.SUSPENDED and operation.op != "connect":
            if not person.line.alive:
                person.line = await scene.line(person.token)
            return await person.line.ask(operation.op, d)
        line = await Line.open(scene.server.url)
        try:
            if person and operation.op != "connect":
                return await line.ask("connect", {"token": person.token})
            return await line.ask(operation.op, d)
        finally:
            await line.close()
