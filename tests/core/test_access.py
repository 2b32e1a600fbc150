from __future__ import annotations

import pytest

from fwber_rt.core.access import LEAST_ROLE, Kind, Role, allows, may_grant, outranks

MAY = {
    "room.read": {Role.MEMBER, Role.MODERATOR, Role.ADMIN, Role.OWNER},
    "room.send": {Role.MEMBER, Role.MODERATOR, Role.ADMIN, Role.OWNER},
    "room.update": {Role.ADMIN, Role.OWNER},
    "room.delete": {Role.OWNER},
    "room.invite": {Role.MODERATOR, Role.ADMIN, Role.OWNER},
    "room.admit": {Role.MODERATOR, Role.ADMIN, Role.OWNER},
    "room.kick": {Role.MODERATOR, Role.ADMIN, Role.OWNER},
    "room.mute": {Role.MODERATOR, Role.ADMIN, Role.OWNER},
    "room.ban": {Role.MODERATOR, Role.ADMIN, Role.OWNER},
    "room.role": {Role.ADMIN, Role.OWNER},
    "room.transfer": {Role.OWNER},
}


@pytest.mark.parametrize("action", LEAST_ROLE)
@pytest.mark.parametrize("role", Role)
def test_the_whole_matrix(role: Role, action: str) -> None:
    assert allows(role, action) == (role in MAY[action])


def test_nobody_acts_on_an_equal_or_a_higher_one() -> None:
    below = [(role, other) for role in Role for other in Role if outranks(role, other)]
    assert below == [(role, other) for role in Role for other in Role if other.value < role.value]
    assert not any(outranks(role, Role.OWNER) for role in Role)


def test_nobody_gives_what_they_are_themselves() -> None:
    granted = {role: {other for other in Role if may_grant(role, other)} for role in Role}
    assert granted == {
        Role.OUTSIDER: set(),
        Role.MEMBER: set(),
        Role.MODERATOR: {Role.MEMBER},
        Role.ADMIN: {Role.MEMBER, Role.MODERATOR},
        Role.OWNER: {Role.MEMBER, Role.MODERATOR, Role.ADMIN},
    }


def test_an_unknown_action_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        allows(Role.OWNER, "room.sell")


def test_the_numbers_are_stored_and_never_change() -> None:
    assert {role.name: role.value for role in Role} == {"OUTSIDER": 0, "MEMBER": 1, "MODERATOR": 2, "ADMIN": 3, "OWNER": 4}
    assert sorted(Kind) == [Kind.ANONYMOUS, Kind.GUEST, Kind.USER, Kind.ADMIN]
