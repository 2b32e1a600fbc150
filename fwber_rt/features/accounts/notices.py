"""Letters that tell somebody of a change to their account, to the address that was verified: it may not have been them."""

from __future__ import annotations

from typing import Final, NamedTuple

from fwber_rt.core import outbox
from fwber_rt.core.effects import Row
from fwber_rt.core.instant import Instant
from fwber_rt.core.world import World
from fwber_rt.features.accounts.state import Credentials


class Notice(NamedTuple):
    """Subject and text of a letter; ``{login}`` stands for the user's."""

    subject: str
    text: str


_NOT_YOU: Final = "\n\nIf this was not you, change your password now, and sign out everywhere.\n"
PASSWORD: Final = Notice("Your password was changed", "The password of {login} was changed." + _NOT_YOU)
TOTP_ON: Final = Notice("Second factor enabled", "Signing in as {login} now asks for a code of your app too." + _NOT_YOU)
TOTP_OFF: Final = Notice("Second factor disabled", "Signing in as {login} no longer asks for a code." + _NOT_YOU)
EMAIL: Final = Notice("Your e-mail address was changed", "Another e-mail address was given for {login}." + _NOT_YOU)
BANNED: Final = Notice("Your account is banned", "The account {login} is banned {end}.\n\nThe reason given: {reason}\n")
RESET: Final = Notice(
    "Your code to choose a new password",
    "The code for {login} is\n\n    {code}\n\nIt is good once, for {minutes} minutes. If you did not ask for it, do nothing: "
    "without it nobody can change your password.\n",
)
RESET_GIVEN: Final = Notice(
    "A code for your account was made",
    "An administrator made a code with which a new password can be chosen for {login}. If you did not ask for one, tell them.\n",
)
VERIFY: Final = Notice(
    "Your code to confirm this address",
    "The code is\n\n    {code}\n\nIt is good once, for {minutes} minutes. If you did not ask for it, somebody mistyped their "
    "address, and there is nothing to do.\n",
)


def told(world: World, credentials: Credentials, notice: Notice, now: Instant, **about: str) -> list[Row]:
    """The letter to whoever has a verified address, where the server sends mail; else nothing."""
    if not credentials.profile.email:
        return []
    return letter(world, credentials, credentials.profile.email, "notice", notice, now, **about)


def letter(
    world: World, credentials: Credentials, to: str, kind: str, notice: Notice, now: Instant, **about: str
) -> list[Row]:  # fmt: skip
    """A letter about a user, to an address; nothing where the server sends no mail."""
    if not outbox.enabled(world.settings):
        return []
    text = notice.text.format(login=credentials.profile.login, **about)
    return [outbox.mail(credentials.user, kind, to, notice.subject, text, now)]
