"""The browser's session cookie, and how a request made with it shows that our own page made it.

A browser attaches a cookie to whatever request any page provokes, so the cookie alone proves nothing about who asks. Three
things keep other pages out, each enough by itself where browsers do as they should:

- ``SameSite=Strict``: the browser does not attach it to requests from other sites;
- ``Sec-Fetch-Site``, which pages cannot forge: only our own origin, or nobody (the address bar), may use the cookie. Where a
  browser is too old to send it, ``Origin`` decides;
- a header of our own on everything that may change something: another origin's page cannot set it without asking first
  (CORS preflight), and nobody is ever told yes.

The ``__Host-`` prefix makes browsers refuse the cookie from anything but this host over TLS (or loopback), so no subdomain can
plant one. Over a bearer token nothing of this applies: no browser attaches that by itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from fwber_rt.core.settings import Setting, positive
from fwber_rt.errors import CSRF_REFUSED, Refused
from fwber_rt.transport.origins import authority

NAME: Final = "__Host-fwber"
CREDENTIAL: Final = "cookie:"
"""What stands before the cookie's value where a token is expected. No token may begin so."""
HEADER: Final = "X-Fwber-CSRF"
SAFE_METHODS: Final = frozenset({"GET", "HEAD"})

COOKIE_SECONDS = Setting(
    "http.cookie_s", 30 * 86_400, "how long a browser keeps its session cookie; whether it is still good is the server's to say",
    "seconds", check=positive,
)  # fmt: skip
SETTINGS: tuple[Setting[Any], ...] = (COOKIE_SECONDS,)

_ATTRIBUTES: Final = "Path=/; Secure; HttpOnly; SameSite=Strict"
_VALUE: Final = re.compile(r"[A-Za-z0-9._~-]{1,512}")


def read(headers: Iterable[str]) -> str | None:
    """The cookie's value, given the ``Cookie`` headers; None without one, or with several: one of them was planted."""
    pairs = (pair.strip().partition("=") for header in headers for pair in header.split(";"))
    values = {value for name, _, value in pairs if name == NAME}
    value = values.pop() if len(values) == 1 else ""
    return value if _VALUE.fullmatch(value) else None


def set_cookie(value: str, seconds: int) -> str:
    """The ``Set-Cookie`` header that gives the browser ``value``, or with "" takes it away. ValueError for other characters."""
    if value and not _VALUE.fullmatch(value):
        raise ValueError("a cookie's value is of letters, digits and ._~-")
    return f"{NAME}={value}; Max-Age={seconds if value else 0}; {_ATTRIBUTES}"


def check_page(method: str, headers: Mapping[str, str], *, with_cookie: bool, origins: Iterable[str]) -> None:
    """Refuse a request that another page made in the browser of somebody who is signed in here.

    ``headers`` find names in any case. ``with_cookie``: the cookie says who asks; else only requests that come from elsewhere
    and may change something are refused, such as signing somebody in. ``origins``: those besides our own host's that may use
    the cookie of a browser too old to tell where a request comes from. Raises Refused (csrf.refused).
    """
    safe = method in SAFE_METHODS
    if safe and not with_cookie:
        return
    site = headers.get("Sec-Fetch-Site")
    if site is not None:
        if site not in ("same-origin", "none"):
            raise Refused(CSRF_REFUSED, detail="The request was made by a page of another origin.")
    else:
        _check_origin(headers, origins, required=with_cookie and not safe)
    if with_cookie and not safe and headers.get(HEADER) != "1":
        raise Refused(CSRF_REFUSED, detail=f"A request with the session cookie needs the header {HEADER}: 1.")


def _check_origin(headers: Mapping[str, str], origins: Iterable[str], *, required: bool) -> None:
    origin = headers.get("Origin")
    if origin is None:
        if required:
            raise Refused(CSRF_REFUSED, detail="A request with the session cookie says where it comes from (Origin).")
        return
    host = headers.get("Host", "").lower()
    if origin not in origins and not (host and authority(origin) == host):
        raise Refused(CSRF_REFUSED, detail="The request was made by a page of another origin.")
