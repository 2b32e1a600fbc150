"""The headers every answer has, whoever writes it.

Nothing here is a page yet: a browser that is made to show an answer may load, run, frame and send nothing from it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from fwber_rt.core.settings import Setting

SERVER: Final = "fwber_rt"  # without versions
SECURITY_HEADERS: Final = {
    "Server": SERVER,
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
HSTS_SECONDS = Setting(
    "http.hsts_s", 31_536_000, "how long a browser that was here over TLS comes over nothing else; 0: as it likes", "seconds",
    check=lambda value: None if value >= 0 else "must be 0 or more",
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (HSTS_SECONDS,)


def over_tls(seconds: int) -> dict[str, str]:
    """Those of answers over TLS: browsers are told to stay there so long (RFC 6797), unless ``seconds`` is 0."""
    return SECURITY_HEADERS | ({"Strict-Transport-Security": f"max-age={seconds}"} if seconds else {})


def lines(headers: Mapping[str, str]) -> str:
    """Headers as they stand in an answer that is written by hand."""
    return "".join(f"{name}: {value}\r\n" for name, value in headers.items())
