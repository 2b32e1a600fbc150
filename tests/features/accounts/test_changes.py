"""Another password: by whoever knows the old one, and by code for whoever forgot it."""

from __future__ import annotations

from typing import Any

import pytest

from fwber_rt.errors import Refused
from fwber_rt.features.accounts import changes, codes
from fwber_rt.features.accounts.identity import key_of
from fwber_rt.features.accounts.shapes import ChangePassword, Reset
from tests.features.accounts.conftest import PASSWORD, Desk, closed

NEW = "another horse"
MAIL = {"smtp__host": "mail.example"}


@pytest.fixture
def posting() -> Desk:
    """A server that sends mail."""
    return Desk(**MAIL)


async def with_address(desk: Desk, login: str = "ada") -> Any:
    """An account with a verified address."""
    made = await desk.register(login, email=f"{login}@example.org")
    await desk.ask("auth.email.verify", made.token, code=last_code(desk))
    return made


def last_code(desk: Desk) -> str:
    """In the last letter that holds one."""
    text = [text for kind, _, text in desk.letters() if kind in ("reset", "verify")][-1]
    return next(line.strip() for line in text.splitlines() if line.startswith("    "))


async def job(desk: Desk) -> None:
    """What the job does."""
    for effects in await changes.send_codes(desk.world, desk.now, desk.reader):
        desk.keep(effects)


# Changed


async def test_changing_the_password_keeps_this_sign_in_and_ends_all_others(desk: Desk) -> None:
    mine, other = await desk.register(), await desk.sign_in()
    desk.admit(int(mine.user.user))
    await desk.ask("auth.password.change", mine.token, password=PASSWORD, new=NEW)
    assert closed(desk.effects, [mine.sid, other.sid]) == [other.sid]
    for _ in range(2):
        assert (desk.refusal(mine.token), desk.refusal(other.token)) == ("", "token.invalid")
        assert await desk.error("auth.refresh", refresh=other.refresh) == "token.invalid"
        desk.start()
    assert await desk.ask("auth.refresh", refresh=mine.refresh)
    assert await desk.error("auth.sign_in", login="ada", password=PASSWORD) == "login.wrong"
    assert await desk.sign_in("ada", NEW)


async def test_a_wrong_password_changes_nothing(desk: Desk) -> None:
    mine, other = await desk.register(), await desk.sign_in()
    desk.passwords.hashed.clear()
    refused = await desk.refused("auth.password.change", mine.token, password="wrong horse", new=NEW)
    assert (refused.error.name, refused.error.status, refused.field) == ("password.wrong", 403, "password")
    assert desk.passwords.hashed == []
    assert desk.refusal(other.token) == "" and await desk.sign_in()


async def test_a_password_that_is_the_login_is_refused(desk: Desk) -> None:
    mine = await desk.register("longlogin")
    refused = await desk.refused("auth.password.change", mine.token, password=PASSWORD, new="LongLogin")
    assert (refused.error.name, refused.field) == ("field.invalid", "new")


async def test_a_guest_has_no_password_to_change(desk: Desk) -> None:
    token = (await desk.ask("auth.guest", name="Guest")).token
    assert await desk.error("auth.password.change", token, password=PASSWORD, new=NEW) == "account.none"


async def test_a_password_verified_before_another_change_is_verified_again(desk: Desk) -> None:
    """Of two changes at a time, the second finds that its old password is not the password any more."""
    mine = await desk.register()
    desk.holding = True
    await desk.ask("auth.password.change", mine.token, password=PASSWORD, new=NEW)
    assert await desk.error("auth.password.change", mine.token, password=PASSWORD, new="third horse") == "password.wrong"
    assert await desk.error("auth.sign_in", login="ada", password=PASSWORD) == "login.wrong", "not on disk yet, and over"
    desk.commit()


async def test_the_change_is_told_to_the_verified_address(posting: Desk) -> None:
    mine = await with_address(posting)
    await posting.ask("auth.password.change", mine.token, password=PASSWORD, new=NEW)
    kind, to, text = posting.letters()[-1]
    assert (kind, to) == ("notice", "ada@example.org") and "The password of ada was changed" in text


# Chosen anew


async def test_a_code_chooses_a_new_password_once(posting: Desk) -> None:
    mine = await with_address(posting)
    posting.admit(int(mine.user.user))
    await posting.ask("auth.reset.request", login="ada")
    await job(posting)
    assert posting.letters()[-1][:2] == ("reset", "ada@example.org")
    code = last_code(posting)
    await posting.ask("auth.reset", login="ada", code=f" {code.upper().replace('-', ' ')} ", password=NEW)
    assert closed(posting.effects, [mine.sid]) == [mine.sid]
    assert posting.refusal(mine.token) == "token.invalid"
    assert await posting.sign_in("ada", NEW)
    for _ in range(2):
        assert await posting.error("auth.reset", login="ada", code=code, password="third horse") == "code.wrong"
        posting.start()


async def test_by_address_as_well(posting: Desk) -> None:
    await with_address(posting)
    await posting.ask("auth.reset.request", login="Ada@Example.org")
    await job(posting)
    await posting.ask("auth.reset", login="ada@example.org", code=last_code(posting), password=NEW)
    assert await posting.sign_in("ada@example.org", NEW)


async def test_the_request_is_answered_before_anybody_looks(posting: Desk) -> None:
    await with_address(posting)
    reads: list[str] = []
    reading = posting.reader.all

    async def noted(sql: str, params: Any = ()) -> list[tuple[Any, ...]]:
        reads.append(sql)
        return await reading(sql, params)

    posting.reader.all = noted  # type: ignore[method-assign]
    for login in ("ada", "nobody", "ada@example.org", "\u202e"):
        assert await posting.ask("auth.reset.request", login=login) is not None
        assert (posting.effects.rows, posting.effects.ephemeral) == ([], True)
    assert reads == []


async def test_nobody_gets_a_letter_without_a_verified_address(posting: Desk) -> None:
    await posting.register("ada", email="ada@example.org")
    for login in ("ada", "ada@example.org", "nobody"):
        await posting.ask("auth.reset.request", login=login)
    await job(posting)
    assert [kind for kind, _, _ in posting.letters()] == ["verify"]


async def test_without_mail_nothing_is_queued(desk: Desk) -> None:
    await desk.register("ada")
    await desk.ask("auth.reset.request", login="ada")
    await job(desk)
    assert (desk.count("outbox"), desk.count("codes")) == (0, 0)


async def test_one_user_gets_few_letters(posting: Desk) -> None:
    await with_address(posting)
    for _ in range(5):
        await posting.ask("auth.reset.request", login="ada")
        await job(posting)
    assert [kind for kind, _, _ in posting.letters()].count("reset") == 3


async def test_requests_that_wait_are_bounded(posting: Desk) -> None:
    for n in range(changes.MOST_RESETS):
        posting.accounts.resets[key_of(posting.world, f"u{n}")] = None
    assert await posting.error("auth.reset.request", login="ada") == "busy"
    await job(posting)
    assert await posting.ask("auth.reset.request", login="ada") is not None


async def out(desk: Desk) -> str:
    """A code for ada, as the operator prints it."""
    [(user,)] = desk.database.execute("SELECT user FROM credentials")
    code = codes.draw()
    desk.rows.append(codes.put_out(desk.world, user, codes.RESET, code, desk.now))
    desk.commit()
    return code


async def test_a_wrong_code_and_nobodys_are_the_same_answer(desk: Desk) -> None:
    await desk.register("ada")
    await out(desk)
    desk.passwords.hashed.clear()
    answers = []
    for login in ("ada", "nobody"):  # and the same work
        refused = await desk.refused("auth.reset", login=login, code="wrong", password=NEW)
        answers.append((refused.error.name, refused.message, refused.field, desk.effects.ephemeral))
    assert answers == [("code.wrong", answers[0][1], "code", True)] * 2
    assert desk.passwords.hashed == [NEW, NEW]


async def test_a_code_has_five_tries(desk: Desk) -> None:
    await desk.register("ada")
    code = await out(desk)
    for _ in range(codes.TRIES):
        assert await desk.error("auth.reset", login="ada", code="wrong", password=NEW) == "code.wrong"
    desk.start()
    assert await desk.error("auth.reset", login="ada", code=code, password=NEW) == "code.wrong"


async def test_tries_at_a_time_are_counted_before_they_are_stored(desk: Desk) -> None:
    await desk.register("ada")
    code = await out(desk)
    desk.start()
    desk.holding = True
    for _ in range(codes.TRIES):
        assert await desk.error("auth.reset", login="ada", code="wrong", password=NEW) == "code.wrong"
    assert await desk.error("auth.reset", login="ada", code=code, password=NEW) == "code.wrong"


async def test_a_code_ends_after_ten_minutes(desk: Desk) -> None:
    await desk.register("ada")
    code = await out(desk)
    desk.clock.advance(600)
    assert await desk.error("auth.reset", login="ada", code=code, password=NEW) == "code.wrong"


async def test_of_two_uses_of_one_code_one_succeeds(desk: Desk) -> None:
    await desk.register("ada")
    code = await out(desk)
    desk.holding = True
    await desk.ask("auth.reset", login="ada", code=code, password=NEW)
    assert await desk.error("auth.reset", login="ada", code=code, password="third horse") == "code.wrong"
    desk.commit()
    assert await desk.sign_in("ada", NEW)


async def test_of_two_uses_at_the_same_moment_one_succeeds(desk: Desk) -> None:
    await desk.register("ada")
    code = await out(desk)
    desk.start()
    asked = [desk.ask("auth.reset", login="ada", code=code, password=password) for password in (NEW, "third horse")]
    [_, second] = await desk.together(*asked)
    assert second == "code.wrong"
    assert await desk.sign_in("ada", NEW)


async def test_of_two_changes_at_the_same_moment_the_second_finds_another_password(desk: Desk) -> None:
    mine = await desk.register("ada")
    request, actor = ChangePassword(PASSWORD, "third horse"), desk.actor(mine.token)
    loaded = await changes.load_change(desk.world, actor, request, desk.now, desk.reader)
    assert loaded.theirs
    await desk.ask("auth.password.change", mine.token, password=PASSWORD, new=NEW)
    assert changes.change_password(desk.world, actor, request, desk.now, loaded) is None, "it is read again"
    assert await desk.sign_in("ada", NEW)


async def test_a_code_replaced_while_it_was_read_is_not_good(desk: Desk) -> None:
    await desk.register("ada")
    request = Reset("ada", await out(desk), NEW)
    actor = desk.actor()
    loaded = await changes.load_reset(desk.world, actor, request, desk.now, desk.reader)
    await out(desk)
    effects = changes.reset(desk.world, actor, request, desk.now, loaded)
    assert effects and isinstance(effects.reply, Refused)


async def test_a_code_is_bound_to_its_purpose(posting: Desk) -> None:
    await posting.register("ada", email="ada@example.org")
    code = last_code(posting)
    posting.database.execute("UPDATE codes SET purpose = 'reset'")
    posting.start()
    assert await posting.error("auth.reset", login="ada", code=code, password=NEW) == "code.wrong"


async def test_whoever_is_being_erased_gets_no_letter(posting: Desk) -> None:
    mine = await with_address(posting)
    posting.world.erased.add(int(mine.user.user))
    await posting.ask("auth.reset.request", login="ada")
    await job(posting)
    assert "reset" not in [kind for kind, _, _ in posting.letters()]


async def test_a_new_code_replaces_the_last(desk: Desk) -> None:
    await desk.register("ada")
    first, second = await out(desk), await out(desk)
    assert await desk.error("auth.reset", login="ada", code=first, password=NEW) == "code.wrong"
    await desk.ask("auth.reset", login="ada", code=second, password=NEW)


async def test_a_code_is_hashed_where_it_is_stored_and_bound_to_its_user(desk: Desk) -> None:
    ada, eve = await desk.register("ada"), await desk.register("eve")
    code = codes.draw()
    desk.rows.append(codes.put_out(desk.world, int(ada.user.user), codes.RESET, code, desk.now))
    desk.commit()
    [(stored,)] = desk.database.execute("SELECT hash FROM codes")
    assert code.encode() not in stored and len(stored) == 32
    desk.database.execute("UPDATE codes SET user = ?", (int(eve.user.user),))
    desk.start()
    assert await desk.error("auth.reset", login="eve", code=code, password=NEW) == "code.wrong"


async def test_a_login_has_a_number_of_tries_at_codes_too(desk: Desk) -> None:
    names = [await desk.error("auth.reset", login="nobody", code="wrong", password=NEW) for _ in range(12)]
    assert names == ["code.wrong"] * 10 + ["rate.limited"] * 2
