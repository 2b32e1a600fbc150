"""Warnings, and silence for a time."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fwber_rt.core import audit
from fwber_rt.core.people import Person
from fwber_rt.errors import Refused
from fwber_rt.features.safety import feature, schema
from tests.features.conftest import Town, d

LATER_MS = 60_000


@pytest.fixture
def pair(town: Town) -> tuple[Person, Person]:
    """An administrator, and Ann."""
    boss, ann = town.person("Boss"), town.person("Ann")
    town.disk[schema.SELECT_USER] = [(msgspec.json.encode({"name": "Ann"}),)]
    return boss, ann


def until(town: Town) -> int:
    return town.clock.now().wall + LATER_MS


async def act(town: Town, boss: Person, op: str, user: int, **fields: Any) -> Any:
    return await town.do_loading(boss, op, user=str(user), **fields)


async def test_a_warning_is_for_the_user_alone_and_stays(town: Town, pair: tuple[Person, Person]) -> None:
    boss, ann = pair
    await act(town, boss, "user.warn", ann.id, text="Be kind.")
    [push] = town.take("user.warned")
    [(id, *_)] = [params for sql, params in town.rows if sql == schema.INSERT_WARNING.sql]
    assert (push.to, push.o, d(push)) == (f"user:{ann.id}", 1, {"text": "Be kind.", "warning": str(id)})
    [event] = [params for sql, params in town.rows if "INTO events" in sql]
    assert event[3] == ann.id, "under the user's own key, and nobody's name in it"
    assert str(boss.id).encode() not in event[5]


async def test_who_is_silenced_says_nothing_anywhere_until_the_time_is_over(town: Town, pair: tuple[Person, Person]) -> None:
    boss, ann = pair
    room = town.do(ann, "room.create", name="R", lat=31.49, lng=120.31, radius_m=1000).room
    end = until(town)
    assert (await act(town, boss, "user.silence", ann.id, until=end, reason="Spam")).until == end
    [push] = town.take("user.silenced")
    assert d(push) == {"until": end, "reason": "Spam"}
    for op, fields in (("message.send", {"room": room}), ("here.say", {})):
        with pytest.raises(Refused, match=r"user\.muted") as caught:
            town.do(ann, op, text="hello", **fields)
        assert 0 < caught.value.retry_after_ms <= LATER_MS
    town.do(boss, "here.say", text="others may")
    town.clock.advance(LATER_MS / 1000)
    town.do(ann, "here.say", text="hello")


async def test_a_silence_is_lifted(town: Town, pair: tuple[Person, Person]) -> None:
    boss, ann = pair
    await act(town, boss, "user.silence", ann.id, until=until(town))
    assert (await act(town, boss, "user.unsilence", ann.id)).until is None
    assert [d(push)["until"] for push in town.take("user.silenced")][-1] is None
    town.do(ann, "here.say", text="hello")
    await act(town, boss, "user.unsilence", ann.id)
    assert town.take("user.silenced") == [], "again is no error, and no news"


async def test_silence_outlives_a_restart_and_not_an_erasure(town: Town, pair: tuple[Person, Person]) -> None:
    _, ann = pair

    class Stored:
        def all(self, sql: str, params: Any = ()) -> list[tuple[int, int]]:
            return [(ann.id, until(town))] if sql == schema.SELECT_SILENCES else []

        def open(self, *_: Any) -> None:
            return None

    assert feature.state.load and feature.state.forget
    feature.state.load(town.world, Stored())
    with pytest.raises(Refused, match=r"user\.muted"):
        town.do(ann, "here.say", text="hello")
    feature.state.forget(town.world, ann.id, town.clock.now())
    assert town.world.silenced == {}


async def test_every_sanction_is_logged(town: Town, pair: tuple[Person, Person]) -> None:
    boss, ann = pair
    await act(town, boss, "user.warn", ann.id, text="Be kind.")
    await act(town, boss, "user.silence", ann.id, until=until(town), reason="Spam")
    await act(town, boss, "user.unsilence", ann.id)
    entries = [params[2:] for sql, params in town.rows if sql == audit.INSERT_ENTRY.sql]
    assert [(by, op, whom, reason) for by, op, _, _, whom, reason in entries] == [
        (boss.id, "user.warn", ann.id, b"Be kind."), (boss.id, "user.silence", ann.id, b"Spam"),
        (boss.id, "user.unsilence", ann.id, None),
    ]  # fmt: skip


async def test_what_cannot_be_done(town: Town, pair: tuple[Person, Person]) -> None:
    boss, ann = pair
    for fields, error in (({"until": town.clock.now().wall}, "field.invalid"), ({"until": 1 << 52, "reason": "x"}, "")):
        if error:
            with pytest.raises(Refused, match=error):
                await act(town, boss, "user.silence", ann.id, **fields)
        else:
            assert await act(town, boss, "user.silence", ann.id, **fields)
    with pytest.raises(Refused, match=r"field\.invalid"):
        await act(town, boss, "user.warn", boss.id, text="Me")
    town.disk[schema.SELECT_USER] = []
    with pytest.raises(Refused, match=r"not\.found"):
        await act(town, boss, "user.warn", 4242, text="Nobody")
    town.disk[schema.SELECT_USER] = [(b"{}",)]
    town.world.erased.add(ann.id)
    with pytest.raises(Refused, match=r"not\.found"):
        await act(town, boss, "user.warn", ann.id, text="Gone")
