from __future__ import annotations

import hashlib
import hmac
import json
from base64 import urlsafe_b64encode
from typing import Any

import jwt
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fwber_rt.core.access import Kind
from fwber_rt.core.services import LONGEST_TOKEN_MS, Credentials
from fwber_rt.errors import TOKEN_EXPIRED, TOKEN_INVALID, TOKEN_MISSING, Error, Refused
from fwber_rt.transport.auth import REMEMBERED, Claims, Tokens, bearer

NOW = 1_800_000_000_000
MINUTE = 60_000
SECRET = bytes(range(32))
TOKENS = Tokens(SECRET)


def refusal(token: str | None, now: int = NOW, tokens: Tokens = TOKENS) -> Error:
    with pytest.raises(Refused) as caught:
        tokens.verify(token, now)
    return caught.value.error


def b64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()


def resigned(tokens: Tokens = TOKENS, header: dict[str, Any] | None = None, **claims: Any) -> str:
    """A token of ours with some claims (None: removed) or header fields changed, signed with the right key."""
    token = tokens.issue(42, Kind.GUEST, NOW, MINUTE, sid="s1")
    payload = {**jwt.decode(token, options={"verify_signature": False}), **claims}
    head = {**jwt.get_unverified_header(token), **(header or {})}
    signed = ".".join(b64(json.dumps(part).encode()) for part in (head, {k: v for k, v in payload.items() if v is not None}))
    key = next(iter(tokens._keys.values()))
    return f"{signed}.{b64(hmac.digest(key, signed.encode(), hashlib.sha256))}"


def test_a_token_says_who_it_was_issued_to() -> None:
    token = TOKENS.issue(42, Kind.USER, NOW, MINUTE, sid="s1")
    assert TOKENS.verify(token, NOW) == Claims(42, Kind.USER, "s1", NOW, NOW + MINUTE)


def test_it_is_a_jwt_with_the_documented_claims() -> None:
    token = TOKENS.issue(42, Kind.GUEST, NOW, MINUTE, sid="s1")
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT", "kid": TOKENS._kid}
    assert jwt.decode(token, options={"verify_signature": False}) == {
        "aud": "fwber_rt", "sub": "42", "kind": "guest", "sid": "s1", "iat": NOW // 1000, "exp": (NOW + MINUTE) // 1000,
    }  # fmt: skip


def test_the_end_is_decided_by_the_clock_passed_in() -> None:
    token = TOKENS.issue(42, Kind.GUEST, NOW, MINUTE)
    assert TOKENS.verify(token, NOW + MINUTE - 1).user == 42
    assert refusal(token, NOW + MINUTE) is TOKEN_EXPIRED
    assert TOKENS.verify(token, NOW - 365 * 86_400_000).user == 42, "a clock set back does not lock people out"
    past = TOKENS.issue(42, Kind.GUEST, 1_000_000, MINUTE)
    assert TOKENS.verify(past, 1_000_000).user == 42, "long over by the real clock, which is not asked"


def test_an_end_within_a_second_is_rounded_up() -> None:
    token = TOKENS.issue(42, Kind.GUEST, NOW + 1, 1_500)
    assert TOKENS.verify(token, NOW + 1_501).expires_ms == NOW + 2_000


@pytest.mark.parametrize("token", [None, ""])
def test_no_token_is_missing(token: str | None) -> None:
    assert refusal(token) is TOKEN_MISSING


def test_resigned_tokens_are_accepted_unless_something_else_is_wrong() -> None:
    assert TOKENS.verify(resigned(), NOW).user == 42


@pytest.mark.parametrize(
    "claims",
    [
        {"aud": "another"}, {"aud": ["fwber_rt", "another"]}, {"aud": None}, {"sub": None}, {"sub": 42}, {"sub": "-1"},
        {"sub": "0"}, {"sub": "4x"}, {"sub": "\u0664"}, {"sub": "9" * 19}, {"sub": "9" * 40},
        {"kind": "god"}, {"kind": 3}, {"kind": None},
        {"kind": ["guest"]}, {"sid": None}, {"sid": 7}, {"exp": None}, {"exp": "9999999999"}, {"exp": 1e12}, {"exp": True},
        {"iat": None}, {"iat": "x"},
    ],
)  # fmt: skip
def test_signed_claims_of_another_form_are_invalid(claims: dict[str, Any]) -> None:
    assert refusal(resigned(**claims)) is TOKEN_INVALID


@pytest.mark.parametrize("payload", [b"", b"[]", b"7", b"null", b"{", b"\xff", b"[" * 1500])
def test_signed_text_that_is_no_claims_is_invalid(payload: bytes) -> None:
    signed = f"{TOKENS.issue(42, Kind.GUEST, NOW, MINUTE).partition('.')[0]}.{b64(payload)}"
    key = next(iter(TOKENS._keys.values()))
    assert refusal(f"{signed}.{b64(hmac.digest(key, signed.encode(), hashlib.sha256))}") is TOKEN_INVALID


@pytest.mark.parametrize("header", [{"alg": "none"}, {"alg": "HS512"}, {"kid": "other"}, {"kid": 7}, {"kid": ["x"]}, {"alg": 1}])
def test_a_token_does_not_choose_how_it_is_checked(header: dict[str, Any]) -> None:
    assert refusal(resigned(header=header)) is TOKEN_INVALID


def test_an_unsigned_token_is_invalid() -> None:
    good = resigned()
    unsigned = b64(json.dumps({"alg": "none", "kid": TOKENS._kid}).encode()) + "." + good.split(".")[1] + "."
    assert refusal(unsigned) is TOKEN_INVALID
    assert refusal(good.rpartition(".")[0] + ".") is TOKEN_INVALID


def test_changing_any_part_breaks_it() -> None:
    token = TOKENS.issue(42, Kind.GUEST, NOW, MINUTE)
    for position in range(0, len(token), 7):
        if token[position] != ".":
            changed = token[:position] + ("A" if token[position] != "A" else "B") + token[position + 1 :]
            assert refusal(changed) is TOKEN_INVALID, position


def test_a_token_of_another_server_is_invalid() -> None:
    assert refusal(Tokens(bytes(32)).issue(42, Kind.GUEST, NOW, MINUTE)) is TOKEN_INVALID


def test_an_expired_token_of_another_server_is_invalid_not_expired() -> None:
    assert refusal(Tokens(bytes(32)).issue(42, Kind.GUEST, NOW, MINUTE), NOW + 2 * MINUTE) is TOKEN_INVALID


@given(st.one_of(st.text(max_size=300), st.binary(max_size=200).map(b64)))
@example("a.b.c")
@example("..")
@example("\ud800.\ud800.\ud800")
@example("é.é.é")
@example(b64(b"[" * 1500) + ".e30.")
@example("A" * 3_000)
def test_arbitrary_text_is_refused_and_nothing_else_is_raised(text: str) -> None:
    assert refusal(text) in (TOKEN_INVALID, TOKEN_MISSING)


def test_rotation_keeps_what_was_issued_and_signs_with_the_new_secret() -> None:
    old, new = Tokens(SECRET), Tokens(bytes(32), previous=[SECRET])
    token, secret = old.issue(42, Kind.GUEST, NOW, MINUTE), old.session_secret(42, 7)
    assert new.verify(token, NOW).user == 42
    assert new.session_conn(42, secret) == 7
    assert refusal(new.issue(42, Kind.GUEST, NOW, MINUTE), tokens=old) is TOKEN_INVALID
    assert old.session_conn(42, new.session_secret(42, 7)) is None


def test_a_rotation_in_place_is_the_same_as_a_start_after_it() -> None:
    tokens = Tokens(SECRET)
    before, session = tokens.issue(42, Kind.GUEST, NOW, MINUTE), tokens.session_secret(42, 7)
    tokens.rotate(bytes(32))
    after = tokens.issue(42, Kind.GUEST, NOW, MINUTE)
    for each in (tokens, Tokens(bytes(32), previous=[SECRET])):
        assert [each.verify(token, NOW).user for token in (before, after)] == [42, 42]
        assert each.session_conn(42, session) == 7
        assert refusal(before, NOW + MINUTE, tokens=each) is TOKEN_EXPIRED
        assert each.session_secret(42, 7) == Tokens(bytes(32)).session_secret(42, 7)
    assert refusal(after, tokens=Tokens(SECRET)) is TOKEN_INVALID
    with pytest.raises(ValueError, match="32 bytes"):
        tokens.rotate(b"short")


def test_no_token_outlives_the_secrets_that_are_kept() -> None:
    token = TOKENS.issue(42, Kind.GUEST, NOW, 10 * LONGEST_TOKEN_MS)
    assert TOKENS.verify(token, NOW).expires_ms <= NOW + LONGEST_TOKEN_MS + 1000


def test_revocation_is_asked_by_sign_in() -> None:
    revoked = {(42, "s1"), (43, "s2")}
    tokens = Tokens(SECRET, revoked=lambda user, sid: (user, sid) in revoked)
    first, second = (tokens.issue(42, Kind.GUEST, NOW, MINUTE, sid=sid) for sid in ("s1", "s2"))
    assert refusal(first, tokens=tokens) is TOKEN_INVALID
    assert tokens.verify(second, NOW).sid == "s2"
    revoked.add((42, "s2"))
    assert refusal(second, tokens=tokens) is TOKEN_INVALID


def test_a_remembered_token_ends_and_is_revoked_as_any_other() -> None:
    gone: set[str] = set()
    tokens = Tokens(SECRET, revoked=lambda user, sid: sid in gone)
    token = tokens.issue(42, Kind.USER, NOW, MINUTE, sid="s1")
    assert tokens.verify(token, NOW, remember=True) == tokens.verify(token, NOW, remember=True) == tokens.verify(token, NOW)
    with pytest.raises(Refused) as caught:
        tokens.verify(token, NOW + MINUTE, remember=True)
    assert caught.value.error is TOKEN_EXPIRED
    gone.add("s1")
    with pytest.raises(Refused) as caught:
        tokens.verify(token, NOW, remember=True)
    assert caught.value.error is TOKEN_INVALID


def test_a_token_to_remember_is_taken_apart_once_and_a_forged_one_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    tokens = Tokens(SECRET)
    genuine, forged = tokens.issue(42, Kind.USER, NOW, MINUTE), resigned(Tokens(SECRET[::-1]), {"kid": tokens._kid})
    read: list[str] = []
    decode = jwt.decode

    def counted(token: str, *rest: Any, **more: Any) -> Any:
        read.append(token)
        return decode(token, *rest, **more)

    monkeypatch.setattr(jwt, "decode", counted)
    for _ in range(2):
        assert tokens.verify(genuine, NOW, remember=True).user == 42
        with pytest.raises(Refused):
            tokens.verify(forged, NOW, remember=True)
    assert read == [genuine, forged, forged]
    assert tokens._remembering.cache_info().maxsize == REMEMBERED


def test_each_sign_in_has_its_own_name() -> None:
    issued = [TOKENS.issue(user, Kind.GUEST, now, MINUTE) for user in (1, 2) for now in (NOW, NOW + 1)]
    assert len({TOKENS.verify(token, NOW).sid for token in issued}) == 4


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ValueError, match="32 bytes"):
        Tokens(b"short")
    with pytest.raises(ValueError, match="32 bytes"):
        Tokens(SECRET, previous=[b""])


def test_a_session_secret_is_bound_to_user_and_connection() -> None:
    secret = TOKENS.session_secret(42, 7)
    assert TOKENS.session_conn(42, secret) == 7
    assert TOKENS.session_conn(43, secret) is None
    assert TOKENS.session_conn(42, "8" + secret[1:]) is None
    assert TOKENS.session_conn(42, secret[:-1]) is None
    assert Tokens(bytes(32)).session_conn(42, secret) is None


def test_user_and_connection_are_kept_apart() -> None:
    assert TOKENS.session_secret(1, 23).split(".")[1] != TOKENS.session_secret(12, 3).split(".")[1]


@given(st.text(max_size=100))
@example("7." + "é" * 43)
@example("7")
@example("")
@example("\u0667.x")
def test_arbitrary_session_secrets_are_nobodys(text: str) -> None:
    assert TOKENS.session_conn(42, text) is None


def test_a_session_secret_is_no_token_and_the_other_way_round() -> None:
    assert refusal(TOKENS.session_secret(42, 7)) is TOKEN_INVALID
    assert TOKENS.session_conn(42, TOKENS.issue(42, Kind.GUEST, NOW, MINUTE)) is None


def test_tokens_are_what_features_know_as_credentials() -> None:
    credentials: Credentials = TOKENS
    assert credentials.session_conn(1, credentials.session_secret(1, 2)) == 2


@pytest.mark.parametrize(
    ("header", "token"),
    [
        (None, None),
        ("", None),
        ("Bearer", None),
        ("Bearer  ", None),
        ("Basic abc", None),
        ("Bearer abc", "abc"),
        ("bearer  abc ", "abc"),
    ],
)
def test_bearer(header: str | None, token: str | None) -> None:
    assert bearer(header) == token
