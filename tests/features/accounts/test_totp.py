"""The second factor."""

from __future__ import annotations

from typing import Any

import pyotp
import pytest

from fwber_rt.core.instant import Instant
from fwber_rt.features.accounts.totp import step_of
from tests.features.accounts.conftest import PASSWORD, Desk

SECRET = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"  # of RFC 6238, appendix B


def code_at(secret: str, desk: Desk, off_s: int = 0) -> str:
    return pyotp.TOTP(secret).at(desk.now.wall // 1000 + off_s)


async def enabled(desk: Desk) -> tuple[Any, str, list[str]]:
    """A sign-in of an account with a second factor, its secret, and the recovery codes."""
    made = await desk.register()
    begun = await desk.ask("auth.totp.begin", made.token, password=PASSWORD)
    done = await desk.ask("auth.totp.confirm", made.token, code=code_at(begun.secret, desk))
    desk.clock.advance(30)
    return made, begun.secret, done.recovery


@pytest.mark.parametrize(
    ("at", "code"), [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]
)  # fmt: skip
def test_codes_are_those_of_the_rfc(at: int, code: str) -> None:
    assert step_of(SECRET, code, Instant(at * 1000, 0.0), after=0) == at // 30


@pytest.mark.parametrize(("off_s", "good"), [(-60, False), (-30, True), (0, True), (30, True), (60, False)])
def test_clocks_may_be_off_by_one_step(off_s: int, good: bool) -> None:
    at = 1_700_000_010
    code = pyotp.TOTP(SECRET).at(at + off_s)
    assert bool(step_of(SECRET, code, Instant(at * 1000, 0.0), after=0)) is good


async def test_signing_in_asks_for_a_code(desk: Desk) -> None:
    _, secret, _ = await enabled(desk)
    assert await desk.error("auth.sign_in", login="ada", password=PASSWORD) == "totp.required"
    assert await desk.error("auth.sign_in", login="ada", password=PASSWORD, code="000000") == "totp.wrong"
    assert await desk.sign_in(code=code_at(secret, desk))
    assert await desk.error("auth.sign_in", login="ada", password="wrong horse") == "login.wrong", "not that there is a factor"


async def test_a_code_is_good_once(desk: Desk) -> None:
    _, secret, _ = await enabled(desk)
    code = code_at(secret, desk)
    await desk.sign_in(code=code)
    for _ in range(2):
        assert await desk.error("auth.sign_in", login="ada", password=PASSWORD, code=code) == "totp.wrong"
        desk.start()
    early = code_at(secret, desk, -30)
    assert await desk.error("auth.sign_in", login="ada", password=PASSWORD, code=early) == "totp.wrong", "nor one before it"
    desk.clock.advance(30)
    assert await desk.sign_in(code=code_at(secret, desk))


async def test_the_code_that_enabled_it_is_used_up(desk: Desk) -> None:
    made = await desk.register()
    begun = await desk.ask("auth.totp.begin", made.token, password=PASSWORD)
    code = code_at(begun.secret, desk)
    await desk.ask("auth.totp.confirm", made.token, code=code)
    assert await desk.error("auth.sign_in", login="ada", password=PASSWORD, code=code) == "totp.wrong"


async def test_of_two_who_use_a_code_at_a_time_one_is_in(desk: Desk) -> None:
    _, secret, _ = await enabled(desk)
    desk.holding = True
    code = code_at(secret, desk)
    await desk.sign_in(code=code)
    assert await desk.error("auth.sign_in", login="ada", password=PASSWORD, code=code) == "totp.wrong"
    desk.commit()


async def test_recovery_codes_are_good_once_each(desk: Desk) -> None:
    made, _, recovery = await enabled(desk)
    assert len(set(recovery)) == 10
    await desk.sign_in(code=recovery[0].upper())
    assert await desk.error("auth.sign_in", login="ada", password=PASSWORD, code=recovery[0]) == "totp.wrong"
    await desk.sign_in(code=recovery[1])
    assert (await desk.ask("account.me", made.token)).recovery == 8
    [(stored,)] = desk.database.execute("SELECT secret FROM credentials")
    assert recovery[2].replace("-", "").encode() not in stored


async def test_it_counts_only_once_a_code_was_shown(desk: Desk) -> None:
    made = await desk.register()
    assert await desk.error("auth.totp.confirm", made.token, code="123456") == "totp.state"
    await desk.ask("auth.totp.begin", made.token, password=PASSWORD)
    assert await desk.error("auth.totp.confirm", made.token, code="000000") == "totp.wrong"
    assert await desk.sign_in()
    assert (await desk.ask("account.me", made.token)).totp is False


async def test_beginning_asks_for_the_password_and_happens_once(desk: Desk) -> None:
    made = await desk.register()
    assert await desk.error("auth.totp.begin", made.token, password="wrong horse") == "password.wrong"
    begun = await desk.ask("auth.totp.begin", made.token, password=PASSWORD)
    assert begun.uri.startswith("otpauth://totp/fwber_rt:ada?secret=" + begun.secret)
    await desk.ask("auth.totp.confirm", made.token, code=code_at(begun.secret, desk))
    assert await desk.error("auth.totp.begin", made.token, password=PASSWORD) == "totp.state"


async def test_disabling_asks_for_both(desk: Desk) -> None:
    made, secret, recovery = await enabled(desk)
    code = code_at(secret, desk)
    assert await desk.error("auth.totp.disable", made.token, password="wrong horse", code=code) == "password.wrong"
    assert await desk.error("auth.totp.disable", made.token, password=PASSWORD, code="000000") == "totp.wrong"
    await desk.ask("auth.totp.disable", made.token, password=PASSWORD, code=recovery[0])
    assert await desk.sign_in()
    assert await desk.error("auth.totp.disable", made.token, password=PASSWORD, code=code) == "totp.state"


async def test_a_reset_by_code_does_not_go_around_it(desk: Desk) -> None:
    from tests.features.accounts.test_changes import NEW, out

    await enabled(desk)
    await desk.ask("auth.reset", login="ada", code=await out(desk), password=NEW)
    assert await desk.error("auth.sign_in", login="ada", password=NEW) == "totp.required"


async def test_a_guest_has_no_second_factor(desk: Desk) -> None:
    token = (await desk.ask("auth.guest", name="Guest")).token
    for op, d in (
        ("auth.totp.begin", {"password": PASSWORD}), ("auth.totp.confirm", {"code": "123456"}),
        ("auth.totp.disable", {"password": PASSWORD, "code": "123456"}),
    ):  # fmt: skip
        assert await desk.error(op, token, **d) == "account.none"


async def test_codes_cannot_be_tried_one_after_the_other_from_many_places(desk: Desk) -> None:
    """Whoever has the password has ten tries and one in ten minutes, wherever they try from; success gives them back."""
    _, secret, _ = await enabled(desk)
    for place in range(10):
        where = f"192.0.2.{place}"
        assert await desk.error("auth.sign_in", address=where, login="ada", password=PASSWORD, code="000000") == "totp.wrong"
    code = code_at(secret, desk)
    assert await desk.error("auth.sign_in", address="192.0.2.99", login="ada", password=PASSWORD, code=code) == "rate.limited"
    desk.clock.advance(601)
    assert await desk.sign_in(code=code_at(secret, desk))
    assert await desk.error("auth.sign_in", login="ada", password=PASSWORD, code="000000") == "totp.wrong"
