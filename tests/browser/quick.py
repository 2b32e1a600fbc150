"""Settings under which a browser need not wait for what is slow on purpose, and one address may be many people."""

from __future__ import annotations

from typing import Final

QUICK: Final = {
    "limits.register": "10:100", "limits.sign_in": "10:100",
    "privacy.tick_s": "0.1", "privacy.dwell_s": "0.2", "privacy.dwell_random_s": "0.1", "presence.grace_s": "2",
    "operator.cells_s": "0.1", "limits.guest": "50:500", "limits.chat": "200:2000", "limits.address": "500:5000",
    "limits.room_create": "10:100", "limits.report": "20:200", "limits.read": "50:500",
}  # fmt: skip
