"""A company of simulated people around one place: they arrive, make rooms, walk, talk, answer visitors, and leave."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from random import Random
from typing import Final

import aiohttp

from fwber_rt.client import Client, Push, RequestError, guest
from fwber_rt.demo.cast import NAMES, ROOMS, label
from fwber_rt.demo.talk import HERE, Line, Manners, lines
from fwber_rt.demo.walk import Point, Walk, moved

REACH_M: Final = 800.0
STEP_S: Final = 4.0
TYPING_S: Final = 1.5
SLOW_S: Final = 3.0  # an answer comes after so long
CONSENT: Final = {"purpose": "location", "text_hash": "demo"}
FEWEST: Final = 4
UNTROUBLED: Final = frozenset({"not.found", "forbidden", "room.outside", "user.muted", "user.blocked", "location.required"})
"""Refusals that a visitor may bring about, who moderates a room, or a walk out of one."""

Sleep = Callable[[float], Awaitable[None]]


class Company:
    """``people`` guests of the server at ``url`` around ``home``. ``crowd``: ids of all simulated people, added to.

    ``run`` until it is cancelled; raises ClientError or RequestError when the server does not let them be.
    """

    def __init__(
        self, url: str, home: Point, people: int, rng: Random, crowd: set[str], *, sleep: Sleep = asyncio.sleep, first: int = 0
    ) -> None:
        if people < FEWEST:
            raise ValueError(f"a company has at least {FEWEST} people")
        self.home = home
        self._url = url
        self._rng = rng
        self._crowd = crowd
        self._sleep = sleep
        names = rng.sample(NAMES, len(NAMES))
        self._names = [label(names[n % len(NAMES)], first + n) for n in range(people)]
        self._walks = [Walk(rng, home, REACH_M) for _ in range(people)]
        self._manners = Manners(rng)
        self._clients: list[Client] = []
        self._rooms: list[str] = []
        self._said: asyncio.Queue[tuple[int, Push]] = asyncio.Queue(maxsize=100)

    async def run(self) -> None:
        """Come, be there until cancelled, and go."""
        try:
            await self._arrive()
            members = await self._settle()
            async with asyncio.TaskGroup() as life:
                life.create_task(self._keep_walking())
                life.create_task(self._keep_talking(members))
                life.create_task(self._keep_answering())
        finally:
            await self._leave()

    # Coming and going.

    async def _arrive(self) -> None:
        async with aiohttp.ClientSession() as session:
            for number, name in enumerate(self._names):
                me = await guest(self._url, name, consent=CONSENT, session=session)
                self._crowd.add(str(me.user["user"]))
                await self._connect(number, me.token)

    async def _connect(self, number: int, token: str) -> None:
        lat, lng = self._walks[number].at
        client = Client(
            self._url, token, name="fwber-rt-demo", location={"lat": lat, "lng": lng, "accuracy_m": 10},
            on_push=lambda push: self._hear(number, push), rate_wait_s=10,
        )  # fmt: skip
        self._clients.append(client)
        await client.connect()

    async def _settle(self) -> list[list[int]]:
        """The rooms, each made by somebody else, and everybody in one or two of them; who is in which."""
        members: list[list[int]] = []
        for number, place in enumerate(ROOMS):
            lat, lng = moved(self.home, place.north_m, place.east_m)
            made = await self._clients[number].create_room(
                place.name, lat, lng, place.radius_m, kind=place.kind, description=place.description, tags=["demo"]
            )
            self._rooms.append(made["room"])
            members.append([number, *await self._join(number, made["room"])])
        return members

    async def _join(self, owner: int, room: str) -> list[int]:
        joined: list[int] = []
        for number, client in enumerate(self._clients):
            if number != owner and (number % len(ROOMS) == owner or self._rng.random() < 1 / len(ROOMS)):
                await client.join(room, accept_precise=True)
                joined.append(number)
        return joined

    async def _leave(self) -> None:
        await asyncio.gather(*(client.close() for client in self._clients), return_exceptions=True)

    async def dismiss(self, number: int) -> None:
        """Send one of them home; the others follow."""
        await self._clients[number].close()

    # Being there.

    async def _keep_walking(self) -> None:
        pause_s = STEP_S / len(self._clients)
        while True:
            for walk, client in zip(self._walks, self._clients, strict=True):
                await self._sleep(pause_s)
                await client.location(*walk.step(STEP_S))

    async def _keep_talking(self, members: list[list[int]]) -> None:
        for line in lines(self._rng, members, range(len(self._clients))):
            await self._sleep(line.after_s)
            await self._speak(line)

    async def _speak(self, line: Line) -> None:
        client = self._clients[line.speaker]
        try:
            if line.channel == HERE:
                await client.say(line.text)
                return
            room = self._rooms[line.channel]
            await client.typing(room)
            await self._sleep(TYPING_S)
            await client.send(room, line.text)
        except RequestError as refusal:
            if refusal.temporary or refusal.name not in UNTROUBLED:
                raise

    # Visitors.

    def _hear(self, number: int, push: Push) -> None:
        """A visitor's words, of which one answer is made; those of the crowd are nothing new."""
        if push.t in ("message.new", "here.message") and push.d["user"] not in self._crowd and not self._said.full():
            self._said.put_nowait((number, push))

    async def _keep_answering(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            number, push = await self._said.get()
            text = self._manners.answer(push.d["mid"], loop.time())
            if text is not None:
                await self._sleep(SLOW_S)
                await self._answer(number, push, text)

    async def _answer(self, number: int, push: Push, text: str) -> None:
        try:
            if push.t == "here.message":
                await self._clients[number].say(text)
            else:
                await self._clients[number].send(str(push.s).partition(":")[2], text, reply_to=push.d["mid"])
        except RequestError as refusal:
            if refusal.temporary or refusal.name not in UNTROUBLED:
                raise
