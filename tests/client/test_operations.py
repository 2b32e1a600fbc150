"""Each method is one operation of the protocol's table, with exactly the fields that were given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from fwber_rt.client.operations import Operations


class Recorder(Operations):
    def __init__(self, ok: dict[str, Any]) -> None:
        self.asked: list[tuple[str, dict[str, Any]]] = []
        self.ok = ok

    async def request(
        self, op: str, d: dict[str, Any] | None = None, *, timeout_s: float | None = None, repeatable: bool | None = None
    ) -> dict[str, Any]:
        self.asked.append((op, d or {}))
        return self.ok

    def make_nonce(self) -> str:
        return "made"


Ask = Callable[[Operations], Awaitable[Any]]

TABLE: list[tuple[Ask, str, dict[str, Any]]] = [
    (lambda c: c.say("hi"), "here.say", {"text": "hi", "nonce": "made"}),
    (lambda c: c.say(content={"kind": "x"}, nonce="n"), "here.say", {"content": {"kind": "x"}, "nonce": "n"}),
    (lambda c: c.send("1", "hi"), "message.send", {"room": "1", "text": "hi", "nonce": "made"}),
    (lambda c: c.send("1", "hi", reply_to="2"), "message.send", {"room": "1", "text": "hi", "nonce": "made", "reply_to": "2"}),
    (lambda c: c.history("1", before=9, limit=5), "message.history", {"room": "1", "before": 9, "limit": 5}),
    (lambda c: c.history("1", after=0), "message.history", {"room": "1", "after": 0}),
    (lambda c: c.here_history(), "here.history", {}),
    (lambda c: c.here_history("cell:8", before=1), "here.history", {"s": "cell:8", "before": 1}),
    (lambda c: c.typing("1"), "typing", {"room": "1"}),
    (lambda c: c.mark_read("1", 4), "read.mark", {"room": "1", "o": 4}),
    (lambda c: c.mark_read("1", 4, share=True), "read.mark", {"room": "1", "o": 4, "share": True}),
    (lambda c: c.location(0.0, 2.5, 7.0), "location.update", {"lat": 0.0, "lng": 2.5, "accuracy_m": 7.0}),
    (
        lambda c: c.location(1, 2, 3, ts=4, heading=0.0, speed_mps=6),
        "location.update",
        {"lat": 1, "lng": 2, "accuracy_m": 3, "ts": 4, "heading": 0.0, "speed_mps": 6},
    ),
    (lambda c: c.clear_location(), "location.clear", {}),
    (lambda c: c.nearby_people(limit=3, cursor="c"), "nearby.people", {"limit": 3, "cursor": "c"}),
    (lambda c: c.nearby_rooms(cell="8", kind="dating"), "nearby.rooms", {"cell": "8", "kind": "dating"}),
    (
        lambda c: c.nearby_rooms(lat=0.0, lng=0.0, radius_m=50, tag="t", q="w"),
        "nearby.rooms",
        {"lat": 0.0, "lng": 0.0, "radius_m": 50, "tag": "t", "q": "w"},
    ),
    (
        lambda c: c.create_room("r", 1, 2, 50, kind="social", tags=["a"]),
        "room.create",
        {"name": "r", "lat": 1, "lng": 2, "radius_m": 50, "kind": "social", "tags": ["a"]},
    ),
    (lambda c: c.room("1"), "room.get", {"room": "1"}),
    (lambda c: c.update_room("1", name="x", description=None), "room.update", {"room": "1", "name": "x", "description": None}),
    (lambda c: c.delete_room("1"), "room.delete", {"room": "1"}),
    (lambda c: c.join("1"), "room.join", {"room": "1"}),
    (lambda c: c.join("1", accept_precise=True), "room.join", {"room": "1", "accept_precise": True}),
    (lambda c: c.leave("1"), "room.leave", {"room": "1"}),
    (lambda c: c.members("1", limit=2), "room.members", {"room": "1", "limit": 2}),
    (lambda c: c.block("7"), "user.block", {"user": "7"}),
    (lambda c: c.block("7", note="n"), "user.block", {"user": "7", "note": "n"}),
    (lambda c: c.unblock("7"), "user.unblock", {"user": "7"}),
    (lambda c: c.mute("7"), "user.mute", {"user": "7"}),
    (lambda c: c.unmute("7"), "user.unmute", {"user": "7"}),
    (lambda c: c.blocks(limit=2), "user.blocks", {"limit": 2}),
    (lambda c: c.mutes(cursor="7"), "user.mutes", {"cursor": "7"}),
    (lambda c: c.report("spam", message="9"), "report.create", {"reason": "spam", "message": "9"}),
    (lambda c: c.report("other", user="7", note="n"), "report.create", {"reason": "other", "user": "7", "note": "n"}),
    (lambda c: c.invite("1", "7"), "room.invite", {"room": "1", "user": "7"}),
    (lambda c: c.uninvite("1", "7"), "room.uninvite", {"room": "1", "user": "7"}),
    (lambda c: c.invitations("1", limit=2, cursor="7"), "room.invitations", {"room": "1", "limit": 2, "cursor": "7"}),
    (lambda c: c.my_invitations(limit=2), "room.invitations.mine", {"limit": 2}),
    (lambda c: c.accept_invitation("1"), "room.invitation.accept", {"room": "1"}),
    (lambda c: c.accept_invitation("1", accept_precise=True), "room.invitation.accept", {"room": "1", "accept_precise": True}),
    (lambda c: c.decline_invitation("1"), "room.invitation.decline", {"room": "1"}),
    (lambda c: c.ask_to_join("1"), "room.request", {"room": "1"}),
    (lambda c: c.withdraw_request("1"), "room.request.withdraw", {"room": "1"}),
    (lambda c: c.requests("1"), "room.requests", {"room": "1"}),
    (lambda c: c.accept_request("1", "7"), "room.request.accept", {"room": "1", "user": "7"}),
    (lambda c: c.decline_request("1", "7"), "room.request.decline", {"room": "1", "user": "7"}),
    (lambda c: c.kick("1", "7"), "room.kick", {"room": "1", "user": "7"}),
    (lambda c: c.ban("1", "7"), "room.ban", {"room": "1", "user": "7"}),
    (
        lambda c: c.ban("1", "7", until=9, reason="r"),
        "room.ban",
        {"room": "1", "user": "7", "until": 9, "reason": "r"},
    ),
    (lambda c: c.unban("1", "7"), "room.unban", {"room": "1", "user": "7"}),
    (lambda c: c.bans("1"), "room.bans", {"room": "1"}),
    (lambda c: c.silence("1", "7", 9), "room.mute", {"room": "1", "user": "7", "until": 9}),
    (lambda c: c.unsilence("1", "7"), "room.unmute", {"room": "1", "user": "7"}),
    (lambda c: c.silenced("1"), "room.mutes", {"room": "1"}),
    (lambda c: c.set_role("1", "7", "admin"), "room.role.set", {"room": "1", "user": "7", "role": "admin"}),
    (lambda c: c.transfer("1", "7"), "room.transfer", {"room": "1", "user": "7"}),
    (lambda c: c.me(), "account.me", {}),
    (lambda c: c.rename("Ada"), "account.update", {"name": "Ada"}),
    (lambda c: c.upgrade("ada", "secret"), "auth.upgrade", {"login": "ada", "password": "secret", "email": ""}),
    (lambda c: c.sign_ins(), "auth.sessions", {}),
    (lambda c: c.end_sign_in("9"), "auth.session.revoke", {"sid": "9"}),
    (lambda c: c.sign_out(), "auth.sign_out", {"everywhere": False}),
    (lambda c: c.sign_out(everywhere=True), "auth.sign_out", {"everywhere": True}),
    (lambda c: c.change_password("old", "new"), "auth.password.change", {"password": "old", "new": "new"}),
    (lambda c: c.set_email("a@example.org", "p"), "auth.email.set", {"email": "a@example.org", "password": "p"}),
    (lambda c: c.verify_email("c"), "auth.email.verify", {"code": "c"}),
    (lambda c: c.begin_totp("p"), "auth.totp.begin", {"password": "p"}),
    (lambda c: c.confirm_totp("123456"), "auth.totp.confirm", {"code": "123456"}),
    (lambda c: c.disable_totp("p", "123456"), "auth.totp.disable", {"password": "p", "code": "123456"}),
    (lambda c: c.ping(), "ping", {}),
    (lambda c: c.consent("location", "h"), "consent.give", {"purpose": "location", "text_hash": "h"}),
    (lambda c: c.withdraw_consent("location", "h"), "consent.withdraw", {"purpose": "location", "text_hash": "h"}),
]


@pytest.mark.parametrize(("ask", "op", "d"), TABLE)
async def test_methods(ask: Ask, op: str, d: dict[str, Any]) -> None:
    recorder = Recorder({"server_time": 1, "at": 2, "sent": True, "email": "a@example.org", "recovery": []})
    await ask(recorder)
    assert recorder.asked == [(op, d)]
