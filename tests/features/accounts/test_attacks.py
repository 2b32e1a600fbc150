"""Ways around the limits, the codes and the endings of accounts, each found open once."""

from __future__ import annotations

import jwt
import pytest

from fwber_rt.core.limits import Bucket
from fwber_rt.core.settings import Rate
from fwber_rt.errors import Refused
from fwber_rt.features.accounts import feature
from tests.features.accounts.conftest import PASSWORD, Desk
from tests.features.accounts.test_bans import admin
from tests.features.accounts.test_changes import MAIL, NEW, last_code, out, with_address

HOUR_S = 3600


async def test_guests_are_no_way_to_ask_for_more_logins(desk: Desk) -> None:
    """Whether a login is taken is told by upgrading too, and each costs a hash: one address has few tries, as many guests."""
    await desk.register("ada")
    names, token = [], ""
    for _ in range(4):
        token = (await desk.ask("auth.guest", name="Guest")).token
        names += [await desk.error("auth.upgrade", token, login="ada", password=PASSWORD) for _ in range(5)]
    assert names == ["login.taken"] * 10 + ["rate.limited"] * 10
    assert await desk.error("auth.upgrade", token, login="ada", password=PASSWORD, address="192.0.2.2") == "login.taken"


async def test_where_nobody_may_register_a_guest_makes_no_account() -> None:
    desk = Desk(auth__registration=False)
    token = (await desk.ask("auth.guest", name="Guest")).token
    assert await desk.error("auth.upgrade", token, login="ada", password=PASSWORD) == "forbidden"


async def test_going_away_gives_no_limit_back(desk: Desk) -> None:
    """What was used up of a limit stays used up, however soon a person leaves memory: the grace time is no way round it."""
    made = await desk.register()
    person = desk.admit(int(made.user.user))
    slow, quick = Bucket(Rate(0.01, 2)), Bucket(Rate(10, 2))
    assert [bucket.take(desk.now.mono) for bucket in (slow, slow, quick, quick)] == [0] * 4
    person.buckets = {"slow": slow, "quick": quick}
    desk.world.evict(person)
    assert len(desk.world.spent) == 1
    desk.clock.advance(60)
    again = desk.admit(person.id)
    assert again is not person and again.buckets and list(again.buckets) == ["slow"]
    assert again.buckets["slow"].take(desk.now.mono) > 0
    desk.world.evict(again)
    desk.clock.advance(HOUR_S)
    desk.world.evict(desk.admit(int((await desk.register("bob")).user.user)))
    assert len(desk.world.spent) == 0, "full again, so as good as new"


@pytest.mark.parametrize("until", [(1 << 53) - 1, 253_402_300_800_000])
async def test_a_ban_may_end_beyond_every_calendar(desk: Desk, until: int) -> None:
    boss, ada = await admin(desk), await desk.register("ada")
    reply = await desk.ask("user.ban", boss.token, user=ada.user.user, until=until)
    assert (reply.banned, reply.until) == (True, until)
    desk.start()
    assert desk.refusal(ada.token) == "user.banned"


async def test_nobody_who_is_being_erased_is_banned(desk: Desk) -> None:
    boss, ada = await admin(desk), await desk.register("ada")
    desk.world.erased.add(int(ada.user.user))
    assert await desk.error("user.ban", boss.token, user=ada.user.user) == "not.found"
    assert desk.count("bans") == 0 and not desk.accounts.bans


async def test_nobody_who_is_being_erased_gets_a_password(desk: Desk) -> None:
    """Erased while the new password was hashed: nothing is written for them any more."""
    made = await desk.register("ada")
    code, hashing = await out(desk), desk.passwords.hash

    async def slow(password: str) -> str:
        desk.world.erased.add(int(made.user.user))
        return await hashing(password)

    desk.passwords.hash = slow  # type: ignore[method-assign]
    assert await desk.error("auth.reset", login="ada", code=code, password=NEW) == "code.wrong"
    assert desk.database.execute("SELECT version FROM credentials").fetchall() == [(1,)]


async def test_another_password_ends_the_code_that_is_out(desk: Desk) -> None:
    """Whoever reads somebody's mail may have asked for it: their owner's new password must not be undone with it."""
    made = await desk.register("ada")
    code = await out(desk)
    await desk.ask("auth.password.change", made.token, password=PASSWORD, new=NEW)
    for _ in range(2):
        assert await desk.error("auth.reset", login="ada", code=code, password="third horse") == "code.wrong"
        desk.start()


@pytest.mark.parametrize("replaced", ["", "new@example.org"])
async def test_another_address_ends_the_code_sent_to_the_last(replaced: str) -> None:
    desk = Desk(**MAIL)
    made = await with_address(desk)
    code = await out(desk)
    await desk.ask("auth.email.set", made.token, email=replaced, password=PASSWORD)
    if replaced:
        await desk.ask("auth.email.verify", made.token, code=last_code(desk))
    assert await desk.error("auth.reset", login="ada", code=code, password=NEW) == "code.wrong"


async def test_a_code_for_one_address_verifies_no_other_where_mail_was_switched_off() -> None:
    desk = Desk(**MAIL)
    made = await desk.register(email="mine@example.org")
    code = last_code(desk)
    desk.world.configure(desk.settings.replaced({"smtp.host": ""}))
    await desk.ask("auth.email.set", made.token, email="yours@example.org", password=PASSWORD)
    assert await desk.error("auth.email.verify", made.token, code=code) == "code.wrong"


@pytest.mark.parametrize("end", ["auth.sign_out", "auth.session.revoke"])
async def test_an_ended_sign_in_stays_so_until_its_longest_token_ends(desk: Desk, end: str) -> None:
    """Also where tokens were valid for longer when that one was issued than they are now."""
    desk.world.configure(desk.settings.replaced({"auth.access_s": 3600.0}))
    made = await desk.register()
    desk.world.configure(desk.settings.replaced({"auth.access_s": 60.0}))
    newer = await desk.ask("auth.refresh", refresh=made.refresh)
    await desk.ask(end, newer.token, **({"sid": made.sid} if end.endswith("revoke") else {}))
    ends = jwt.decode(made.token, options={"verify_signature": False})["exp"] * 1000
    [(until,)] = desk.database.execute("SELECT until FROM revocations")
    assert until >= ends


async def test_a_login_that_was_taken_and_erased_meanwhile_is_looked_up_again(desk: Desk) -> None:
    """Else the row of the one who is going would be in the way of the new one's, and one bad row ends the server."""
    hashing, others = desk.passwords.hash, list[None]()

    async def slow(password: str) -> str:
        if not others:
            others.append(None)
            bob = await desk.register("ada", name="Bob")
            desk.world.erased.add(int(bob.user.user))
            assert feature.state.forget
            feature.state.forget(desk.world, int(bob.user.user), desk.now)
        return await hashing(password)

    desk.passwords.hash = slow  # type: ignore[method-assign]
    assert await desk.error("auth.register", login="ada", password=PASSWORD, name="Ada") == "login.taken"


async def test_an_account_is_no_way_to_fill_a_strangers_mailbox() -> None:
    """Anybody may say that an address is theirs, and the server writes to it: few times."""
    desk = Desk(**MAIL)
    made = await desk.register()
    names: list[str] = []
    for _ in range(5):
        try:
            await desk.ask("auth.email.set", made.token, email="stranger@example.org", password=PASSWORD)
            names.append("sent")
        except Refused as refused:
            names.append(refused.error.name)
    assert names == ["sent"] * 3 + ["rate.limited"] * 2
    assert [to for _, to, _ in desk.letters()] == ["stranger@example.org"] * 3
    await desk.ask("auth.email.set", made.token, email="", password=PASSWORD)
    desk.clock.advance(600)
    made = await desk.sign_in()
    await desk.ask("auth.email.set", made.token, email="mine@example.org", password=PASSWORD)


async def test_an_erased_users_codes_and_sign_ins_leave_memory_too(desk: Desk) -> None:
    made = await desk.register("ada")
    await out(desk)
    assert feature.state.forget
    feature.state.forget(desk.world, int(made.user.user), desk.now)
    assert not len(desk.accounts.codes) and not len(desk.accounts.sign_ins)
