from __future__ import annotations

import pytest

from fwber_rt.core.access import LEAST_ROLE, Kind, Role, allows

MAY = {
    "room.read": {Role.MEMBER, Role.MODERATOR, Role.ADMIN, Role.OWNER},
    "room.send": {Role.MEMBER, Role.MODERATOR, Role.ADMIN, Role.OWNER},
    "room.update": {Role.ADMIN, Role.OWNER},
    "room.delete": {Role.OWNER},
}


@pytest.mark.parametrize("action", LEAST_ROLE)
@pytest.mark.parametrize("role", Role)
def test_the_whole_matrix(role: Role, action: str) -> None:
    assert allows(role, action) == (role in MAY[action])


def test_an_unknown_action_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        allows(Role.OWNER, "room.sell")


def test_the_numbers_are_stored_and_never_change() -> None:
    assert {role.name: role.value for role in Role} == {"OUTSIDER": 0, "MEMBER": 1, "MODERATOR": 2, "ADMIN": 3, "OWNER": 4}
    assert sorted(Kind) == [Kind.ANONYMOUS, Kind.GUEST, Kind.USER, Kind.ADMIN]
