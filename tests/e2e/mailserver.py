"""A mail server small enough to read: takes what it is given, refuses what it is told to, and remembers every word."""

from __future__ import annotations

import asyncio
import base64
import email
import email.policy
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.message import EmailMessage
from ipaddress import ip_address
from pathlib import Path
from typing import Self

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Certificate:
    """A certificate for 127.0.0.1 that signs itself: ``path`` is what a client must trust."""

    path: Path
    key: Path

    @classmethod
    def make(cls, directory: Path) -> Self:
        private = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
        now = datetime.now(UTC)
        made = (
            x509.CertificateBuilder(name, name, private.public_key(), x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(private, hashes.SHA256())
        )
        found = cls(directory / "cert.pem", directory / "key.pem")
        found.path.write_bytes(made.public_bytes(serialization.Encoding.PEM))
        found.key.write_bytes(
            private.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )  # fmt: skip
        return found

    def context(self) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.path, self.key)
        return context


@dataclass
class MailServer:
    """``mode`` as in ``smtp.tls``. ``answers``: what to say instead of yes to a command (``RCPT``, ``.`` for the end of a mail).

    ``letters`` are the mails taken, ``signed_in`` the (user, password) pairs, ``said`` every command in order.
    """

    mode: str = "none"
    certificate: Certificate | None = None
    answers: dict[str, str] = field(default_factory=dict)
    letters: list[EmailMessage] = field(default_factory=list)
    envelopes: list[tuple[str, str]] = field(default_factory=list)
    signed_in: list[tuple[str, str]] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    secure: list[bool] = field(default_factory=list)
    connections: int = 0
    hold: asyncio.Event | None = None
    on_letter: Callable[[], None] = lambda: None

    async def start(self, port: int = 0) -> Self:
        context = self.certificate.context() if self.mode == "tls" and self.certificate else None
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", port, ssl=context, limit=1 << 20)
        self.port = int(self._server.sockets[0].getsockname()[1])
        return self

    async def stop(self) -> None:
        self._server.close()

    def settings(self) -> dict[str, object]:
        """What a server needs to be told to use this one, by dotted name."""
        return {"smtp.host": "127.0.0.1", "smtp.port": self.port, "smtp.tls": self.mode, "smtp.from": "chat@example.org"}

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        try:
            await self._conversation(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    async def _conversation(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        secure, sender = self.mode == "tls", ""

        async def say(text: str) -> None:
            writer.write(text.encode() + b"\r\n")
            await writer.drain()

        if self.hold:
            await self.hold.wait()
        await say(self.answers.get("", "220 ready"))
        while line := (await reader.readline()).decode().strip():
            self.said.append(line)
            verb = line.split()[0].upper()
            if verb in self.answers:
                await say(self.answers[verb])
                continue
            match verb:
                case "EHLO":
                    offered = ["AUTH PLAIN"] if secure or self.mode == "none" else []
                    offered += ["STARTTLS"] if self.mode == "starttls" and not secure else []
                    await say("".join(f"250-{each}\r\n" for each in ["here", *offered]) + "250 8BITMIME")
                case "STARTTLS":
                    assert self.certificate
                    await say("220 go")
                    await writer.start_tls(self.certificate.context())
                    secure = True
                case "AUTH":
                    _, user, password = base64.b64decode(line.split()[2]).decode().split("\0")
                    self.signed_in.append((user, password))
                    await say("235 welcome")
                case "MAIL":
                    sender = line
                    await say("250 ok")
                case "RCPT":
                    self.envelopes.append((sender, line))
                    await say("250 ok")
                case "DATA":
                    await say("354 go on")
                    body = await reader.readuntil(b"\r\n.\r\n")
                    if "." not in self.answers:
                        parsed = email.message_from_bytes(body[:-3], policy=email.policy.SMTP)
                        assert isinstance(parsed, EmailMessage)
                        self.letters.append(parsed)
                        self.secure.append(secure)
                        self.on_letter()
                    await say(self.answers.get(".", "250 taken"))
                case "QUIT":
                    await say("221 bye")
                    return
                case _:
                    await say("250 ok")
