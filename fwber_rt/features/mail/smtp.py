"""One conversation with the operator's mail server (SMTP, RFC 5321).

Where TLS is asked for, nothing is sent without it: with ``starttls`` a server that does not offer it gets no mail, since an
attacker between us need only hide the offer (RFC 3207, section 6).
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path
from typing import Any, Final, NamedTuple

import aiosmtplib

from fwber_rt.core.outbox import SMTP_HOST
from fwber_rt.core.settings import Setting, Settings, positive

PASSWORD_VARIABLE: Final = "FWBER_RT_SMTP_PASSWORD"  # noqa: S105  # the name of a variable, not its value

PORT = Setting(
    "smtp.port", 587, "the mail server's port: 587 for starttls, 465 for tls", "port", reload=True,
    check=lambda value: None if 1 <= value <= 65_535 else "must be from 1 to 65535",
)  # fmt: skip
TLS = Setting(
    "smtp.tls", "starttls", "how the connection is encrypted; none is for a mail server on this machine",
    choices=("starttls", "tls", "none"), reload=True,
)  # fmt: skip
USER = Setting(
    "smtp.user", "", f"whom to sign in to the mail server as, with the password from {PASSWORD_VARIABLE}; empty: no sign-in",
    reload=True,
)  # fmt: skip
PASSWORD_FILE = Setting(
    "smtp.password_file", "", f"file that holds the password, where {PASSWORD_VARIABLE} is not set", "path", reload=True
)
SENDER = Setting("smtp.from", "", "the address mail comes from; must be set where smtp.host is", "e-mail address", reload=True)
TIMEOUT = Setting(
    "smtp.timeout_s", 20.0, "how long the mail server may take for any one answer", "seconds", check=positive, reload=True
)
SETTINGS: tuple[Setting[Any], ...] = (PORT, TLS, USER, PASSWORD_FILE, SENDER, TIMEOUT)


class Letter(NamedTuple):
    """One mail. ``id`` and ``created`` (wall milliseconds) make its Message-ID, the same each time it is tried."""

    id: int
    created: int
    to: str
    subject: str
    text: str


class Unreachable(Exception):
    """There is no conversation with the mail server, for a reason that says nothing about any letter."""


class Postponed(Exception):
    """The server does not take this letter now; it may later."""


class Rejected(Exception):
    """The server will never take this letter."""


class Conversation:
    """A signed-in connection: ``async with Conversation(settings) as conversation: await conversation.send(letter)``.

    Entering raises Unreachable. No exception's text holds an address or what a server said: servers repeat addresses.
    """

    def __init__(self, settings: Settings, environ: Mapping[str, str] = os.environ) -> None:
        self._settings = settings
        self._environ = environ
        self._domain = settings[SENDER].rpartition("@")[2] or "localhost"

    async def __aenter__(self) -> Conversation:
        settings = self._settings
        mode, host = settings[TLS], settings[SMTP_HOST]
        try:
            context = None if mode == "none" else ssl.create_default_context()
            self._client = aiosmtplib.SMTP(
                hostname=host, port=settings[PORT], use_tls=mode == "tls", start_tls=mode == "starttls", tls_context=context,
                username=settings[USER] or None, password=_password(settings, self._environ) if settings[USER] else None,
                local_hostname=self._domain, timeout=settings[TIMEOUT],
            )  # fmt: skip
            await self._client.connect()
        except (aiosmtplib.SMTPException, OSError, ValueError) as error:
            raise Unreachable(_reason(error)) from None
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._client.quit()
        except (aiosmtplib.SMTPException, OSError):
            self._client.close()

    async def send(self, letter: Letter) -> None:
        """Hand one letter over; on return the server has taken it. Raises Rejected, Postponed or Unreachable."""
        try:
            message = self._message(letter)
        except (ValueError, MessageError, LookupError):  # what the parser of addresses has for things that are none
            raise Rejected("its address is none") from None
        try:
            await self._client.send_message(message, sender=self._settings[SENDER], recipients=[letter.to])
        except aiosmtplib.SMTPRecipientsRefused as error:
            raise _of_code(max((each.code for each in error.recipients), default=450)) from None
        except aiosmtplib.SMTPDataError as error:
            raise _of_code(error.code) from None
        except (aiosmtplib.SMTPNotSupported, UnicodeError):
            raise Rejected("the server takes no such address") from None
        except (aiosmtplib.SMTPException, OSError) as error:
            raise Unreachable(_reason(error)) from None

    def _message(self, letter: Letter) -> EmailMessage:
        message = EmailMessage()
        message["From"] = Address(addr_spec=self._settings[SENDER])
        message["To"] = Address(addr_spec=letter.to)
        message["Subject"] = letter.subject
        message["Date"] = formatdate(letter.created / 1000)
        message["Message-ID"] = f"<{letter.created}.{letter.id}@{self._domain}>"
        message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no holiday notices in answer
        message.set_content(letter.text)
        return message


def _of_code(code: int) -> Exception:
    """RFC 5321, section 4.2.1: 5yz is for good, 4yz for now."""
    return Rejected(f"the server answered {code}") if code >= 500 else Postponed(f"the server answered {code}")


def _reason(error: Exception) -> str:
    if isinstance(error, aiosmtplib.SMTPResponseException):
        return f"{type(error).__name__}, the server answered {error.code}"
    return f"{type(error).__name__}: {error.strerror}" if isinstance(error, OSError) and error.strerror else type(error).__name__


def _password(settings: Settings, environ: Mapping[str, str]) -> str:
    """Never a setting: those are printed, logged and passed as flags. Raises OSError for a file that cannot be read."""
    if environ.get(PASSWORD_VARIABLE):
        return environ[PASSWORD_VARIABLE]
    return Path(settings[PASSWORD_FILE]).read_text(encoding="utf-8").rstrip("\r\n") if settings[PASSWORD_FILE] else ""
