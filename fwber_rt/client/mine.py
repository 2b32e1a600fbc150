"""My account and where I am signed in, as methods. Conventions as in ``operations``."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import cast

from fwber_rt.client.shapes import Json, MyAccount, SignedIn, SignIns, TotpBegun


class Mine(ABC):
    """The part of ``Operations`` that is about oneself."""

    @abstractmethod
    async def request(
        self, op: str, d: Json | None = None, *, timeout_s: float | None = None, repeatable: bool | None = None
    ) -> Json:
        """Send one request, return the ``ok`` of its reply."""

    async def me(self) -> MyAccount:
        """Who I am, and how I sign in."""
        return cast(MyAccount, await self.request("account.me"))

    async def rename(self, name: str) -> None:
        """Change the name others see."""
        await self.request("account.update", {"name": name})

    async def upgrade(self, login: str, password: str, *, email: str = "") -> SignedIn:
        """Make an account of a guest, who stays the same user. Go on with what this returns: ``Account.take`` does."""
        return cast(SignedIn, await self.request("auth.upgrade", {"login": login, "password": password, "email": email}))

    async def sign_ins(self) -> SignIns:
        """Where I am signed in."""
        return cast(SignIns, await self.request("auth.sessions"))

    async def end_sign_in(self, sid: str) -> None:
        """End one of them; its connections are closed."""
        await self.request("auth.session.revoke", {"sid": sid})

    async def sign_out(self, *, everywhere: bool = False) -> None:
        """End this sign-in, or all of mine. The server then closes the connection (``Revoked``)."""
        await self.request("auth.sign_out", {"everywhere": everywhere})

    async def change_password(self, password: str, new: str) -> None:
        """From ``password`` to ``new``; all my other sign-ins end."""
        await self.request("auth.password.change", {"password": password, "new": new})

    async def set_email(self, email: str, password: str) -> bool:
        """Give my address, or "" for none; returns whether a code is on its way to it."""
        return cast(bool, (await self.request("auth.email.set", {"email": email, "password": password}))["sent"])

    async def verify_email(self, code: str) -> str:
        """Show that the address is mine; returns it."""
        return cast(str, (await self.request("auth.email.verify", {"code": code}))["email"])

    async def begin_totp(self, password: str) -> TotpBegun:
        """A secret for an authenticator app."""
        return cast(TotpBegun, await self.request("auth.totp.begin", {"password": password}))

    async def confirm_totp(self, code: str) -> list[str]:
        """Enable the second factor; returns the recovery codes, which are shown here alone."""
        return cast(list[str], (await self.request("auth.totp.confirm", {"code": code}))["recovery"])

    async def disable_totp(self, password: str, code: str) -> None:
        """Disable it."""
        await self.request("auth.totp.disable", {"password": password, "code": code})
