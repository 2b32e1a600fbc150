"""A lively place made quickly: people of the Python client, their rooms and what was said in them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from random import Random
from typing import Final

from fwber_rt.client import Client, guest
from fwber_rt.demo.cast import EXCHANGES, NAMES, ROOMS
from fwber_rt.demo.walk import Point, Walk, moved

CONSENT: Final = {"purpose": "location", "text_hash": "scene"}


class Scene:
    """Who is there, and the rooms' ids by name."""

    def __init__(self, url: str, place: Point) -> None:
        self.url = url
        self.place = place
        self.people: list[Client] = []
        self.rooms: dict[str, str] = {}
        self._hands: dict[str, Client] = {}

    async def enter(self, name: str, at: Point | None = None) -> Client:
        """Somebody more, on the map."""
        me = await guest(self.url, name, consent=CONSENT)
        lat, lng = at or self.place
        client = Client(self.url, me.token, location={"lat": lat, "lng": lng}, on_push=lambda push: None, rate_wait_s=10)
        self.people.append(client)
        await client.connect()
        return client

    async def gather(self, count: int) -> None:
        """People in the hexagons around, three rooms, and talk in them and in the open."""
        rng = Random(7)
        for name in NAMES[:count]:
            await self.enter(name, Walk(rng, self.place, 900).at)
        for number, (room, exchange) in enumerate(zip(ROOMS, EXCHANGES, strict=False)):
            name = room.name.removeprefix("Demo: ").capitalize()
            owner = self.people[number]
            made = await owner.create_room(
                name, *moved(self.place, room.north_m, room.east_m), room.radius_m, kind=room.kind, description=room.description
            )
            self.rooms[name] = made["room"]
            members = [owner, *(self.people[(number + step) % count] for step in (1, 2, 3))]
            for member in members[1:]:
                await member.join(made["room"], accept_precise=True)
            for who, text in exchange:
                await members[who].send(made["room"], text)
        for who, text in EXCHANGES[8]:
            await self.people[who].say(text)

    async def hand(self, token: str) -> Client:
        """One more connection of somebody who is at a browser: for doing quickly what the page could do."""
        if token not in self._hands:
            self._hands[token] = Client(self.url, token, on_push=lambda push: None, rate_wait_s=10)
            await self._hands[token].connect()
        return self._hands[token]

    async def close(self) -> None:
        for client in [*self.people, *self._hands.values()]:
            await client.close()


@asynccontextmanager
async def lively(url: str, place: Point, count: int = 12) -> AsyncIterator[Scene]:
    """The scene, for as long as it is needed."""
    scene = Scene(url, place)
    try:
        await scene.gather(count)
        yield scene
    finally:
        await scene.close()
