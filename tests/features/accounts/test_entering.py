"""Register, sign in, and from guest to account."""

from __future__ import annotations

import msgspec
import pytest

from fwber_rt.core.access import Kind
from fwber_rt.errors import Refused
from fwber_rt.features.accounts import entering, shapes
from fwber_rt.transport.session import Session
from tests.features.accounts.conftest import PASSWORD, Desk, closed


async def guest(desk: Desk) -> tuple[str, str]:
    """Token and id of a new guest."""
    made = await desk.ask("auth.guest", name="Guest")
    return made.token, made.user.user


async def test_registering_makes_a_user_who_is_signed_in(desk: Desk) -> None:
    made = await desk.register("Ada", consent={"purpose": "location", "text_hash": "v1"})
    assert (made.kind, made.user.name) == ("user", "Ada")
    assert made.expires == desk.now.wall + 600_000
    me = await desk.ask("account.me", made.token)
    assert (me.login, me.kind, me.email, me.totp) == ("ada", "user", None, False)
    assert desk.count("consents") == 1
    assert desk.admit(int(made.user.user)).kind is Kind.USER


async def test_nothing_personal_is_looked_up_in_the_open(desk: Desk) -> None:
    await desk.register("ada")
    plain = {
        (table, column): value
        for table in ("logins", "credentials", "sign_ins")
        for row in [desk.database.execute(f"SELECT * FROM {table}")]
        for values in row
        for column, value in zip([name for name, *_ in row.description], values, strict=True)
    }
    assert all("ada" not in str(value) for (_, column), value in plain.items() if column not in ("profile", "secret", "about"))


@pytest.mark.parametrize("login", ["ada", "ADA", "  Ada ", "\uff21da"])
async def test_a_login_is_the_same_however_it_is_typed(desk: Desk, login: str) -> None:
    made = await desk.register("Ada")
    assert (await desk.sign_in(login)).user == made.user
    assert await desk.error("auth.register", login=login, password=PASSWORD, name="Other") == "login.taken"


async def test_the_same_password_from_another_keyboard(desk: Desk) -> None:
    await desk.register(password="caf\u00e9 au lait")
    assert await desk.sign_in(password="cafe\u0301 au lait")


@pytest.mark.parametrize(
    ("field", "d"),
    [
        ("login", {"login": "a b"}), ("login", {"login": "ada@example.org"}), ("login", {"login": "ad\u0430"}),
        ("login", {"login": "x" * 65}), ("login", {"login": " "}), ("login", {"login": "a\u202eda"}),
        ("password", {"password": "aaaaaaaaaa"}), ("password", {"login": "longlogin", "password": "LongLogin"}),
        ("name", {"name": ""}), ("name", {"name": "a\x00b"}), ("email", {"email": "nobody"}), ("email", {"email": "a@b"}),
        ("email", {"email": "a@example.org\nBcc: x@example.org"}), ("email", {"email": "a b@example.org"}),
        ("purpose", {"consent": {"purpose": "other", "text_hash": "v1"}}), ("client", {"client": "a\x07"}),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_refused_before_anything_is_hashed(desk: Desk, field: str, d: dict[str, object]) -> None:
    with pytest.raises(Refused) as refused:
        await desk.register(**d)  # type: ignore[arg-type]
    assert (refused.value.error.name, refused.value.field) == ("field.invalid", field)
    assert desk.passwords.hashed == []
    assert desk.count("users") == 1, "nobody"


@pytest.mark.parametrize("password", ["x" * 1025, "short"])
def test_passwords_have_bounds_that_are_checked_as_they_are_read(password: str) -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.password"):
        msgspec.convert({"login": "ada", "password": password, "name": "Ada"}, shapes.Register)


def test_nobody_signs_in_with_more_than_can_be_a_password() -> None:
    with pytest.raises(msgspec.ValidationError, match=r"\$\.password"):
        msgspec.convert({"login": "ada", "password": "x" * 1025}, shapes.SignIn)


async def test_of_two_who_register_one_login_at_a_time_one_gets_it(desk: Desk) -> None:
    desk.holding = True
    first = await desk.register("ada")
    assert await desk.error("auth.register", login="Ada", password=PASSWORD, name="Other") == "login.taken"
    desk.commit()
    assert (await desk.sign_in("ada")).user == first.user


async def test_registration_can_be_closed(desk: Desk) -> None:
    closed = Desk(auth__registration=False)
    assert await closed.error("auth.register", login="ada", password=PASSWORD, name="Ada") == "forbidden"


async def test_a_wrong_password_and_an_unknown_login_are_the_same_answer_after_the_same_work(desk: Desk) -> None:
    await desk.register("ada")
    answers = []
    for login in ("ada", "nobody", "nobody@example.org", "\u202e"):
        refused = await desk.refused("auth.sign_in", login=login, password="wrong horse")
        answers.append((refused.error, refused.message, refused.field, refused.retry_after_ms))
    assert len(set(answers)) == 1 and answers[0][0].name == "login.wrong"
    assert len(desk.passwords.verified) == 4, "a hash for each"


async def test_while_too_many_passwords_wait_nobody_is_looked_for(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal after the search came 30 us later for those who exist: told apart in 54 of 100 pairs."""
    await desk.register("ada")
    desk.passwords.full, asked = True, list[str]()
    monkeypatch.setattr(desk.reader, "all", asked.append)
    for login in ("ada", "nobody"):
        for _ in range(40):
            assert await desk.error("auth.sign_in", login=login, password="wrong horse") == "busy"
    assert asked == []
    monkeypatch.undo()
    desk.passwords.full = False
    assert await desk.error("auth.sign_in", login="ada", password="wrong horse") == "login.wrong", "no try was used up"


async def test_a_login_has_a_number_of_tries_whether_or_not_it_exists(desk: Desk) -> None:
    await desk.register("ada")
    for login in ("ada", "nobody"):
        names = [await desk.error("auth.sign_in", login=login, password="wrong horse") for _ in range(12)]
        assert names == ["login.wrong"] * 10 + ["rate.limited"] * 2
    assert len(desk.passwords.verified) == 20, "those refused cost no hash"


async def test_tries_from_elsewhere_count_apart_until_they_are_too_many_in_all(desk: Desk) -> None:
    await desk.register("ada")
    names = [
        await desk.error("auth.sign_in", login="ada", password="wrong horse", address=f"192.0.2.{n}") for n in range(100)
    ]  # fmt: skip
    assert names == ["login.wrong"] * 60 + ["rate.limited"] * 40


async def test_whoever_succeeds_has_all_tries_again(desk: Desk) -> None:
    await desk.register("ada")
    for _ in range(3):
        for _ in range(9):
            assert await desk.error("auth.sign_in", login="ada", password="wrong horse") == "login.wrong"
        await desk.sign_in("ada")


async def test_a_token_buys_no_more_tries(desk: Desk) -> None:
    token, _ = await guest(desk)
    names = [await desk.error("auth.sign_in", token, login=f"u{n}", password="wrong horse") for n in range(40)]
    assert names == ["login.wrong"] * 30 + ["rate.limited"] * 10


async def test_a_hash_of_old_parameters_is_made_anew(desk: Desk) -> None:
    await desk.register("ada")
    [(secret,)] = desk.database.execute("SELECT secret FROM credentials")
    desk.database.execute("UPDATE credentials SET secret = ?", (secret.replace(b"new:", b"old:"),))
    desk.start()
    await desk.sign_in("ada")
    [(secret,)] = desk.database.execute("SELECT secret FROM credentials")
    assert b"new:" in secret
    await desk.sign_in("ada")


async def test_a_browser_gets_a_cookie_and_no_token(desk: Desk) -> None:
    await desk.register("ada")
    signed_in = await desk.sign_in(cookie=True)
    assert (signed_in.token, signed_in.refresh, signed_in.expires) == (None, None, None)
    assert desk.effects.cookie
    assert await desk.cookie(desk.effects.cookie) == (int(signed_in.user.user), signed_in.sid, signed_in.ends)


async def test_one_device_too_many_signs_out_the_one_used_longest_ago() -> None:
    desk = Desk(auth__sign_ins=3)
    tokens = [(await desk.register("ada")).token]
    for _ in range(4):
        desk.clock.advance(1)
        tokens.append((await desk.sign_in()).token)
    assert [desk.refusal(token) for token in tokens] == ["token.invalid"] * 2 + [""] * 3
    assert desk.count("sign_ins") == 3


async def test_whoever_is_being_erased_is_nobody(desk: Desk) -> None:
    made = await desk.register("ada")
    desk.world.erased.add(int(made.user.user))
    assert await desk.error("auth.sign_in", login="ada", password=PASSWORD) == "login.wrong"
    assert await desk.error("auth.register", login="ada", password=PASSWORD, name="Ada") == "login.taken"


async def test_a_guest_becomes_a_user_and_stays_the_same(desk: Desk) -> None:
    token, user = await guest(desk)
    person = desk.admit(int(user))
    made = await desk.ask("auth.upgrade", token, login="ada", password=PASSWORD)
    assert made.user.user == user and person.kind is Kind.USER
    assert desk.refusal(token) == "token.invalid", "the guest's long token"
    assert desk.refusal(made.token) == ""
    assert (await desk.sign_in("ada")).user.user == user
    desk.start()
    assert desk.refusal(token) == "token.invalid", "after a restart too"
    assert desk.admit(int(user)).kind is Kind.USER


async def test_a_guests_connections_go_on_under_the_new_sign_in(desk: Desk) -> None:
    token, user = await guest(desk)
    actor = desk.actor(token)
    session = Session(None, "", 1)  # type: ignore[arg-type]  # nothing is sent to it
    session.actor = actor
    desk.admit(int(user)).sessions.append(session)
    old = actor.sid
    made = await desk.ask("auth.upgrade", token, login="ada", password=PASSWORD)
    assert (actor.sid, actor.token_expires, actor.kind) == (made.sid, made.expires, Kind.USER)
    assert closed(desk.effects, [old, actor.sid]) == [old]


async def test_a_user_has_one_account(desk: Desk) -> None:
    token, _ = await guest(desk)
    made = await desk.ask("auth.upgrade", token, login="ada", password=PASSWORD)
    assert await desk.error("auth.upgrade", made.token, login="other", password=PASSWORD) == "account.exists"
    other, _ = await guest(desk)
    assert await desk.error("auth.upgrade", other, login="ada", password=PASSWORD) == "login.taken"


async def test_of_two_upgrades_at_a_time_one_is_made(desk: Desk) -> None:
    token, user = await guest(desk)
    desk.admit(int(user))
    asked = [desk.ask("auth.upgrade", token, login=login, password=PASSWORD) for login in ("ada", "eve")]
    [made, refused] = await desk.together(*asked)
    assert (made.user.user, refused) == (user, "account.exists")
    assert desk.count("credentials") == 1


async def test_a_login_looked_up_before_somebody_else_took_it_is_taken(desk: Desk) -> None:
    requests = [shapes.Register("ada", PASSWORD, name) for name in ("Ada", "Eve")]
    actor = desk.actor()
    loaded = [await entering.load_register(desk.world, actor, each, desk.now, desk.reader) for each in requests]
    assert [each.holder for each in loaded] == [0, 0]
    assert entering.register(desk.world, actor, requests[0], desk.now, loaded[0])
    with pytest.raises(Refused, match="login.taken"):
        entering.register(desk.world, actor, requests[1], desk.now, loaded[1])


async def test_a_password_verified_before_it_was_changed_is_verified_again(desk: Desk) -> None:
    made = await desk.register("ada")
    request, actor = shapes.SignIn("ada", PASSWORD), desk.actor()
    loaded = await entering.load_sign_in(desk.world, actor, request, desk.now, desk.reader)
    assert loaded.good
    await desk.ask("auth.password.change", made.token, password=PASSWORD, new="another horse")
    assert entering.sign_in(desk.world, actor, request, desk.now, loaded) is None
