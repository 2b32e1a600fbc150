from __future__ import annotations

from typing import Any

import pytest

from fwber_rt.errors import Refused
from fwber_rt.features.messages import retention, schema
from tests.features.conftest import STEP, WUXI, Town, d

FAR = (WUXI[0] + 5 * STEP, WUXI[1])


def room_of(town: Town, *names: str) -> tuple[str, list[Any]]:
    owner = town.person("Owner")
    room = town.do(owner, "room.create", name="R", lat=WUXI[0], lng=WUXI[1], radius_m=1000).room
    people = [town.person(name) for name in names]
    for person in people:
        town.do(person, "room.join", room=room)
    return room, [owner, *people]


def test_send_stores_and_pushes_the_same_message(town: Town) -> None:
    room, [ann] = room_of(town)
    sent = town.do(ann, "message.send", room=room, text="hello")
    [push] = town.take("message.new")
    assert (push.to, push.o) == (sent.s, sent.o) == (f"room:{room}", 1)
    assert d(push) == {
        "mid": sent.mid,
        "user": str(ann.id),
        "ts": sent.ts,
        "name": "Owner",
        "content": {"kind": "text", "text": "hello"},
    }


def test_only_members_with_a_known_place_send(town: Town) -> None:
    room, [ann] = room_of(town)
    with pytest.raises(Refused, match="forbidden"):
        town.do(town.person("Bob"), "message.send", room=room, text="x")
    with pytest.raises(Refused, match="not.found"):
        town.do(ann, "message.send", room="1", text="x")
    town.do(ann, "location.clear")
    with pytest.raises(Refused, match="location.required"):
        town.do(ann, "message.send", room=room, text="x")
    assert town.take("message.new") == []


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({}, "field.invalid"), ({"text": ""}, "field.invalid"), ({"text": " \n"}, "field.invalid"),
        ({"text": "a\0"}, "field.invalid"),
        ({"text": "x" * 2001}, "too.large"), ({"text": "x", "content": {"text": "y"}}, "field.invalid"),
        ({"content": {"kind": "sealed", "text": "y"}}, "content.rejected"),
    ],
)  # fmt: skip
def test_bad_content_is_refused_by_name(town: Town, fields: dict[str, Any], name: str) -> None:
    room, [ann] = room_of(town)
    head = town.world.rooms[int(room)].stream.head
    with pytest.raises(Refused, match=name):
        town.do(ann, "message.send", room=room, **fields)
    assert town.world.rooms[int(room)].stream.head == head


def test_a_repeated_nonce_answers_the_first_ack(town: Town) -> None:
    room, [ann, bob] = room_of(town, "Bob")
    first = town.do(ann, "message.send", room=room, text="a", nonce="n")
    again = town.do(ann, "message.send", room=room, text="a", nonce="n")
    assert again.dup and not first.dup
    assert (again.mid, again.o, again.ts, again.epoch) == (first.mid, first.o, first.ts, first.epoch)
    assert not town.do(bob, "message.send", room=room, text="b", nonce="n").dup
    assert not town.do(ann, "here.say", text="a", nonce="n").dup
    assert len(town.take("message.new")) == 2


def test_a_nonce_for_here_holds_across_hexagons(town: Town) -> None:
    ann = town.person("Ann")
    first = town.do(ann, "here.say", text="a", nonce="n")
    town.move(ann, *FAR)
    again = town.do(ann, "here.say", text="a", nonce="n")
    assert again.dup and again.s == first.s


async def test_nonces_of_before_a_restart_are_looked_up(town: Town) -> None:
    ann = town.person("Ann")
    ann.nonces_complete = False
    town.disk[schema.SENT_LATELY] = [("here", "n2", 12, "cell:x", 2, "e", 8), ("here", "n1", 11, "cell:x", 1, "e", 7)]
    again = await town.do_loading(ann, "here.say", text="a", nonce="n1")
    assert again.dup and (again.mid, again.o, again.ts) == ("11", 1, 7)
    assert town.loads == ["here.say"]
    assert not (await town.do_loading(ann, "here.say", text="a", nonce="n3")).dup
    assert town.loads == ["here.say"], "one look suffices"


async def test_retry_looks_beyond_what_memory_holds(town: Town) -> None:
    ann = town.person("Ann")
    town.disk[schema.SENT_ONCE] = [("here", "old", 5, "cell:x", 3, "e", 9)]
    again = await town.do_loading(ann, "here.say", text="a", nonce="old", retry=True)
    assert again.dup and again.mid == "5"
    town.disk.clear()
    assert not (await town.do_loading(ann, "here.say", text="a", nonce="new", retry=True)).dup
    assert (await town.do_loading(ann, "here.say", text="a", nonce="new", retry=True)).dup
    assert town.loads == ["here.say"] * 2


def test_memory_holds_the_last_256_nonces(town: Town) -> None:
    ann = town.person("Ann")
    for n in range(257):
        town.do(ann, "here.say", text="a", nonce=str(n))
    assert ann.nonces is not None and len(ann.nonces) == 256 and ("here", "0") not in ann.nonces


def test_here_goes_to_the_disclosed_hexagon(town: Town) -> None:
    ann = town.person("Ann")
    sent = town.do(ann, "here.say", text="hi")
    assert sent.s == town.world.cell_name(ann.disclosed) and sent.o == 1
    assert next(sql for sql, _ in town.rows[-4:]).startswith("INSERT INTO streams"), "the stream's row comes with its first event"
    assert town.do(ann, "here.say", text="hi").o == 2


def test_typing_reaches_the_room_and_is_kept_nowhere(town: Town) -> None:
    room, [ann] = room_of(town)
    rows = len(town.rows)
    town.do(ann, "typing", room=room)
    [push] = town.take("typing")
    assert push.volatile and push.o is None and len(town.rows) == rows
    with pytest.raises(Refused, match="forbidden"):
        town.do(town.person("Bob"), "typing", room=room)


def test_read_markers_are_shared_on_the_tick_and_only_if_asked(town: Town) -> None:
    room, [ann, bob] = room_of(town, "Bob")
    town.do(ann, "message.send", room=room, text="a")
    town.do(bob, "read.mark", room=room, o=1)
    town.due()
    assert town.take("read") == []
    town.do(bob, "read.mark", room=room, o=2, share=True)
    assert town.take("read") == []
    town.due()
    assert [d(push) for push in town.take("read")] == [{"user": str(bob.id), "o": 2}]
    with pytest.raises(Refused, match="conflict"):
        town.do(bob, "read.mark", room=room, o=99)


async def test_retention_cuts_and_retires_in_a_new_generation(town: Town) -> None:
    ann = town.person("Ann")
    sent = town.do(ann, "here.say", text="hi")
    stream = town.world.streams[sent.s]
    town.disk[retention.FIRST_KEPT] = [(None,)]
    town.clock.advance(2 * 86_400)
    await retention.sweep(town.world, town.clock.now(), town)
    assert stream.first == 2 and sent.s in town.world.streams, "somebody hears it"
    town.do(ann, "location.clear")
    effects = await retention.sweep(town.world, town.clock.now(), town)
    assert sent.s not in town.world.streams
    assert [row.statement.sql.split()[0] for effect in effects for row in effect.rows] == ["DELETE", "UPDATE"]
    assert town.world.current_epoch == "e1-1"
    town.do(ann, "location.update", lat=WUXI[0], lng=WUXI[1])
    assert town.do(ann, "here.say", text="again").epoch == "e1-1"


async def test_retention_keeps_what_is_young_and_living_rooms(town: Town) -> None:
    room, [ann] = room_of(town)
    town.do(ann, "message.send", room=room, text="a")
    town.disk[retention.FIRST_KEPT] = [(1,)]
    assert await retention.sweep(town.world, town.clock.now(), town) == []
    town.disk[retention.FIRST_KEPT] = [(None,)]
    town.clock.advance(40 * 86_400)
    await retention.sweep(town.world, town.clock.now(), town)
    assert town.world.rooms[int(room)].stream.first == 2 and f"room:{room}" in town.world.streams
