"""Letters from the outbox to a mail server on loopback: once, over TLS where asked, and never lost to its refusals."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from fwber_rt import config
from fwber_rt.clock import ManualClock
from fwber_rt.config import ConfigError
from fwber_rt.core import outbox
from fwber_rt.core.effects import Effects
from fwber_rt.features import registry
from fwber_rt.features.mail import drain, smtp
from tests.e2e.mailserver import Certificate, MailServer
from tests.e2e.servers import InProcess

USER = 7
SECRET = "the-code-is-4711"


class Post:
    """A server whose mail job runs when told, with a clock that moves when told."""

    def __init__(self, server: InProcess, clock: ManualClock) -> None:
        self.server = server
        self.clock = clock

    async def queue(self, to: str = "ada@example.org", user: int = USER, kind: str = "reset") -> None:
        row = outbox.mail(user, kind, to, "Your code", f"Hello,\n\n{SECRET}\n", self.server.app.clock.now())
        await self.server.app.dispatcher.applied(Effects(reply={}, rows=[row]))

    async def run(self) -> None:
        app = self.server.app
        await app.timers.run_job(app.registry.jobs["mail"])
        await app.journal.wait(app.journal.position)

    @property
    def progress(self) -> drain.Progress:
        return drain.progress(self.server.app.world)

    def waiting(self) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.server.app.database.path)) as connection:
            return connection.execute("SELECT id, tries, due FROM outbox ORDER BY id").fetchall()


Opened = Callable[..., Awaitable[Post]]


@pytest.fixture
async def post(tmp_path: Path) -> AsyncIterator[Opened]:
    made: list[InProcess] = []

    async def post(mail: MailServer | None = None, **settings: Any) -> Post:
        clock = ManualClock()
        named = {name.replace("__", "."): value for name, value in settings.items()}
        told: dict[str, Any] = (mail.settings() if mail else {}) | named
        server = InProcess(tmp_path / "data", clock, **{"smtp.every_s": 3600, **told})
        await server.start()
        made.append(server)
        return Post(server, clock)

    yield post
    for server in made:
        await server.close()


@pytest.fixture
async def mail() -> AsyncIterator[MailServer]:
    server = await MailServer().start()
    yield server
    await server.stop()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return Certificate.make(tmp_path_factory.mktemp("tls"))


async def test_a_letter_arrives_once_and_is_gone(post: Opened, mail: MailServer) -> None:
    town = await post(mail)
    await town.queue()
    assert len(town.waiting()) == 1
    await town.run()
    await town.run()
    [letter] = mail.letters
    assert (letter["From"], letter["To"], letter["Subject"]) == ("chat@example.org", "ada@example.org", "Your code")
    assert letter["Auto-Submitted"] == "auto-generated" and letter["Message-ID"].endswith("@example.org>")
    assert letter.get_content().replace("\r\n", "\n") == f"Hello,\n\n{SECRET}\n"
    assert mail.envelopes == [("MAIL FROM:<chat@example.org> BODY=8BITMIME", "RCPT TO:<ada@example.org>")]
    assert town.waiting() == [] and town.progress.outcomes == {"sent": 1}
    assert b'fwber_rt_mail_total{outcome="sent"} 1.0' in town.server.app.metrics.render()


async def test_letters_share_a_conversation_and_leave_in_order(post: Opened, mail: MailServer) -> None:
    town = await post(mail)
    for n in range(drain.BATCH + 3):
        await town.queue(f"a{n}@example.org")
    await town.run()
    assert (mail.connections, len(mail.letters)) == (1, drain.BATCH)
    await town.run()
    assert [letter["To"] for letter in mail.letters] == [f"a{n}@example.org" for n in range(drain.BATCH + 3)]
    assert b"fwber_rt_mail_waiting 3.0" in town.server.app.metrics.render()


async def test_what_waits_is_sealed_and_bound_to_its_user(post: Opened, mail: MailServer) -> None:
    town = await post(mail)
    await town.queue()
    stored = b"".join(path.read_bytes() for path in town.server.data_dir.iterdir() if path.is_file())
    assert SECRET.encode() not in stored and b"ada@example.org" not in stored
    await asyncio.to_thread(town.server.app.database.vault.destroy, USER)
    await town.run()
    assert mail.letters == [] and town.waiting() == [] and town.progress.outcomes == {"erased": 1}


async def test_it_outlasts_a_restart_and_a_server_that_is_down(
    post: Opened, mail: MailServer, caplog: pytest.LogCaptureFixture
) -> None:
    town = await post(mail)
    await mail.stop()
    await town.queue()
    pauses = []
    for _ in range(9):
        await town.run()
        pauses.append(town.progress.resume_at - town.clock.mono)
        await town.run()  # within the pause nothing is tried
        town.clock.advance(pauses[-1])
    assert pauses == [5, 10, 20, 40, 80, 160, 320, 600, 600]
    assert town.progress.outcomes == {"unreachable": 9} and [tries for _, tries, _ in town.waiting()] == [0]
    await town.server.restart()
    again = await MailServer().start()
    town.server.app.reload(town.server.app.settings.replaced(again.settings()))
    await town.run()
    await again.stop()
    assert len(again.letters) == 1 and town.waiting() == []
    assert "example.org" not in caplog.text and SECRET not in caplog.text


@pytest.mark.parametrize("command", ["RCPT", "."])
async def test_refused_for_now_is_tried_later_and_later(post: Opened, mail: MailServer, command: str) -> None:
    town = await post(mail)
    mail.answers[command] = "451 <ada@example.org> come again"
    await town.queue()
    delays = []
    for _ in range(8):
        await town.run()
        delays.append((town.waiting()[0][2] - town.clock.wall) / 1000)
        await town.run()
        town.clock.advance(delays[-1])
    assert delays == [60, 120, 240, 480, 960, 1920, 3600, 3600] and town.progress.outcomes == {"postponed": 8}
    mail.answers.clear()
    await town.run()
    assert len(mail.letters) == 1 and town.waiting() == []


@pytest.mark.parametrize("command", ["RCPT", "."])
async def test_refused_for_good_is_dropped_and_the_next_goes_on(
    post: Opened, mail: MailServer, command: str, caplog: pytest.LogCaptureFixture
) -> None:
    town = await post(mail)
    mail.answers[command] = "550 <ada@example.org> is unknown here"
    await town.queue()
    await town.queue("grace@example.org")
    await town.run()
    assert town.waiting() == [] and town.progress.outcomes == {"rejected": 2}
    assert "a letter (reset) was refused for good: the server answered 550" in caplog.text
    assert "ada@" not in caplog.text


async def test_an_address_that_is_none_stops_nobody(post: Opened, mail: MailServer) -> None:
    town = await post(mail)
    for address in ("nobody", "a@x, b@y", "<script>@x", "jürgen@example.org", ""):
        await town.queue(address)
    await town.queue()
    await town.run()
    assert [letter["To"] for letter in mail.letters] == ["ada@example.org"]
    assert town.progress.outcomes == {"rejected": 5, "sent": 1}


@pytest.mark.parametrize(("to", "subject"), [("a@b\nBcc: c@d", "x"), ("a@b", "x\r\nBcc: c@d"), ("a@b", "x\u2028y")])
def test_headers_cannot_be_smuggled(to: str, subject: str) -> None:
    with pytest.raises(ValueError, match="one line"):
        outbox.mail(1, "reset", to, subject, "text", ManualClock().now())


async def test_old_letters_and_those_too_many_are_dropped(post: Opened, mail: MailServer) -> None:
    town = await post(mail, smtp__queue=3, smtp__age_s=100)
    mail.answers[""] = "421 not now"
    for n in range(5):
        await town.queue(f"a{n}@example.org")
    await town.run()
    assert len(town.waiting()) == 3 and town.progress.outcomes == {"overflow": 2, "unreachable": 1}
    town.clock.advance(101)
    await town.queue("late@example.org")
    mail.answers.clear()
    await town.run()
    assert [letter["To"] for letter in mail.letters][-1:] == ["late@example.org"]
    assert town.waiting() == [] and town.progress.outcomes["expired"] == 3


async def test_a_clock_set_back_postpones_nothing_for_long(post: Opened, mail: MailServer) -> None:
    town = await post(mail)
    await town.queue()
    town.clock.step(-365 * 86_400)
    await town.run()
    assert len(mail.letters) == 1


async def test_without_a_mail_server_nothing_is_tried_and_old_letters_still_end(post: Opened) -> None:
    town = await post(smtp__age_s=100)
    assert not outbox.enabled(town.server.app.world.settings)
    await town.queue()
    await town.run()
    assert len(town.waiting()) == 1 and town.progress.outcomes == {}
    town.clock.advance(101)
    await town.run()
    assert town.waiting() == []


@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_passwords_and_letters_go_encrypted(
    post: Opened, mode: str, certificate: Certificate, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate.path))
    server = await MailServer(mode, certificate).start()
    (tmp_path / "password").write_text("from a file\n")
    town = await post(server, smtp__user="chat", smtp__password_file=tmp_path / "password")
    await town.queue()
    await town.run()
    monkeypatch.setenv(smtp.PASSWORD_VARIABLE, "from the environment")
    await town.queue()
    await town.run()
    await server.stop()
    assert server.secure == [True, True]
    assert server.signed_in == [("chat", "from a file"), ("chat", "from the environment")]


@pytest.mark.parametrize("mode", ["starttls", "tls"])
async def test_a_certificate_nobody_vouches_for_gets_nothing(post: Opened, mode: str, certificate: Certificate) -> None:
    server = await MailServer(mode, certificate).start()
    town = await post(server, smtp__user="chat")
    await town.queue()
    await town.run()
    await server.stop()
    assert (server.letters, server.signed_in, town.progress.outcomes) == ([], [], {"unreachable": 1})


async def test_a_server_that_hides_starttls_gets_nothing(post: Opened, mail: MailServer) -> None:
    town = await post(mail, smtp__tls="starttls", smtp__user="chat")
    await town.queue()
    await town.run()
    assert (mail.letters, mail.signed_in, town.progress.outcomes) == ([], [], {"unreachable": 1})


async def test_a_password_that_is_refused_is_told_without_it(
    post: Opened, mail: MailServer, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv(smtp.PASSWORD_VARIABLE, "hunter2")
    mail.answers["AUTH"] = "535 no, hunter2 is wrong"
    town = await post(mail, smtp__user="chat")
    await town.queue()
    await town.run()
    assert "the mail server cannot be used (SMTPAuthenticationError, the server answered 535); again in 5 s" in caplog.text
    assert "hunter2" not in caplog.text and len(town.waiting()) == 1


async def test_a_silent_server_is_given_up_after_its_time(post: Opened, mail: MailServer) -> None:
    mail.hold = asyncio.Event()
    town = await post(mail, smtp__timeout_s=0.05)
    await town.queue()
    async with asyncio.timeout(10):
        await town.run()
    mail.hold.set()
    assert town.progress.outcomes == {"unreachable": 1}


async def test_a_letter_whose_deletion_is_not_on_disk_yet_is_not_sent_twice(post: Opened, mail: MailServer) -> None:
    town = await post(mail)
    await town.queue()
    app = town.server.app
    for _ in range(2):  # what a run wants done is not applied: to the next, the letter is still there
        await drain.drain(app.world, app.clock.now(), app.database.reader)
    assert len(mail.letters) == 1 and len(town.waiting()) == 1


@pytest.mark.parametrize(
    ("flags", "problem"),
    [
        ({"smtp.host": "mail.example.org"}, "smtp.from: must be set"),
        ({"smtp.host": "m.example.org", "smtp.from": "a@b", "smtp.user": "u", "smtp.tls": "none"}, "in the clear"),
        ({"smtp.tls": "maybe"}, "must be one of starttls, tls, none"),
        ({"smtp.port": "0"}, "must be from 1 to 65535"),
        ({"smtp.password": "hunter2"}, "no such setting"),
    ],
)
def test_settings_that_cannot_work_are_refused(flags: dict[str, str], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem) as refused:
        config.load(registry(), None, {smtp.PASSWORD_VARIABLE: "x"}, flags)
    assert "hunter2" not in str(refused.value)
