"""E-mail addresses: nobody's before they are verified."""

from __future__ import annotations

import pytest

from tests.features.accounts.conftest import PASSWORD, Desk
from tests.features.accounts.test_changes import last_code


@pytest.fixture
def desk() -> Desk:
    return Desk(smtp__host="mail.example")


async def test_an_address_finds_its_user_once_it_is_verified(desk: Desk) -> None:
    made = await desk.register(email="Ada@Example.org")
    assert desk.letters()[-1][:2] == ("verify", "Ada@Example.org")
    assert await desk.error("auth.sign_in", login="ada@example.org", password=PASSWORD) == "login.wrong"
    me = await desk.ask("account.me", made.token)
    assert (me.email, me.pending) == (None, "Ada@Example.org")
    reply = await desk.ask("auth.email.verify", made.token, code=last_code(desk))
    assert reply.email == "Ada@Example.org"
    assert await desk.sign_in("ada@example.ORG")
    desk.start()
    assert await desk.sign_in("ada@example.ORG")
    me = await desk.ask("account.me", made.token)
    assert (me.email, me.pending) == ("Ada@Example.org", None)


async def test_setting_asks_for_the_password(desk: Desk) -> None:
    made = await desk.register()
    assert await desk.error("auth.email.set", made.token, email="a@example.org", password="wrong horse") == "password.wrong"
    assert (await desk.ask("auth.email.set", made.token, email="a@example.org", password=PASSWORD)).sent is True


async def test_the_old_address_counts_until_the_new_one_is_verified(desk: Desk) -> None:
    made = await desk.register(email="old@example.org")
    await desk.ask("auth.email.verify", made.token, code=last_code(desk))
    await desk.ask("auth.email.set", made.token, email="new@example.org", password=PASSWORD)
    assert [(kind, to) for kind, to, _ in desk.letters()][-2:] == [("notice", "old@example.org"), ("verify", "new@example.org")]
    assert await desk.sign_in("old@example.org")
    await desk.ask("auth.email.verify", made.token, code=last_code(desk))
    assert await desk.error("auth.sign_in", login="old@example.org", password=PASSWORD) == "login.wrong"
    assert await desk.sign_in("new@example.org")


async def test_an_address_is_taken_back(desk: Desk) -> None:
    made = await desk.register(email="ada@example.org")
    await desk.ask("auth.email.verify", made.token, code=last_code(desk))
    await desk.ask("auth.email.set", made.token, email="", password=PASSWORD)
    assert await desk.error("auth.sign_in", login="ada@example.org", password=PASSWORD) == "login.wrong"
    assert await desk.sign_in("ada")


async def test_whoever_verified_last_has_the_address(desk: Desk) -> None:
    ada, eve = await desk.register("ada", email="both@example.org"), await desk.register("eve")
    await desk.ask("auth.email.verify", ada.token, code=last_code(desk))
    await desk.ask("auth.email.set", eve.token, email="both@example.org", password=PASSWORD)
    await desk.ask("auth.email.verify", eve.token, code=last_code(desk))
    assert (await desk.sign_in("both@example.org")).user == eve.user
    await desk.ask("auth.email.set", ada.token, email="", password=PASSWORD)
    for _ in range(2):
        assert (await desk.sign_in("both@example.org")).user == eve.user, "the first gave up what was no longer theirs"
        desk.start()


async def test_the_first_gives_nothing_up_while_that_is_not_stored_yet(desk: Desk) -> None:
    ada, eve = await desk.register("ada", email="both@example.org"), await desk.register("eve")
    await desk.ask("auth.email.verify", ada.token, code=last_code(desk))
    await desk.ask("auth.email.set", eve.token, email="both@example.org", password=PASSWORD)
    code = last_code(desk)
    desk.holding = True
    await desk.ask("auth.email.verify", eve.token, code=code)
    await desk.ask("auth.email.set", ada.token, email="", password=PASSWORD)
    assert (await desk.sign_in("both@example.org")).user == eve.user
    desk.commit()


async def test_an_address_in_use_is_answered_like_any_other(desk: Desk) -> None:
    ada, eve = await desk.register("ada", email="both@example.org"), await desk.register("eve")
    await desk.ask("auth.email.verify", ada.token, code=last_code(desk))
    replies = [
        await desk.ask("auth.email.set", eve.token, email=email, password=PASSWORD)
        for email in ("both@example.org", "free@example.org")
    ]
    assert replies[0] == replies[1]


async def test_a_code_for_one_address_does_not_verify_another(desk: Desk) -> None:
    made = await desk.register(email="mine@example.org")
    mine = last_code(desk)
    await desk.ask("auth.email.set", made.token, email="yours@example.org", password=PASSWORD)
    assert await desk.error("auth.email.verify", made.token, code=mine) == "code.wrong"


async def test_a_verifying_code_has_five_tries_and_is_good_once(desk: Desk) -> None:
    made = await desk.register(email="ada@example.org")
    code = last_code(desk)
    await desk.ask("auth.email.verify", made.token, code=code)
    assert await desk.error("auth.email.verify", made.token, code=code) == "code.wrong"
    await desk.ask("auth.email.set", made.token, email="new@example.org", password=PASSWORD)
    for _ in range(5):
        assert await desk.error("auth.email.verify", made.token, code="wrong") == "code.wrong"
    assert await desk.error("auth.email.verify", made.token, code=last_code(desk)) == "code.wrong"


async def test_a_verifying_code_is_no_code_to_choose_a_password_with(desk: Desk) -> None:
    await desk.register(email="ada@example.org")
    assert await desk.error("auth.reset", login="ada", code=last_code(desk), password="another horse") == "code.wrong"


async def test_where_no_mail_is_sent_an_address_waits() -> None:
    desk = Desk()
    made = await desk.register(email="ada@example.org")
    assert (await desk.ask("auth.email.set", made.token, email="ada@example.org", password=PASSWORD)).sent is False
    assert (desk.count("outbox"), desk.count("codes")) == (0, 0)
