"""Accounts over plain HTTP: register, sign in, stay signed in.

    account = await sign_in("http://127.0.0.1:8080", "ada", "correct horse battery")
    async with Client("http://127.0.0.1:8080", renew=account.renew) as client: ...

Keep ``account.refresh`` (``on_refresh`` tells each new one) to stay signed in over restarts of the program. It is as good as
the password until it is used, and each is good once: a program that goes on with an old one is signed out everywhere it copied
it to.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable

import aiohttp

from fwber_rt.client.posting import post
from fwber_rt.client.shapes import Json


class Account:
    """A sign-in. ``user`` and ``sid`` are known after the first answer; ``renew`` is what ``Client(renew=...)`` takes."""

    def __init__(
        self, url: str, refresh: str, *, on_refresh: Callable[[str], None] | None = None,
        session: aiohttp.ClientSession | None = None,
    ) -> None:  # fmt: skip
        self.refresh = refresh
        self.user: Json = {}
        self.sid = ""
        self._url = url
        self._on_refresh = on_refresh
        self._session = session
        self._token = ""  # got and not handed out yet
        self._nonce = ""

    async def renew(self) -> str:
        """An access token that was not handed out before.

        When an answer is lost the same is asked for again, so that it is no second use of the refresh token. Raises as ``post``:
        RequestError ``token.reused``, ``token.invalid`` or ``token.expired`` say that one has to sign in again.
        """
        if not self._token:
            self._nonce = self._nonce or secrets.token_urlsafe(16)
            d = {"refresh": self.refresh, "nonce": self._nonce}
            self.take(await post(self._url, "/auth/refresh", d, "refresh", self._session))
        token, self._token = self._token, ""
        return token

    def take(self, answer: Json) -> None:
        """Go on with what a sign-in or a renewal was answered."""
        self.user, self.sid = answer["user"], answer["sid"]
        self._token, self._nonce = answer["token"], ""
        self.refresh = answer["refresh"]
        if self._on_refresh:
            self._on_refresh(self.refresh)


async def register(
    url: str, login: str, password: str, name: str, *, email: str = "", consent: Json | None = None, client: str = "",
    on_refresh: Callable[[str], None] | None = None, session: aiohttp.ClientSession | None = None,
) -> Account:  # fmt: skip
    """Make an account, signed in. ``client``: what this device is called in the list of sign-ins. Raises as ``post``."""
    d: Json = {"login": login, "password": password, "name": name, "email": email, "client": client}
    if consent is not None:
        d["consent"] = consent
    return await _enter(url, "/auth/register", d, on_refresh, session)


async def sign_in(
    url: str, login: str, password: str, *, code: str = "", client: str = "",
    on_refresh: Callable[[str], None] | None = None, session: aiohttp.ClientSession | None = None,
) -> Account:  # fmt: skip
    """Sign in. ``code``: of the second factor, asked for with RequestError ``totp.required``. Raises as ``post``."""
    d: Json = {"login": login, "password": password, "code": code, "client": client}
    return await _enter(url, "/auth/sign-in", d, on_refresh, session)


async def _enter(
    url: str, path: str, d: Json, on_refresh: Callable[[str], None] | None, session: aiohttp.ClientSession | None
) -> Account:
    answer = await post(url, path, d, "refresh", session)
    account = Account(url, answer["refresh"], on_refresh=on_refresh, session=session)
    account.take(answer)
    return account
