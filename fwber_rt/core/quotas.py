"""Sizes clients may rely on, told to them by ``connect``; and whether rates are limited at all."""

from __future__ import annotations

from typing import Any

from fwber_rt.core.settings import Setting, positive

TEXT_CHARS = Setting(
    "messages.text_chars", 2000, "longest text of a message", "characters", reload=True,
    check=lambda value: None if 1 <= value <= 10_000 else "must be from 1 to 10000",
)  # fmt: skip
ROOMS_PER_USER = Setting("rooms.per_user", 100, "rooms one user may belong to", "rooms", check=positive, reload=True)
ROOM_MEMBERS = Setting("rooms.members", 5000, "most members of a room", "members", check=positive, reload=True)
RADIUS_MIN = Setting("rooms.radius_min_m", 50, "smallest radius of a room", "metres", check=positive, reload=True)
RADIUS_MAX = Setting("rooms.radius_max_m", 5000, "largest radius of a room", "metres", check=positive, reload=True)
PING = Setting("session.ping_s", 25.0, "seconds between two WebSocket pings of the server", "seconds", check=positive)
LIMITS_ENABLED = Setting("limits.enabled", True, "whether rate limits refuse anything; off only for load tests")
SETTINGS: tuple[Setting[Any], ...] = (TEXT_CHARS, ROOMS_PER_USER, ROOM_MEMBERS, RADIUS_MIN, RADIUS_MAX, PING)
