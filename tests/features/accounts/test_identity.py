"""How somebody is found, and that looking for nobody takes the same way."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from fwber_rt.errors import Refused
from fwber_rt.features.accounts import identity
from tests.features.accounts.conftest import PASSWORD, Desk


async def test_nobody_is_looked_for_as_somebody_is(desk: Desk) -> None:
    """The same statements in the same order, and a wait for the disk in each unsealing, whether a key is in memory or not."""
    await desk.register("ada")
    ways: dict[str, list[object]] = {"ada": [], "nobody": []}
    reading, opening = desk.reader.all, desk.reader.open
    for login, way in ways.items():

        async def noted(sql: str, params: Sequence[Any] = (), way: list[object] = way) -> list[tuple[Any, ...]]:
            way.append(sql)
            return await reading(sql, params)

        async def opened(
            sealed: Sequence[tuple[int, bytes | None, tuple[Any, ...]]], way: list[object] = way
        ) -> list[bytes | None]:  # fmt: skip
            way.append([owner for owner, value, _ in sealed if owner < 0 and value])
            return await opening(sealed)

        desk.reader.all, desk.reader.open = noted, opened  # type: ignore[method-assign]
        for op, d in (
            ("auth.sign_in", {"password": "wrong horse"}), ("auth.reset", {"code": "wrong", "password": "another horse"})
        ):  # fmt: skip
            await desk.error(op, login=login, **d)
        desk.reader.all, desk.reader.open = reading, opening  # type: ignore[method-assign]
    assert ways["ada"] == ways["nobody"]
    assert [-1] in ways["ada"]


@pytest.mark.parametrize(
    "address",
    ["ada@example.org", "Ada.L+chat@mail.example.co.uk", "\u00e4da@example.org", "a@xn--bcher-kva.example"],
)
def test_addresses_that_are(address: str) -> None:
    assert identity.clean_email(f" {address} ") == address


@pytest.mark.parametrize(
    "address",
    [
        "ada", "ada@", "@example.org", "ada@example", "a b@example.org", "a@b@example.org", "a@example..org", "<a@example.org>",
        "a@example.org\r\nBcc: eve@example.org", "a@exam\u200bple.org", "a,b@example.org", "a@.example.org", '"a"@example.org',
    ],
)  # fmt: skip
def test_addresses_that_are_none(address: str) -> None:
    with pytest.raises(Refused, match="field.invalid"):
        identity.clean_email(address)


async def test_what_is_looked_up_is_what_was_stored(desk: Desk) -> None:
    for login in ("\u0130stanbul", "STRASSE\u00df", "\ufb01sh", "\u0391\u03a3", "\u5317\u4eac", "o\u0308zg\u00fcr"):
        made = await desk.register(login)
        for typed in (login, identity.clean_login(login), identity.clean_login(login).upper()):
            if identity.clean_login(typed) == identity.clean_login(login):
                assert (await desk.sign_in(typed, PASSWORD)).user == made.user
        desk.start()
        desk.clock.advance(600)
