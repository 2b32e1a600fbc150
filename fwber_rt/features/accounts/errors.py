"""Why something about accounts is refused."""

from __future__ import annotations

from typing import Final

from fwber_rt.errors import Error

LOGIN_WRONG: Final = Error(40103, "login.wrong", "Login or password is wrong.")
TOTP_REQUIRED: Final = Error(40104, "totp.required", "Give the code of your second factor too.")
TOTP_WRONG: Final = Error(40105, "totp.wrong", "The code of the second factor is wrong, or was used before.")
TOKEN_REUSED: Final = Error(40106, "token.reused", "This refresh token was used before, so the sign-in was ended; sign in again.")
CODE_WRONG: Final = Error(40107, "code.wrong", "The one-time code is wrong, was used, or is out of date; ask for a new one.")
USER_BANNED: Final = Error(40318, "user.banned", "This user is banned.")
PASSWORD_WRONG: Final = Error(40320, "password.wrong", "That is not your password.")
LOGIN_TAKEN: Final = Error(40910, "login.taken", "This login belongs to somebody else; choose another one.")
NO_PASSWORD: Final = Error(40911, "account.none", "You have no password yet; make an account with `auth.upgrade` first.")
ACCOUNT_EXISTS: Final = Error(40912, "account.exists", "You have an account already.")
TOTP_STATE: Final = Error(40913, "totp.state", "The second factor is not in the state this needs.")

ERRORS: Final = (
    LOGIN_WRONG, TOTP_REQUIRED, TOTP_WRONG, TOKEN_REUSED, CODE_WRONG, USER_BANNED, PASSWORD_WRONG, LOGIN_TAKEN, NO_PASSWORD,
    ACCOUNT_EXISTS, TOTP_STATE,
)  # fmt: skip
