"""Users as the operator finds them."""

from __future__ import annotations

from typing import Any

import pytest

from fwber_rt.core import geo
from fwber_rt.core.access import Kind
from fwber_rt.features.accounts import finding, users
from tests.features.accounts.conftest import Desk
from tests.features.accounts.test_bans import HOUR_MS, admin


async def names(desk: Desk, token: str, **d: Any) -> list[str]:
    return [each.name for each in (await desk.ask("user.find", token, **d)).users]


async def test_somebody_is_found_by_id_login_address_and_a_part_of_the_name(desk: Desk) -> None:
    boss = await admin(desk)
    ada, _ = await desk.register("ada", name="Ada Lovelace"), await desk.register("bob", name="Bob")
    for q in (ada.user.user, "lovel", "  Ada Lovelace "):
        assert await names(desk, boss.token, q=q) == ["Ada Lovelace"], q
    assert await names(desk, boss.token, q="ADA") == ["Ada Lovelace", "Ada"], "whose login it is comes first, and once"
    assert await names(desk, boss.token, q="nobody") == []
    assert await names(desk, boss.token, q="9" * 19) == []
    assert await names(desk, boss.token) == ["Ada", "Ada Lovelace", "Bob"]
    assert await names(desk, boss.token, least="admin") == ["Ada"]
    assert await names(desk, boss.token, q="ada", least="admin") == ["Ada"], "whose login it is, is none"


async def test_what_is_found_comes_in_pages(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(finding, "SLICE", 2)
    monkeypatch.setattr(finding, "MOST_LOOKED_AT", 4)
    boss = await admin(desk)
    for n in range(9):
        await desk.register(f"u{n}", name=f"Name {n}")
    found: list[str] = []
    cursor: str | None = ""
    pages = 0
    while cursor is not None:
        page = await desk.ask("user.find", boss.token, q="name", limit=3, cursor=cursor)
        found += [each.name for each in page.users]
        cursor, pages = page.next, pages + 1
    assert found == [f"Name {n}" for n in range(9)] and pages >= 3
    nothing = await desk.ask("user.find", boss.token, q="zzz")
    assert nothing.users == [] and nothing.next, "after so many it asks whether to go on"
    assert await desk.error("user.find", boss.token, cursor="x") == "field.invalid"


async def test_a_user_is_told_of_without_where_they_are(desk: Desk) -> None:
    boss, ada = await admin(desk), await desk.register("ada")
    id = int(ada.user.user)
    person = desk.admit(id)
    await desk.ask("user.ban", boss.token, user=ada.user.user, until=desk.now.wall + HOUR_MS, reason="Rude")
    desk.world.silenced[id] = desk.now.wall + 5
    person.fine = geo.cell_of(52.52, 13.405, 10)
    person.disclosed = person.heard = geo.parent(person.fine, 8)
    detail = await desk.ask("user.get", boss.token, user=ada.user.user)
    assert (detail.user.login, detail.user.banned, detail.user.until) == ("ada", True, desk.now.wall + HOUR_MS)
    assert (detail.ban_reason, detail.banned_by, detail.reports, detail.totp) == ("Rude", boss.user.user, 0, False)
    assert detail.silenced_until == desk.now.wall + 5
    before = repr(detail)
    person.fine, person.disclosed, person.heard = 0, 0, 0
    assert repr(await desk.ask("user.get", boss.token, user=ada.user.user)) == before
    desk.clock.advance(3600)
    boss = await desk.sign_in("boss")
    later = await desk.ask("user.get", boss.token, user=ada.user.user)
    assert (later.user.banned, later.user.until, later.ban_reason, later.silenced_until) == (False, None, "", None)
    assert await desk.error("user.get", boss.token, user="4242") == "not.found"


class TestInterventions:
    async def test_all_sign_ins_end(self, desk: Desk) -> None:
        boss, ada = await admin(desk), await desk.register("ada")
        second = await desk.sign_in("ada")
        await desk.ask("user.sign_out", boss.token, user=ada.user.user, reason="Lost phone")
        assert {desk.refusal(token) for token in (ada.token, second.token)} == {"token.invalid"}
        assert desk.refusal((await desk.sign_in("ada")).token) == "", "signing in again is theirs"
        [entry] = (await desk.ask("operator.audit", boss.token)).entries
        assert (entry.op, entry.user, entry.reason) == ("user.sign_out", ada.user.user, "Lost phone")

    async def test_a_code_lets_the_user_choose_a_new_password_once(self, desk: Desk) -> None:
        boss, ada = await admin(desk), await desk.register("ada")
        given = await desk.ask("user.reset", boss.token, user=ada.user.user, reason="Forgot it")
        assert (given.login, given.minutes) == ("ada", 10)
        await desk.ask("auth.reset", login="ada", code=given.code, password="another horse")
        assert await desk.sign_in("ada", "another horse")
        assert await desk.error("auth.reset", login="ada", code=given.code, password="third horse") == "code.wrong"
        [entry] = (await desk.ask("operator.audit", boss.token)).entries
        assert (entry.op, given.code in repr(entry)) == ("user.reset", False), "the code is not in the log"

    async def test_what_cannot_be_done(self, desk: Desk) -> None:
        boss, other, ada = await admin(desk), await desk.register("other"), await desk.register("ada")
        desk.admit(int(other.user.user))
        desk.rows.append(users.set_kind(desk.world, int(other.user.user), Kind.ADMIN, desk.now))
        desk.commit()
        for op in ("user.sign_out", "user.reset"):
            assert await desk.error(op, boss.token, user=boss.user.user, reason="Me") == "field.invalid", op
            assert await desk.error(op, boss.token, user="4242", reason="Nobody") == "not.found", op
        assert await desk.error("user.reset", boss.token, user=other.user.user, reason="Takeover") == "forbidden"
        desk.holding = True
        desk.rows.append(users.set_kind(desk.world, int(ada.user.user), Kind.ADMIN, desk.now))
        assert await desk.error("user.reset", boss.token, user=ada.user.user, reason="Quick") == "forbidden", "not on disk yet"
        desk.commit()
        desk.holding = False
        guest = await desk.ask("auth.guest", name="Guest")
        assert await desk.error("user.reset", boss.token, user=guest.user.user, reason="No login") == "account.none"
        desk.world.erased.add(int(ada.user.user))
        assert await desk.error("user.sign_out", boss.token, user=ada.user.user, reason="Late") == "not.found"
        assert desk.count("audit") == 0
