from __future__ import annotations

from typing import Any

import msgspec
import pytest

from fwber_rt.core.effects import Push
from fwber_rt.core.ids import LARGEST
from fwber_rt.core.people import Actor, Person
from fwber_rt.errors import Refused
from fwber_rt.features.safety import between, schema
from fwber_rt.features.safety.schema import BLOCK, MUTE
from fwber_rt.registry import Query, Reader
from tests.features.conftest import WUXI, Town, d

NOBODY = 4242


async def ask(town: Town, person: Person, op: str, reader: Reader | None = None, **fields: Any) -> Any:
    """The reply of a query, as decoded JSON."""
    query = town.registry.operations[op]
    assert isinstance(query, Query)
    request = msgspec.convert(fields, query.request)
    reply = await query.handler(town.world, Actor(person, person.kind), request, town.clock.now(), reader or town)
    return msgspec.json.decode(msgspec.json.encode(reply))


def room_of(town: Town, *people: Person) -> str:
    room: str = town.do(people[0], "room.create", name="R", lat=WUXI[0], lng=WUXI[1], radius_m=1000).room
    for person in people[1:]:
        town.do(person, "room.join", room=room)
    return room


def reached(push: Push, *people: Person) -> list[str]:
    """Who of these people the push is for."""
    without = push.audience.without if push.audience else frozenset()
    return [person.name for person in people if person.id not in without]


class TestBlock:
    def test_is_two_way(self, town: Town) -> None:
        ann, bob, eve = town.person("Ann"), town.person("Bob"), town.person("Eve")
        relation = town.do(ann, "user.block", user=str(bob.id))
        assert (relation.user, relation.blocked, relation.muted) == (str(bob.id), True, False)
        assert (ann.hidden, bob.hidden, eve.hidden) == ({bob.id}, {ann.id}, set())
        assert (ann.deaf, bob.deaf) == ({bob.id}, {ann.id})
        assert ann.audience and bob.audience and not eve.audience
        assert (ann.audience.without, bob.audience.without) == ({bob.id}, {ann.id})

    def test_is_stored_with_its_note(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        town.do(ann, "user.block", user=str(bob.id), note="rude")
        assert town.rows[-1] == (schema.SET_RELATION.sql, (ann.id, BLOCK, bob.id, town.clock.now().wall, b"rude"))
        [seal] = schema.SET_RELATION.seals
        assert (seal.param, seal.owner, seal.bind) == (4, 0, (1, 2))
        town.do(ann, "user.block", user=str(bob.id))
        assert town.rows[-1][1][4] is None, "again changes the note"

    @pytest.mark.parametrize("op", ["user.block", "user.unblock", "user.mute", "user.unmute"])
    def test_tells_not_whether_there_is_such_a_user(self, town: Town, op: str) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        town.do(bob, "user.block", user=str(ann.id))

        def answered(id: int) -> Any:
            rows = len(town.rows)
            reply = msgspec.to_builtins(town.do(ann, op, user=str(id)))
            written = [(sql, [value for value in params if value != id]) for sql, params in town.rows[rows:]]
            assert reply.pop("user") == str(id)
            return reply, written

        assert answered(bob.id) == answered(NOBODY) == answered(LARGEST)

    @pytest.mark.parametrize("id", ["0", str(LARGEST + 1), "9" * 20])
    def test_what_is_no_id_is_refused(self, town: Town, id: str) -> None:
        ann, rows = town.person("Ann"), len(town.rows)
        for op in ("user.block", "user.unblock", "user.mute", "user.unmute"):
            with pytest.raises(Refused, match="field.invalid"):
                town.do(ann, op, user=id)
        assert len(town.rows) == rows and not ann.deaf

    def test_nobody_blocks_or_mutes_themselves(self, town: Town) -> None:
        ann = town.person("Ann")
        for op in ("user.block", "user.mute"):
            with pytest.raises(Refused, match="field.invalid"):
                town.do(ann, op, user=f"00{ann.id}")
        assert not ann.hidden and not ann.deaf

    def test_a_note_is_text(self, town: Town) -> None:
        ann = town.person("Ann")
        with pytest.raises(Refused, match="field.invalid"):
            town.do(ann, "user.block", user="7", note="\u202e")
        with pytest.raises(msgspec.ValidationError):
            town.do(ann, "user.block", user="7", note="x" * 201)
        assert not ann.hidden

    def test_taking_it_back_leaves_theirs(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        town.do(ann, "user.block", user=str(bob.id))
        town.do(bob, "user.block", user=str(ann.id))
        assert town.do(ann, "user.unblock", user=str(bob.id)).blocked is False
        assert (ann.hidden, bob.hidden) == ({bob.id}, {ann.id})
        assert town.rows[-1] == (schema.DELETE_RELATION.sql, (ann.id, BLOCK, bob.id))
        town.do(bob, "user.unblock", user=str(ann.id))
        assert not ann.hidden and not bob.hidden and not ann.audience

    def test_my_other_devices_are_told_and_nobody_else(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        ann.sessions, bob.sessions = ["phone", "laptop"], ["bobs"]
        town.take("")
        town.do(ann, "user.block", "phone", user=str(bob.id))
        assert [push.t for push in town.pushes] == ["relation"], "nothing at all for the one who is blocked"
        [push] = town.take("relation")
        assert (push.to, d(push)) == (f"user:{ann.id}", {"user": str(bob.id), "blocked": True, "muted": False})
        ann.sessions = ["phone"]
        town.do(ann, "user.unblock", "phone", user=str(bob.id))
        assert town.take("relation") == []


class TestMute:
    def test_is_one_way(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        assert town.do(ann, "user.mute", user=str(bob.id)).muted
        assert (ann.deaf, bob.deaf, ann.hidden, bob.hidden) == ({bob.id}, set(), set(), set())
        assert bob.audience and bob.audience.without == {ann.id} and not ann.audience
        assert town.rows[-1][1][:3] == (ann.id, MUTE, bob.id)
        assert not town.do(ann, "user.unmute", user=str(bob.id)).muted
        assert not ann.deaf and not bob.audience

    def test_stays_under_a_block(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        town.do(ann, "user.mute", user=str(bob.id))
        relation = town.do(ann, "user.block", user=str(bob.id))
        assert relation.blocked and relation.muted
        town.do(ann, "user.unblock", user=str(bob.id))
        assert (ann.deaf, bob.deaf) == ({bob.id}, set())


@pytest.mark.parametrize(("op", "undo", "setting"), [
    ("user.block", "user.unblock", between.BLOCKS), ("user.mute", "user.unmute", between.MUTES),
])  # fmt: skip
def test_as_many_as_the_setting_says(op: str, undo: str, setting: Any) -> None:
    town = Town(**{setting.name: 2})
    ann = town.person("Ann")
    for user in ("7", "8"):
        town.do(ann, op, user=user)
    with pytest.raises(Refused, match="relations.full"):
        town.do(ann, op, user="9")
    assert ann.deaf == {7, 8}
    town.do(ann, op, user="8")
    town.do(ann, "user.mute" if op == "user.block" else "user.block", user="9")
    town.do(ann, undo, user="7")
    town.do(ann, op, user="9")
    assert setting.default == 1000


async def test_lists_give_back_ids_and_notes(town: Town) -> None:
    ann, bob = town.person("Ann"), town.person("Bob")
    town.disk[schema.SELECT_RELATED] = [(7, 70, None), (bob.id, 80, b"rude"), (NOBODY, 90, None)]
    page = await ask(town, ann, "user.blocks", limit=2)
    assert page == {"users": [{"user": "7", "at": 70}, {"user": str(bob.id), "at": 80, "note": "rude"}], "next": str(bob.id)}
    assert "next" not in await ask(town, ann, "user.mutes", limit=3)
    with pytest.raises(Refused, match="field.invalid"):
        await ask(town, ann, "user.blocks", cursor="x")


def test_the_world_starts_with_all_of_them(town: Town) -> None:
    class Rows:
        def all(self, sql: str, params: Any = ()) -> list[tuple[int, ...]]:
            assert sql == schema.SELECT_RELATIONS
            return [(1, BLOCK, 2), (3, MUTE, 4)]

        def open(self, owner: int, sealed: bytes | None, bound: Any) -> None:
            raise AssertionError

    between.load(town.world, Rows())
    relations = town.world.relations
    assert (relations.hidden(2), relations.deaf(3), relations.deaf(4)) == ({1}, {4}, set())
    assert relations.parted() == []


def test_erasing_somebody_ends_what_they_chose_and_nothing_else(town: Town) -> None:
    ann, bob, eve = town.person("Ann"), town.person("Bob"), town.person("Eve")
    town.do(ann, "user.block", user=str(bob.id))
    town.do(ann, "user.mute", user=str(eve.id))
    town.do(eve, "user.block", user=str(ann.id))
    assert between.forget(town.world, ann.id, town.clock.now()) == []
    assert not bob.hidden and not bob.audience
    assert eve.hidden == {ann.id}, "that it goes would tell Eve that there was somebody of that id"
    assert town.world.relations.blocked_by(eve.id) == {ann.id}
    assert between.forget(town.world, ann.id, town.clock.now()) == []


class TestElsewhere:
    """What a block and a mute do in the features that show people."""

    def test_everything_one_says_goes_past_the_other(self, town: Town) -> None:
        ann, bob, eve = town.person("Ann"), town.person("Bob"), town.person("Eve")
        room = room_of(town, eve, ann)
        town.do(ann, "user.block", user=str(bob.id))
        town.do(bob, "room.join", room=room)
        town.do(bob, "message.send", room=room, text="a")
        town.do(bob, "here.say", text="a")
        town.do(bob, "typing", room=room)
        town.do(bob, "read.mark", room=room, o=1, share=True)
        town.due()
        town.do(bob, "room.leave", room=room)
        for t in ("member.join", "message.new", "here.message", "typing", "read", "member.leave"):
            [push] = [push for push in town.pushes if push.t == t and push.by in (bob.id, 0) and "Ann" not in str(d(push))][-1:]
            assert push.by == bob.id, t
            assert reached(push, ann, bob, eve) == ["Bob", "Eve"], t

    def test_a_mute_stops_words_and_leaves_people(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        room = room_of(town, ann, bob)
        town.do(ann, "user.mute", user=str(bob.id))
        town.do(bob, "message.send", room=room, text="a")
        town.do(ann, "message.send", room=room, text="a")
        town.do(bob, "room.leave", room=room)
        [left] = [push for push in town.pushes if push.t == "member.leave"]
        assert left.audience is None, "that they went is nothing they say"
        town.do(bob, "room.join", room=room)
        his, hers = town.take("message.new")
        assert (reached(his, ann, bob), reached(hers, ann, bob)) == (["Bob"], ["Ann", "Bob"])
        assert town.do(ann, "room.get", room=room).members == 2

    def test_what_a_room_becomes_is_told_to_all_in_the_same_bytes(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        room = room_of(town, ann, bob)
        town.do(ann, "user.block", user=str(bob.id))
        town.do(ann, "room.update", room=room, name="New")
        [push] = town.take("room.update")
        assert push.audience is None and push.by == 0
        assert "members" not in d(push)["room"] and d(push)["room"]["owner"] == str(ann.id)

    def test_joining_and_leaving_tell_no_count(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        room = room_of(town, ann, bob)
        town.do(bob, "room.leave", room=room)
        assert not [push for push in town.pushes if push.t.startswith("member.") and "members" in d(push)]

    def test_counts_are_of_those_one_may_see(self, town: Town) -> None:
        people = [town.person(str(n)) for n in range(7)]
        ann, bob, *_ = people
        room = room_of(town, *people)
        out = town.person("Out")
        assert town.do(out, "room.get", room=room).members == 7
        town.do(ann, "user.block", user=str(bob.id))
        town.do(ann, "user.block", user=str(NOBODY))
        for person, count in ((ann, 6), (bob, 6), (people[2], 7), (out, 7)):
            assert town.do(person, "room.get", room=room).members == count
            assert town.do(person, "nearby.rooms").rooms[0].members == count
        assert town.do(bob, "room.join", room=room).room.members == 6
        assert town.do(ann, "room.update", room=room, name="N").members == 6
        for person in people[:3]:
            town.do(out, "user.block", user=str(person.id))
        assert town.do(out, "room.get", room=room).members == "few"

    async def test_members_are_listed_without_them_and_pages_stay_full(self, town: Town) -> None:
        people = [town.person(name) for name in ("Ann", "Bob", "Eve", "Joe")]
        ann, bob, eve, joe = people
        room = room_of(town, *people)
        town.do(bob, "user.block", user=str(ann.id))
        page = await ask(town, ann, "room.members", room=room, limit=2)
        assert [member["name"] for member in page["members"]] == ["Ann", "Eve"] and page["next"] == str(eve.id)
        page = await ask(town, ann, "room.members", room=room, limit=2, cursor=page["next"])
        assert [member["name"] for member in page["members"]] == ["Joe"] and "next" not in page
        everybody = await ask(town, joe, "room.members", room=room)
        assert [member["name"] for member in everybody["members"]] == ["Ann", "Bob", "Eve", "Joe"]

    async def test_whoever_blocks_while_a_list_is_read_is_not_in_it(self, town: Town) -> None:
        ann, bob = town.person("Ann"), town.person("Bob")
        room = room_of(town, ann, bob)

        class Blocking(Town):
            async def all(self, sql: str, params: Any = ()) -> list[tuple[Any, ...]]:
                town.do(bob, "user.block", user=str(ann.id))
                return []

        del town.world.people[bob.id]  # so that the name must be read
        page = await ask(town, ann, "room.members", Blocking(), room=room)
        assert [member["name"] for member in page["members"]] == ["Ann"]

    async def test_nor_in_a_page_of_history(self, town: Town) -> None:
        ann, bob, eve = town.person("Ann"), town.person("Bob"), town.person("Eve")
        room = room_of(town, ann, bob, eve)

        class Blocking(Town):
            async def all(self, sql: str, params: Any = ()) -> list[tuple[Any, ...]]:
                town.do(bob, "user.block", user=str(ann.id))
                return [(9, o, who.id, None, o, 0) for o, who in ((7, bob), (8, eve))]

        page = await ask(town, ann, "message.history", Blocking(), room=room)
        assert [message["user"] for message in page["messages"]] == [str(eve.id)]
