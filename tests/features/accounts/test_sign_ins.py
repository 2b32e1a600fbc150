"""A sign-in's life: renewed, listed, used by a browser, ended."""

from __future__ import annotations

import pytest

from fwber_rt.errors import Refused
from fwber_rt.features.accounts import sign_ins
from fwber_rt.features.accounts.state import RECENT_S
from tests.features.accounts.conftest import PASSWORD, Desk, closed

DAY = 86_400


async def test_a_refresh_token_gets_a_newer_pair(desk: Desk) -> None:
    first = await desk.register()
    desk.clock.advance(300)
    second = await desk.ask("auth.refresh", refresh=first.refresh)
    assert (second.sid, second.user, second.kind) == (first.sid, first.user, "user")
    assert second.refresh != first.refresh
    assert second.expires == desk.now.wall + 600_000
    assert desk.refusal(first.token) == desk.refusal(second.token) == "", "the old access token has its time"
    desk.clock.advance(301)
    assert desk.refusal(first.token) == "token.expired"


async def test_a_refresh_token_that_comes_again_ends_the_sign_in_for_both(desk: Desk) -> None:
    mine = await desk.register()
    thief = await desk.ask("auth.refresh", refresh=mine.refresh)
    other = await desk.sign_in()
    assert await desk.error("auth.refresh", refresh=mine.refresh) == "token.reused"
    assert desk.refusal(thief.token) == desk.refusal(mine.token) == "token.invalid"
    assert await desk.error("auth.refresh", refresh=thief.refresh) == "token.invalid"
    assert desk.refusal(other.token) == "", "another device is not concerned"
    desk.start()
    assert desk.refusal(thief.token) == "token.invalid"
    assert await desk.error("auth.refresh", refresh=thief.refresh) == "token.invalid"


async def test_the_connections_of_a_copied_token_are_closed(desk: Desk) -> None:
    mine = await desk.register()
    desk.admit(int(mine.user.user))
    await desk.ask("auth.refresh", refresh=mine.refresh)
    await desk.error("auth.refresh", refresh=mine.refresh)
    assert closed(desk.effects, [mine.sid, "another"]) == [mine.sid]


async def test_whoever_got_no_answer_asks_again_under_the_same_nonce(desk: Desk) -> None:
    first = await desk.register()
    second = await desk.ask("auth.refresh", refresh=first.refresh, nonce="n1")
    again = await desk.ask("auth.refresh", refresh=first.refresh, nonce="n1")
    assert again.refresh == second.refresh
    third = await desk.ask("auth.refresh", refresh=again.refresh, nonce="n2")
    assert third.refresh != again.refresh


@pytest.mark.parametrize("nonce", ["other", ""])
async def test_a_thief_does_not_know_the_nonce(desk: Desk, nonce: str) -> None:
    first = await desk.register()
    await desk.ask("auth.refresh", refresh=first.refresh, nonce="n1")
    assert await desk.error("auth.refresh", refresh=first.refresh, nonce=nonce) == "token.reused"


async def test_an_old_nonce_is_of_no_use_after_the_next_renewal(desk: Desk) -> None:
    first = await desk.register()
    second = await desk.ask("auth.refresh", refresh=first.refresh, nonce="n1")
    await desk.ask("auth.refresh", refresh=second.refresh, nonce="n2")
    assert await desk.error("auth.refresh", refresh=first.refresh, nonce="n1") == "token.reused"


async def test_two_uses_at_a_time_are_a_reuse_though_nothing_is_stored_yet(desk: Desk) -> None:
    first = await desk.register()
    desk.holding = True
    await desk.ask("auth.refresh", refresh=first.refresh)
    assert await desk.error("auth.refresh", refresh=first.refresh) == "token.reused"
    desk.commit()
    assert desk.count("sign_ins") == 0


async def test_two_that_were_read_at_the_same_moment(desk: Desk) -> None:
    first = await desk.register()
    desk.start()  # so that only the disk knows it
    asked = [desk.ask("auth.refresh", refresh=first.refresh) for _ in range(2)]
    [_, second] = await desk.together(*asked)
    assert second == "token.reused"


async def test_a_nonce_that_is_used_again_and_again_names_the_last_renewal_alone(desk: Desk) -> None:
    first = await desk.register()
    second = await desk.ask("auth.refresh", refresh=first.refresh, nonce="n")
    await desk.ask("auth.refresh", refresh=second.refresh, nonce="n")
    assert await desk.error("auth.refresh", refresh=first.refresh, nonce="n") == "token.reused"


async def test_after_an_older_backup_a_newer_token_goes_on(desk: Desk) -> None:
    first = await desk.register()
    second = await desk.ask("auth.refresh", refresh=first.refresh)
    third = await desk.ask("auth.refresh", refresh=second.refresh)
    desk.database.execute("UPDATE sign_ins SET generation = 0")
    desk.start()
    fourth = await desk.ask("auth.refresh", refresh=third.refresh)
    assert fourth.refresh.split(".")[1] == "3"


@pytest.mark.parametrize(
    "change",
    [
        lambda t: t[:-1] + "x", lambda t: t.replace(".0.", ".1."), lambda t: "1" + t, lambda t: "x", lambda t: t + ".",
        lambda t: "..", lambda t: t.replace(".", "\u0660."), lambda t: "\u00e9",
    ],
)  # fmt: skip
async def test_a_forged_refresh_token_is_refused_and_harms_nobody(desk: Desk, change: object) -> None:
    made = await desk.register()
    assert callable(change)
    assert await desk.error("auth.refresh", refresh=change(made.refresh)) == "token.invalid"
    assert desk.refusal(made.token) == ""
    assert await desk.ask("auth.refresh", refresh=made.refresh)


async def test_tokens_are_of_one_kind(desk: Desk) -> None:
    """A refresh token is no access token and no cookie, and the other way round."""
    made = await desk.register()
    assert desk.refusal(made.refresh) == "token.invalid"
    assert await desk.error("auth.refresh", refresh=made.token) == "token.invalid"
    await desk.sign_in(cookie=True)
    cookie = desk.effects.cookie or ""
    assert await desk.error("auth.refresh", refresh=cookie) == "token.invalid"
    assert desk.refusal(cookie) == "token.invalid"
    for value in (made.refresh, made.refresh.replace(".0.", "."), f"{made.sid}.{cookie.partition('.')[2]}"):
        with pytest.raises(Refused):
            await desk.cookie(value)


async def test_a_sign_in_ends_when_it_is_not_renewed(desk: Desk) -> None:
    made = await desk.register()
    desk.clock.advance(29 * DAY)
    renewed = await desk.ask("auth.refresh", refresh=made.refresh)
    desk.clock.advance(30 * DAY)
    assert await desk.error("auth.refresh", refresh=renewed.refresh) == "token.expired"


async def test_sign_ins_are_listed(desk: Desk) -> None:
    one = await desk.register(client="Phone")
    desk.clock.advance(10)
    await desk.sign_in(client="Browser", cookie=True)
    listed = (await desk.ask("auth.sessions", one.token)).sign_ins
    assert [(each.client, each.browser, each.current) for each in listed] == [("Browser", True, False), ("Phone", False, True)]
    desk.clock.advance(31 * DAY)
    token = (await desk.sign_in(client="Later")).token
    assert [each.client for each in (await desk.ask("auth.sessions", token)).sign_ins] == ["Later"]


async def test_one_of_mine_is_ended(desk: Desk) -> None:
    mine, lost = await desk.register(), await desk.sign_in()
    desk.admit(int(mine.user.user))
    await desk.ask("auth.session.revoke", mine.token, sid=lost.sid)
    assert closed(desk.effects, [mine.sid, lost.sid]) == [lost.sid]
    assert (desk.refusal(lost.token), desk.refusal(mine.token)) == ("token.invalid", "")
    assert await desk.error("auth.refresh", refresh=lost.refresh) == "token.invalid"
    assert [each.sid for each in (await desk.ask("auth.sessions", mine.token)).sign_ins] == [mine.sid]


async def test_somebody_elses_sign_in_is_answered_like_none(desk: Desk) -> None:
    mine, theirs = await desk.register("ada"), await desk.register("eve")
    answers = [await desk.refused("auth.session.revoke", mine.token, sid=sid) for sid in (theirs.sid, "1", "x", "9" * 60)]
    assert {(each.error.name, each.message, each.field) for each in answers} == {
        ("not.found", "There is nothing here that you may see.", "sid")
    }
    assert desk.refusal(theirs.token) == ""


async def test_signing_out_ends_this_one(desk: Desk) -> None:
    one, two = await desk.register(), await desk.sign_in()
    await desk.ask("auth.sign_out", one.token)
    assert (desk.refusal(one.token), desk.refusal(two.token)) == ("token.invalid", "")
    assert desk.effects.cookie is None


async def test_signing_out_everywhere_ends_all_before_and_none_after(desk: Desk) -> None:
    one, two = await desk.register(), await desk.sign_in()
    await desk.ask("auth.sign_out", one.token, everywhere=True)
    after = await desk.sign_in()
    assert [desk.refusal(each.token) for each in (one, two, after)] == ["token.invalid", "token.invalid", ""]
    desk.start()
    assert [desk.refusal(each.token) for each in (one, two, after)] == ["token.invalid", "token.invalid", ""]
    assert desk.count("sign_ins") == 1


async def test_a_guest_signs_out_for_as_long_as_the_token_would_have_lived(desk: Desk) -> None:
    token = (await desk.ask("auth.guest", name="Guest")).token
    await desk.ask("auth.sign_out", token)
    desk.clock.advance(29 * DAY)
    desk.database.execute("DELETE FROM revocations WHERE until <= ?", (desk.now.wall,))  # what retention does
    desk.start()
    assert desk.refusal(token) == "token.invalid"


async def test_what_is_ended_is_stored_before_the_reply(desk: Desk) -> None:
    """The rows are in the effects the reply is in, so it is released by their commit (``core.effects``)."""
    made = await desk.register()
    for op, d in (("auth.session.revoke", {"sid": (await desk.sign_in()).sid}), ("auth.sign_out", {})):
        await desk.ask(op, made.token, **d)
        assert not desk.effects.ephemeral
        assert any("revocations" in row.statement.sql for row in desk.effects.rows)


async def test_memory_forgets_what_no_token_is_left_of(desk: Desk) -> None:
    for n in range(1100):
        desk.accounts.revoke(str(n), desk.now.wall + 1000, desk.now)
    desk.clock.advance(2)
    for n in range(3000):
        desk.accounts.revoke(f"x{n}", desk.now.wall + 1000, desk.now)
    assert not desk.accounts.is_over(1, "0")
    assert desk.accounts.is_over(1, "x0")


# A browser


async def browser(desk: Desk) -> str:
    """The cookie of a new sign-in."""
    await desk.sign_in(cookie=True)
    assert desk.effects.cookie
    return desk.effects.cookie


async def test_a_cookie_is_good_until_its_sign_in_ends(desk: Desk) -> None:
    await desk.register()
    cookie = await browser(desk)
    user, sid, _ = await desk.cookie(cookie)
    desk.start()
    assert (await desk.cookie(cookie))[:2] == (user, sid)
    desk.clock.advance(30 * DAY)
    with pytest.raises(Refused, match="token.expired"):
        await desk.cookie(cookie)


@pytest.mark.parametrize("value", ["", ".", "1.x", "x", "\u0661.x", "1." + "A" * 43, "9" * 30 + ".x"])
async def test_a_forged_cookie_is_nobodys(desk: Desk, value: str) -> None:
    await desk.register()
    with pytest.raises(Refused, match="token.invalid"):
        await desk.cookie(value)


async def test_knowing_the_name_of_a_sign_in_is_not_enough(desk: Desk) -> None:
    await desk.register()
    sid, _, proof = (await browser(desk)).partition(".")
    for value in (f"{sid}.{'A' * 43}", f"{sid}.", sid, f"{sid}.{proof[:-1]}", f"{sid}.{proof}x"):
        with pytest.raises(Refused, match="token.invalid"):
            await desk.cookie(value)


async def test_a_cookie_ends_at_once_also_when_it_was_just_used(desk: Desk) -> None:
    made = await desk.register()
    cookie = await browser(desk)
    _, sid, _ = await desk.cookie(cookie)
    await desk.ask("auth.session.revoke", made.token, sid=sid)
    with pytest.raises(Refused, match="token.invalid"):
        await desk.cookie(cookie)
    another = await browser(desk)
    await desk.cookie(another)
    await desk.ask("auth.sign_out", made.token, everywhere=True)
    with pytest.raises(Refused, match="token.invalid"):
        await desk.cookie(another)


async def test_a_browser_that_signs_out_loses_its_cookie(desk: Desk) -> None:
    await desk.register()
    user, sid, ends = await desk.cookie(await browser(desk))
    token = desk.tokens.issue(user, 2, desk.now.wall, 60_000, sid)  # stands for the cookie here
    assert ends
    await desk.ask("auth.sign_out", token)
    assert desk.effects.cookie == ""


async def test_cookies_in_memory_are_bounded(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sign_ins, "MOST_COOKIES", 2)
    await desk.register()
    cookies = [await browser(desk) for _ in range(4)]
    for cookie in cookies * 2:
        await desk.cookie(cookie)
    assert len(desk.accounts.cookies) == 2


async def test_what_changed_lately_is_forgotten_in_time(desk: Desk) -> None:
    await desk.register("ada", PASSWORD)
    assert len(desk.accounts.sign_ins) == 1
    desk.clock.advance(RECENT_S + 1)
    await desk.sign_in()
    assert len(desk.accounts.sign_ins) == 1
