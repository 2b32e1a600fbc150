"""Codes by mail, from a request over REST to a letter in a mailbox and back, with a server that is a process."""

from __future__ import annotations

import asyncio
import re

from tests.e2e.conftest import StartProcess
from tests.e2e.mailserver import MailServer
from tests.e2e.servers import Process
from tests.e2e.wire import WITHIN_S

ADDRESS = "ada.lovelace@example.org"
OLD, NEW = "correct horse", "battery staple"


class Mailbox:
    """What has arrived, in order."""

    def __init__(self) -> None:
        self.server = MailServer(on_letter=self._arrived)
        self._news = asyncio.Event()
        self._read = 0

    def _arrived(self) -> None:
        self._news.set()

    async def code(self) -> str:
        """The code in the next letter, which is to Ada."""
        async with asyncio.timeout(WITHIN_S):
            while len(self.server.letters) <= self._read:
                self._news.clear()
                await self._news.wait()
        letter = self.server.letters[self._read]
        self._read += 1
        assert letter["To"] == ADDRESS
        found = re.search(r"^ {4}(\S+)\s*$", letter.get_content(), re.MULTILINE)
        assert found, letter.get_content()
        return found[1]


async def start(process: StartProcess, mailbox: Mailbox) -> Process:
    await mailbox.server.start()
    named = {name.replace(".", "__"): value for name, value in mailbox.server.settings().items()}
    return await process(smtp__every_s=0.05, **named)


async def test_a_forgotten_password(process: StartProcess) -> None:
    mailbox = Mailbox()
    server = await start(process, mailbox)
    rest = server.rest()
    account = {"login": "ada", "password": OLD, "name": "Ada", "email": ADDRESS}
    token = (await rest.ok("POST /auth/register", body=account))["token"]
    await rest.ok("POST /auth/email/verify", token, {"code": await mailbox.code()})
    answers = [await rest.ok("POST /auth/reset/request", body={"login": login}) for login in ("nobody", "ada")]
    assert answers[0] == answers[1], "nobody is told who exists"
    code = await mailbox.code()
    await server.kill()  # a code outlasts the process that sent it
    await server.start()
    rest = server.rest()
    await rest.ok("POST /auth/reset", body={"login": "ada", "code": code, "password": NEW})
    assert (await rest.err("POST /auth/reset", body={"login": "ada", "code": code, "password": NEW}))["status"] < 500
    assert (await rest.err("POST /auth/sign-in", body={"login": "ada", "password": OLD}))["status"] == 401
    await rest.ok("POST /auth/sign-in", body={"login": "ada", "password": NEW})
    assert {letter["To"] for letter in mailbox.server.letters} == {ADDRESS}
    await server.terminate()
    await mailbox.server.stop()
    written = "\n".join(server.lines).encode() + b"".join(p.read_bytes() for p in server.data_dir.rglob("*") if p.is_file())
    assert not [text for text in (ADDRESS, code, OLD, NEW) if text.encode() in written]


async def test_a_letter_waits_for_a_mail_server_that_is_down(process: StartProcess) -> None:
    mailbox = Mailbox()
    server = await start(process, mailbox)
    port = mailbox.server.port
    await mailbox.server.stop()
    rest = server.rest()
    account = {"login": "ada", "password": OLD, "name": "Ada", "email": ADDRESS}
    token = (await rest.ok("POST /auth/register", body=account))["token"]
    await server.line("the mail server cannot be used")
    await server.kill()
    await mailbox.server.start(port)
    await server.start()
    await server.rest().ok("POST /auth/email/verify", token, {"code": await mailbox.code()})
    await mailbox.server.stop()
