"""Bans, and what my account looks like."""

from __future__ import annotations

from typing import Any

from fwber_rt.core.access import Kind
from fwber_rt.core.effects import Disconnect
from fwber_rt.errors import Close
from fwber_rt.features.accounts import feature, users
from tests.features.accounts.conftest import PASSWORD, Desk
from tests.features.accounts.test_changes import last_code

HOUR_MS = 3_600_000


async def admin(desk: Desk) -> Any:
    """An administrator's sign-in."""
    made = await desk.register("boss")
    desk.admit(int(made.user.user))
    desk.rows.append(users.set_kind(desk.world, int(made.user.user), Kind.ADMIN, desk.now))
    desk.commit()
    return made


async def test_whoever_is_banned_is_refused_by_name(desk: Desk) -> None:
    boss, ada = await admin(desk), await desk.register("ada")
    reply = await desk.ask("user.ban", boss.token, user=ada.user.user, reason="Rude")
    assert (reply.banned, reply.until) == (True, None)
    for _ in range(2):
        assert desk.refusal(ada.token) == "user.banned"
        assert await desk.error("auth.sign_in", login="ada", password=PASSWORD) == "user.banned"
        assert await desk.error("auth.refresh", refresh=ada.refresh) == "user.banned"
        assert await desk.error("auth.sign_in", login="ada", password="wrong horse") == "login.wrong", "told to none else"
        desk.start()


async def test_connections_are_closed_with_their_own_code(desk: Desk) -> None:
    boss, ada = await admin(desk), await desk.register("ada")
    person = desk.admit(int(ada.user.user))
    await desk.ask("user.ban", boss.token, user=ada.user.user)
    assert [change for change in desk.effects.changes if isinstance(change, Disconnect)] == [
        Disconnect(person, None, Close.BANNED, "this user is banned")
    ]


async def test_a_ban_ends_by_itself_and_nobody_signs_in_anew(desk: Desk) -> None:
    boss, ada = await admin(desk), await desk.register("ada")
    await desk.ask("user.ban", boss.token, user=ada.user.user, until=desk.now.wall + HOUR_MS)
    refused = await desk.refused("auth.refresh", refresh=ada.refresh)
    assert refused.retry_after_ms == HOUR_MS
    desk.clock.advance(3600)
    assert await desk.ask("auth.refresh", refresh=ada.refresh)
    desk.start()
    assert (await desk.ask("user.bans", (await desk.sign_in("boss")).token)).bans == []


async def test_a_ban_is_lifted(desk: Desk) -> None:
    boss, ada = await admin(desk), await desk.register("ada")
    await desk.ask("user.ban", boss.token, user=ada.user.user)
    assert (await desk.ask("user.unban", boss.token, user=ada.user.user)).banned is False
    for _ in range(2):
        assert desk.refusal(ada.token) == ""
        desk.start()
    assert await desk.ask("user.unban", boss.token, user=ada.user.user), "again is no error"


async def test_bans_are_listed_with_who_and_why(desk: Desk) -> None:
    boss = await admin(desk)
    people = [await desk.register(f"u{n}") for n in range(3)]
    for n, each in enumerate(people):
        await desk.ask("user.ban", boss.token, user=each.user.user, reason=f"Reason {n}")
    first = await desk.ask("user.bans", boss.token, limit=2)
    rest = await desk.ask("user.bans", boss.token, limit=2, cursor=first.next)
    assert [each.reason for each in first.bans + rest.bans] == ["Reason 0", "Reason 1", "Reason 2"]
    assert {each.by for each in first.bans} == {boss.user.user} and rest.next is None
    assert await desk.error("user.bans", boss.token, cursor="x") == "field.invalid"


async def test_what_cannot_be_banned(desk: Desk) -> None:
    boss, ada = await admin(desk), await desk.register("ada")
    assert await desk.error("user.ban", boss.token, user=boss.user.user) == "field.invalid"
    assert await desk.error("user.ban", boss.token, user=ada.user.user, until=desk.now.wall) == "field.invalid"
    assert await desk.error("user.ban", boss.token, user=ada.user.user, reason="a\u202eb") == "field.invalid"
    answers = [await desk.refused("user.ban", boss.token, user=user) for user in ("0", "12", "9" * 20)]
    assert {(each.error.name, each.message, each.field) for each in answers} == {
        ("not.found", "There is nothing here that you may see.", None)
    }
    assert desk.refusal(ada.token) == ""


async def test_the_banned_are_told_why_by_mail() -> None:
    desk = Desk(smtp__host="mail.example")
    boss, ada = await admin(desk), await desk.register("ada", email="ada@example.org")
    await desk.ask("auth.email.verify", ada.token, code=last_code(desk))
    await desk.ask("user.ban", boss.token, user=ada.user.user, until=desk.now.wall + HOUR_MS, reason="Rude")
    _, to, text = desk.letters()[-1]
    assert to == "ada@example.org" and "Rude" in text and "until 2027-01-15" in text


async def test_another_name_is_everywhere_from_here_on(desk: Desk) -> None:
    made = await desk.register()
    person = desk.admit(int(made.user.user))
    assert (await desk.ask("account.update", made.token, name="Ada \u201cA\u201d L.")).name == "Ada \u201cA\u201d L."
    assert person.name in person.card.decode()
    desk.start()
    assert desk.admit(person.id).name == person.name
    assert await desk.error("account.update", made.token, name="\u202e") == "field.invalid"


async def test_other_features_ask_whether_a_password_is_theirs(desk: Desk) -> None:
    made = await desk.register()
    guest = await desk.ask("auth.guest", name="Guest")
    assert desk.world.confirm
    ada, nobody = int(made.user.user), int(guest.user.user)
    asked = [
        await desk.world.confirm(user, password, desk.reader)
        for user, password in ((ada, PASSWORD), (ada, "wrong horse"), (ada, ""), (nobody, ""))
    ]
    assert asked == [True, False, False, True]


async def test_nothing_of_an_erased_user_stays_in_memory(desk: Desk) -> None:
    boss, ada = await admin(desk), await desk.register("ada")
    user = int(ada.user.user)
    await desk.sign_in("ada", cookie=True)
    await desk.cookie(desk.effects.cookie or "")
    await desk.ask("auth.sign_out", ada.token, everywhere=True)
    await desk.ask("user.ban", boss.token, user=ada.user.user)
    assert feature.state.forget
    assert feature.state.forget(desk.world, user, desk.now) == []
    held = desk.accounts
    assert user not in held.bans and user not in held.cutoffs and held.credentials.get(user) is None
    assert all(cookie.user != user for cookie in held.cookies.values())
    assert all(owner != user for _, owner in held.logins.items())
