"""The job that empties the outbox.

Each run opens one conversation and hands over what is due, a few letters. What the server refuses for good is dropped, what it
refuses for now is tried again later and later; when there is no conversation at all, the whole outbox waits, and the letters'
own tries do not count. A letter that waits too long, or is one too many, is dropped: whoever asked for it asks again.

A letter is deleted after the server took it, so a crash in between sends it twice, with the same Message-ID.
"""

from __future__ import annotations

import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import Any, Final

from fwber_rt.core import outbox
from fwber_rt.core.effects import Effects, Row, Statement
from fwber_rt.core.instant import Instant
from fwber_rt.core.settings import Setting, positive
from fwber_rt.core.world import World
from fwber_rt.features.mail.smtp import Conversation, Letter, Postponed, Rejected, Unreachable
from fwber_rt.registry import Reader

EVERY: Setting[float] = Setting(
    "smtp.every_s", 2.0, "seconds between two looks for mail to send", "seconds", check=positive, reload=True
)
QUEUE = Setting(
    "smtp.queue", 1000, "letters that may wait; the newest beyond that are dropped", "letters", check=positive, reload=True
)
AGE: Setting[float] = Setting(
    "smtp.age_s", 86_400.0, "how long a letter is tried before it is dropped", "seconds", check=positive, reload=True
)
SETTINGS: tuple[Setting[Any], ...] = (EVERY, QUEUE, AGE)

BATCH: Final = 20  # letters in one conversation
RETRY_S: Final = 60.0  # until a letter's second try; doubled for each further one
LONGEST_RETRY_S: Final = 3600.0
PAUSE_S: Final = 5.0  # after a conversation that failed; doubled while they do
LONGEST_PAUSE_S: Final = 600.0

# ?1 now, ?2 how far ahead a letter can be due: one further than that was given its time by a clock that was wrong.
DUE = "SELECT id, user, kind, created, tries, letter FROM outbox WHERE due <= ?1 OR due > ?2 ORDER BY due, id LIMIT ?3"
WAITING = "SELECT count(*), coalesce(sum(created < ?1), 0), (SELECT id FROM outbox ORDER BY id LIMIT 1 OFFSET ?2) FROM outbox"
DELETE = Statement("DELETE FROM outbox WHERE id = ?")
DELETE_OLD = Statement("DELETE FROM outbox WHERE created < ?")
DELETE_FROM = Statement("DELETE FROM outbox WHERE id >= ?")
POSTPONE = Statement("UPDATE outbox SET tries = ?2, due = ?3 WHERE id = ?1")

log = logging.getLogger(__name__)


@dataclass(slots=True)
class Progress:
    """What one run leaves to the next. ``outcomes`` counts letters, ``waiting`` is how many there were at the last look.

    ``done`` are letters whose deletion may not be on disk yet. ``resume_at`` (mono) ends a pause.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    waiting: int = 0
    done: set[int] = field(default_factory=set)
    failures: int = 0
    resume_at: float = float("-inf")


def progress(world: World) -> Progress:
    """Kept in ``World.state``."""
    kept: Progress = world.state.setdefault("mail", Progress())
    return kept


async def drain(world: World, now: Instant, reader: Reader) -> list[Effects]:
    """One run; the rows that say what became of each letter."""
    state, effects = progress(world), Effects()
    await _drop(world, state, now, reader, effects)
    if outbox.enabled(world.settings) and now.mono >= state.resume_at:
        await _deliver(world, state, now, reader, effects)
    return [effects] if effects.rows else []


async def _drop(world: World, state: Progress, now: Instant, reader: Reader, effects: Effects) -> None:
    """Let go of what is too old or too much."""
    before = now.wall - int(world.settings[AGE] * 1000)
    [(state.waiting, old, excess)] = await reader.all(WAITING, (before, world.settings[QUEUE]))
    if old:
        effects.rows.append(Row(DELETE_OLD, (before,)))
        state.outcomes["expired"] += old
        log.warning("%d letters were dropped: older than %g s", old, world.settings[AGE])
    if excess is not None:
        dropped = state.waiting - world.settings[QUEUE]
        effects.rows.append(Row(DELETE_FROM, (excess,)))
        state.outcomes["overflow"] += dropped
        log.warning("%d letters were dropped: more than %d wait", dropped, world.settings[QUEUE])


async def _deliver(world: World, state: Progress, now: Instant, reader: Reader, effects: Effects) -> None:
    latest = now.wall + int(2 * LONGEST_RETRY_S * 1000)
    found = await reader.all(DUE, (now.wall, latest, BATCH + len(state.done)))
    state.done &= {row[0] for row in found}
    rows = [row for row in found if row[0] not in state.done]
    if not rows:
        return
    opened = await reader.open([(user, letter, (kind, created)) for _, user, kind, created, _, letter in rows])
    try:
        async with Conversation(world.settings) as conversation:
            for (id, _, kind, created, tries, _), letter in zip(rows, opened, strict=True):
                outcome = await _send(conversation, id, kind, created, letter)
                state.outcomes[outcome] += 1
                if outcome == "postponed":
                    delay_s = min(RETRY_S * 2**tries, LONGEST_RETRY_S)
                    effects.rows.append(Row(POSTPONE, (id, tries + 1, now.wall + int(delay_s * 1000))))
                else:
                    state.done.add(id)
                    effects.rows.append(Row(DELETE, (id,)))
        state.failures = 0
    except Unreachable as failure:
        pause_s = min(PAUSE_S * 2**state.failures, LONGEST_PAUSE_S)
        state.failures += 1
        state.outcomes["unreachable"] += 1
        state.resume_at = now.mono + pause_s
        log.warning("the mail server cannot be used (%s); again in %g s", failure, pause_s)


async def _send(conversation: Conversation, id: int, kind: str, created: int, letter: bytes | None) -> str:
    """Try one letter: what became of it. Raises Unreachable."""
    if letter is None:
        return "erased"
    to, subject, text = letter.decode().split("\n", 2)
    try:
        await conversation.send(Letter(id, created, to, subject, text))
    except Rejected as reason:
        log.warning("a letter (%s) was refused for good: %s", kind, reason)
        return "rejected"
    except Postponed as reason:
        log.info("a letter (%s) was refused for now: %s", kind, reason)
        return "postponed"
    return "sent"
