from __future__ import annotations

import msgspec
import pytest

from fwber_rt.errors import Refused
from fwber_rt.features.rooms import targets
from tests.features.conftest import STEP, WUXI, Town
from tests.features.rooms.conftest import DAY_MS, Place


def test_a_private_room_is_entered_by_invitation_and_not_otherwise(private: Place) -> None:
    sam = private.stranger
    assert private.refused(sam, "room.join").error.name == "not.found"
    invited = private.do(private.moderator, "room.invite", sam)
    assert invited.until == private.wall + 30 * DAY_MS
    told = {"room": private.id, "user": str(private.moderator.id), "name": "Mo", "until": invited.until}
    [push] = private.town.pushes
    assert push.by == private.moderator.id  # and so under their key
    assert private.told(sam) == [("room.invited", told)]
    assert private.do(sam, "room.get").members == "few"
    private.do(sam, "room.join")
    assert sam.id in private.room.members and not private.room.invitations
    private.do(sam, "room.leave")
    assert private.refused(sam, "room.join").error.name == "not.found"  # it was for once


def test_an_invitation_does_not_reserve_a_place_or_move_the_fence(private: Place) -> None:
    sam = private.stranger
    private.do(private.owner, "room.invite", sam)
    private.do(private.owner, "room.update", max_members=4)
    assert private.refused(sam, "room.join").error.name == "room.full"
    private.do(private.owner, "room.update", max_members=5)
    private.town.move(sam, WUXI[0] + 5 * STEP, WUXI[1])
    assert private.refused(sam, "room.join").error.name == "room.outside"
    assert private.room.invitations  # still there


async def test_accept_and_decline_need_an_invitation(private: Place, closed: Place, place: Place) -> None:
    for op in ("room.invitation.accept", "room.invitation.decline"):
        assert private.refused(private.stranger, op).error.name == "not.found"
        assert closed.refused(closed.stranger, op).error.name == "conflict"
        assert place.refused(place.stranger, op).error.name == "conflict"
    for op in ("room.invitation.accept", "room.invitation.decline"):
        private.do(private.owner, "room.invite", private.stranger)
        private.do(private.stranger, op)
        assert (private.stranger.id in private.room.members) == (op == "room.invitation.accept")
        assert not private.room.invitations
        if op == "room.invitation.accept":
            private.do(private.stranger, "room.leave")
    assert private.refused(private.stranger, "room.get").error.name == "not.found"


async def test_each_sees_what_waits(private: Place) -> None:
    sam = private.stranger
    until = private.do(private.admin, "room.invite", sam).until
    page = await private.ask(private.moderator, "room.invitations")
    assert msgspec.to_builtins(page.invitations) == [
        {"user": str(sam.id), "name": "Sam", "at": private.wall, "until": until, "by": str(private.admin.id)}
    ]
    [mine] = (await private.ask(sam, "room.invitations.mine")).invitations
    assert (mine.room.room, mine.by, mine.name, mine.until) == (private.id, str(private.admin.id), "Ada", until)
    assert mine.room.s is None
    private.do(private.moderator, "room.uninvite", sam)
    assert (await private.ask(sam, "room.invitations.mine")).invitations == []
    assert private.refused(private.moderator, "room.uninvite", sam).error.name == "not.found"
    assert private.refused(sam, "room.join").error.name == "not.found"


async def test_pages(private: Place) -> None:
    people = [private.town.person(f"P{n}") for n in range(5)]
    for person in people:
        private.do(private.owner, "room.invite", person)
    found: list[str] = []
    cursor: str | None = ""
    for size in (2, 2, 1):
        page = await private.ask(private.owner, "room.invitations", limit=2, cursor=cursor)
        assert len(page.invitations) == size
        found += [each.user for each in page.invitations]
        cursor = page.next
    assert found == [str(person.id) for person in people]
    with pytest.raises(Refused, match="field.invalid"):
        await private.ask(private.owner, "room.invitations", cursor="x")


def test_inviting_twice_tells_once(private: Place) -> None:
    first = private.do(private.owner, "room.invite", private.stranger)
    private.town.clock.advance(60)
    assert private.do(private.owner, "room.invite", private.stranger) == first
    assert private.do(private.admin, "room.invite", private.stranger) == first
    assert len(private.told(private.stranger)) == 1


@pytest.mark.parametrize("who", ["member", "owner"])
def test_whoever_is_in_is_not_invited(private: Place, who: str) -> None:
    assert private.refused(private.admin, "room.invite", getattr(private, who)).error.name == "conflict"


async def test_whom_memory_does_not_know_is_looked_up(private: Place) -> None:
    town = private.town
    with pytest.raises(Refused, match="not.found") as refused:
        await town.do_loading(private.owner, "room.invite", room=private.id, user="777")
    assert refused.value.field == "user" and town.loads == ["room.invite"]
    town.disk[targets.SELECT_USER] = [(777, None)]  # erased
    with pytest.raises(Refused, match="not.found"):
        await town.do_loading(private.owner, "room.invite", room=private.id, user="777")
    town.disk[targets.SELECT_USER] = [(777, b'{"name":"Away"}')]
    assert (await town.do_loading(private.owner, "room.invite", room=private.id, user="777")).user == "777"
    assert 777 in private.room.invitations
    with pytest.raises(Refused, match="not.found"):
        await town.do_loading(private.owner, "room.invite", room=private.id, user="9" * 20)


def test_a_banned_user_is_not_invited(private: Place) -> None:
    private.do(private.owner, "room.ban", private.stranger)
    assert private.refused(private.owner, "room.invite", private.stranger).error.name == "conflict"


def test_an_invitation_ends(private: Place) -> None:
    private.do(private.owner, "room.invite", private.stranger)
    private.town.clock.advance(30 * 86_400 - 1)
    private.town.due()
    assert private.room.invitations
    private.town.clock.advance(2)
    private.town.due()
    assert not private.room.invitations
    assert private.refused(private.stranger, "room.join").error.name in ("not.found", "location.required")


@pytest.mark.parametrize("blocker", ["moderator", "stranger"])
async def test_between_blocked_people_it_is_silent(private: Place, blocker: str) -> None:
    mo, sam = private.moderator, private.stranger
    private.block(*((mo, sam) if blocker == "moderator" else (sam, mo)))
    other = private.town.person("Una")
    replies = [private.do(mo, "room.invite", whom) for whom in (other, sam)]
    assert replies[0].until == replies[1].until
    assert private.told(sam) == []
    assert private.refused(sam, "room.get").error.name == "not.found"
    assert private.refused(sam, "room.join").error.name == "not.found"
    assert private.refused(sam, "room.invitation.decline").error.name == "not.found"
    assert (await private.ask(sam, "room.invitations.mine")).invitations == []
    # Whoever invited sees both wait, the name as ever.
    waiting = (await private.ask(mo, "room.invitations")).invitations
    assert [(each.user, each.name) for each in waiting] == [(str(sam.id), "Sam"), (str(other.id), "Una")]
    # Somebody else's invitation comes through.
    private.do(private.admin, "room.invite", sam)
    assert [kind for kind, _ in private.told(sam)] == ["room.invited"]
    private.do(sam, "room.join")


async def test_a_block_undoes_what_waits_and_its_end_brings_it_back(private: Place) -> None:
    mo, sam = private.moderator, private.stranger
    private.do(mo, "room.invite", sam)
    private.block(sam, mo)
    assert private.refused(sam, "room.get").error.name == "not.found"
    assert (await private.ask(sam, "room.invitations.mine")).invitations == []
    private.do(mo, "room.uninvite", sam)  # they can take back what they see
    private.do(mo, "room.invite", sam)
    private.unblock(sam, mo)
    private.do(sam, "room.join")


def test_a_blocked_members_membership_is_not_given_away(private: Place) -> None:
    private.block(private.member, private.moderator)
    private.do(private.moderator, "room.invite", private.member)  # as if they were not in the room
    assert private.told(private.member) == []


async def test_somebody_elses_invitation_of_a_hidden_user_is_not_seen(private: Place) -> None:
    private.do(private.admin, "room.invite", private.stranger)
    private.block(private.stranger, private.moderator)
    assert (await private.ask(private.moderator, "room.invitations")).invitations == []
    assert private.refused(private.moderator, "room.uninvite", private.stranger).error.name == "not.found"


async def test_what_one_may_not_see_takes_no_place_on_a_page(town: Town) -> None:
    places = [Place(town, visibility="private") for _ in range(3)]
    sam = places[0].stranger
    for place in places:
        place.do(place.owner, "room.invite", sam)
    places[0].block(sam, places[0].owner)
    page = await places[0].ask(sam, "room.invitations.mine", limit=1)
    assert [each.room.room for each in page.invitations] == [places[1].id]
    page = await places[0].ask(sam, "room.invitations.mine", limit=1, cursor=page.next)
    assert [each.room.room for each in page.invitations] == [places[2].id] and page.next is None


async def test_what_changes_while_names_are_read_counts(private: Place) -> None:
    world, sam = private.town.world, private.stranger
    private.do(private.moderator, "room.invite", sam)
    private.do(private.admin, "room.invite", private.town.person("Una"))
    for person in (private.moderator, sam):
        del world.people[person.id]  # away: names are read
    private.while_reading(lambda: private.block(private.admin, sam))
    assert [each.name for each in (await private.ask(private.admin, "room.invitations")).invitations] == ["Una"]
    private.while_reading(lambda: private.block(private.moderator, sam))
    assert (await private.ask(sam, "room.invitations.mine")).invitations == []
    private.while_reading(lambda: private.do(private.owner, "room.role.set", private.admin, role="member"))
    private.unblock(private.admin, sam)
    with pytest.raises(Refused, match="forbidden"):
        await private.ask(private.admin, "room.invitations")


def test_an_owner_elsewhere_is_not_invited(private: Place) -> None:
    private.do(private.owner, "room.leave")
    assert private.refused(private.admin, "room.invite", private.owner).error.name == "conflict"


def test_a_muted_persons_invitation_waits_without_a_word(private: Place) -> None:
    private.town.world.relations.mute(private.stranger.id, private.moderator.id)
    private.town.world.relate(private.stranger.id)
    private.do(private.moderator, "room.invite", private.stranger)
    assert private.told(private.stranger) == []
    private.do(private.stranger, "room.join")


def test_a_room_has_so_many_invitations(town: Town) -> None:
    town.world.configure(town.world.settings.replaced({"rooms.invitations_per_room": 2}))
    place = Place(town, visibility="private")
    people = [town.person(f"P{n}") for n in range(3)]
    for person in people[:2]:
        place.do(place.owner, "room.invite", person)
    assert place.refused(place.owner, "room.invite", people[2]).error.name == "limit.reached"
    place.do(people[0], "room.invitation.decline")
    place.do(place.owner, "room.invite", people[2])


def test_a_user_has_so_many_and_the_count_tells_of_no_block(town: Town) -> None:
    town.world.configure(town.world.settings.replaced({"rooms.invitations_per_user": 2}))
    places = [Place(town, visibility="private") for _ in range(3)]
    sam, mo = places[0].stranger, places[0].moderator
    for place in places:
        town.world.add_member(place.room, mo, place.room.members[place.moderator.id])
    places[0].block(sam, mo)
    for place in places[:2]:
        place.do(mo, "room.invite", sam)
    assert places[2].refused(mo, "room.invite", sam).error.name == "limit.reached"  # as for anybody who does not answer
    places[2].do(places[2].owner, "room.invite", sam)  # but what Sam does not see does not fill Sam's box
    assert places[2].told(sam)


def test_the_place_of_somebody_higher_is_not_taken_back(place: Place) -> None:
    place.town.move(place.admin, WUXI[0] + STEP, WUXI[1])
    place.town.clock.advance(31)
    place.town.due()
    assert place.admin.id not in place.room.members and place.room.standing(place.admin.id).name == "ADMIN"
    assert place.refused(place.moderator, "room.uninvite", place.admin).error.name == "forbidden"
    place.do(place.owner, "room.uninvite", place.admin)
    assert place.room.standing(place.admin.id).name == "OUTSIDER"
