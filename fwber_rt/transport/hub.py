"""Fan-out: from effects to bytes on sockets, in the order of the journal.

The whole cost of fan-out is the system call per recipient (about 5 us; everything else together is under 0.3 us), so the hub is
built to make one write per socket and tick, of bytes all recipients share:

1. *Encode once.* A push becomes one WebSocket frame, kept on the push; resume sends the same object later.
2. *Gather.* Effects that are released together put their frames into one batch per stream; a batch becomes one bytes object.
   Every recipient's ``out`` list gets a reference to it, then replies follow, so a sender's ack is in the same write.
3. *Write.* Each session that got anything is written to once, past the transport where that is possible (``Session.write``).

A tick that is one batch for many, as in a room that is busy, needs no gathering: the bytes go to one descriptor after another,
without a look at the sessions (``_broadcast``). The senders' acks are then writes of their own, one in a hundred or fewer.

``release`` does all this in one function on purpose: it is the whole path from a commit to the sockets, with no call of ours
per recipient and none per message. A tick is one commit (``release(position)``) or, for what waits for no commit, the rest of
the current turn of the loop.

Order. What depends on uncommitted state waits in ``held``, in journal order. Who receives a push is decided when it is
released, never before: membership changes are effects too, and take their turn in the same queue. Before one is applied,
everything gathered so far is given to its recipients, so whoever joins after message N never gets N live, and whoever leaves
after N always does. Within one tick the order per stream is exact; replies come after the pushes of the tick, except those of
an effect with changes or a replay, which take their exact place. Only such an effect says "from here on".

Portions. What changed on the map is told to thousands at once, and waits for no commit. Such a tick writes to ``PORTION``
sessions in a turn of the loop, and to as many of those left over; these keep their output in ``out``, and whoever is gathered
for meanwhile is written to at once, all of their output in its order. Among 5 000 people of whom 16 a second cross into another
hexagon the longest turn of the loop took 34, 41 and 36 ms without it, and 14, 27 and less than 10 with it (14 s each, in turn).
Ticks that are a commit are not portioned: half the messages for twice the writes.

Options that lost: a queue and a task per session (a wake-up per recipient); writing per message (64 times the system calls at
64 messages in flight); asking the journal per message (recipients would be chosen before the order is known).

What each step bought, in processor time per recipient of one message to a thousand (one core, medians of 150 rounds taken in
turn, of which the kernel's part is 4.6):

| way | us |
|---|---|
| people, their sessions, their output, ``transport.write`` | 6.2 |
| a kept list of ``transport.write`` | 5.8 |
| a kept array of descriptors, ``os.write`` | 5.3 |
| the same with ``socket.send``, with and without flags | 5.3 |
| the same with ``map``, no bytecode per recipient | 5.3 |

And of one write alone, to a thousand sockets in turn, each read at once by another process (medians of 50 rounds taken in turn):

| bytes | write | ``sendmsg``, prepared | ``MSG_ZEROCOPY``, its errors read | Nagle on | ``SO_SNDBUF`` 16 KiB | 512 KiB |
|---|---|---|---|---|---|---|
| 300 | 5.2 | 5.3 | 9.7 | 5.2 | 5.1 | 5.2 |
| 3 000 | 5.5 | 5.7 | 9.7 | 5.5 | 5.4 | 5.5 |
| 20 000 | 7.2 | 6.9 | 11.6 | 7.0 | 8.0 | 7.1 |

So none of them is set but ``TCP_NODELAY``, which costs nothing and spares a client the wait.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Callable
from dataclasses import asdict
from os import write
from typing import Any, ClassVar, Final

from fwber_rt.core.effects import Attach, Disconnect, Effects, Hear, Join, Leave, Push, Revoke
from fwber_rt.core.people import Person
from fwber_rt.errors import INTERNAL, STORAGE_FULL, Refused
from fwber_rt.metrics import WIDTHS, Histogram
from fwber_rt.protocol.envelope import EMPTY, Event, Ok, encode, encode_err, encode_push
from fwber_rt.protocol.frames import TEXT_HEADERS, text_frame
from fwber_rt.transport.channels import Channels, Reach
from fwber_rt.transport.counts import Counts, Statistics
from fwber_rt.transport.session import Answer, Session

Requester = Session | Answer | None
Held = tuple[int, Requester, int | None, bytes | None, Effects]  # position, who asked, its id, the encoded reply, the rest

_WIDER: Final = len(WIDTHS)  # place of the bucket for more recipients than any bound; the bounds are the powers of two
_NOTHING: Final = -1  # no journal position
MANY: Final = 32  # recipients from which a batch that is alone in its tick is not gathered
PORTION: Final = 512  # sessions written to in one turn of the loop, where that waits for no commit: about 5 ms

log = logging.getLogger(__name__)


class Hub:
    """``resolution``: of the cells people are heard from. ``outbound_bytes``: the bound per session.

    ``call_soon`` runs a function at the end of the current turn (the loop's own by default).
    """

    def __init__(
        self, resolution: int, outbound_bytes: int = 262_144, call_soon: Callable[[Callable[[], None]], object] | None = None
    ) -> None:
        self.channels = Channels(resolution)
        self.outbound_bytes = outbound_bytes
        self.counts = Counts()
        self.widths = Histogram(WIDTHS)
        self.held: deque[Held] = deque()
        self._ready: deque[Held] = deque()
        self._touched: list[Session] = []
        self._later: deque[Session] = deque()  # whose output was left to a later turn; some have been written to since
        self.outdated: set[Person] = set()  # for whom volatile pushes were dropped; whoever tells the whole again takes them out
        self._call_soon = call_soon or asyncio.get_running_loop().call_soon
        self._scheduled = False

    # In

    def hold(self, position: int, session: Requester, request_id: int | None, effects: Effects) -> None:
        """Keep ``effects`` until ``release`` of their journal position. Positions never decrease from call to call.

        Everything is encoded here, while the commit has yet to run.
        """
        reply = None
        try:
            for push in effects.pushes:
                if push.frame is None:
                    payload = encode(Event(t=push.t, s=push.to, o=push.o, d=push.d))
                    push.frame = TEXT_HEADERS[len(payload)] + payload
            if request_id is not None and effects.reply.__class__ is not Refused:
                payload = encode(Ok(request_id, EMPTY if effects.reply is None else effects.reply))
                reply = TEXT_HEADERS[len(payload)] + payload
            elif session is not None:
                reply = _uncommon_reply(session, request_id, effects.reply)
        except Exception:
            log.exception("effects could not be encoded")
            reply = _refusal(session, request_id, Refused(INTERNAL))
            effects = Effects(pushes=[push for push in effects.pushes if push.frame], changes=effects.changes)
        queue = self.held if position > _NOTHING else self._ready
        queue.append((position, session, request_id, reply, effects))

    def deliver(self, session: Requester, request_id: int | None, effects: Effects) -> None:
        """Effects that wait for no commit go out at the end of this turn. Changes of membership still wait for those held."""
        waits = self.held and effects.changes
        self.hold(self.held[-1][0] if waits else _NOTHING, session, request_id, effects)
        self._schedule()

    def gather(self, session: Session, frame: bytes) -> None:
        """Add a frame to a session's output of this tick. For sessions that are not blocked."""
        if not session.out or self._later:
            self._touched.append(session)
        session.out.append(frame)
        self._schedule()

    def answer(self) -> Answer:
        """Something to hold or deliver effects for where no session is; ``await answer.wait()``."""
        return Answer(asyncio.get_running_loop())

    # Out

    def release(self, position: int = _NOTHING) -> None:  # noqa: PLR0912, PLR0915  # one function on purpose: see the top
        """Send everything held up to the journal ``position``, and everything that waits for none."""
        held, ready, touched, later = self.held, self._ready, self._touched, self._later
        channels, counts, widths = self.channels, self.counts, self.widths
        while ready or (held and held[0][0] <= position):
            # 1. Batch, up to the next change of membership.
            batches: list[tuple[Any, list[Push]]] = []
            newest: dict[str, list[Push]] = {}
            replies: list[tuple[Any, bytes]] = []
            change: Held | None = None
            while change is None and (ready or (held and held[0][0] <= position)):
                item = ready.popleft() if ready else held.popleft()
                _, session, _, reply, effects = item
                for push in effects.pushes:
                    if push.audience is not None:  # a batch of its own, and later pushes of the stream come after it
                        newest.pop(push.to, None)
                        batches.append((push, [push]))
                    elif push.to in newest:
                        newest[push.to].append(push)
                    else:
                        newest[push.to] = batch = [push]
                        batches.append((push.to, batch))
                if effects.changes or effects.replay:
                    change = item
                elif reply is not None and session is not None:
                    replies.append((session, reply))
            # 2. Gather.
            alone = len(batches) == 1 and change is None and not touched and not later
            for to, pushes in batches:
                data = (pushes[0].frame or b"") if len(pushes) == 1 else b"".join([push.frame or b"" for push in pushes])
                reach = (channels.kept.get(to) or channels.reach(to)) if to.__class__ is str else channels.narrowed(to)
                width = len(reach.sessions)
                if width >= MANY and alone:
                    self._broadcast(reach, pushes, data)
                else:
                    for recipient in reach.sessions:
                        if recipient.blocked:
                            recipient.queue(pushes)
                        else:
                            if not recipient.out or later:
                                touched.append(recipient)
                            recipient.out.append(data)
                counts.pushes += len(pushes)
                counts.deliveries += width * len(pushes)
                widths.counts[min((width - 1 if width else 0).bit_length(), _WIDER)] += 1
                widths.sum += width
            counts.replies += len(replies)
            for session, reply in replies:
                if session.blocked:
                    session.send(reply)
                else:
                    if not session.out or later:
                        touched.append(session)
                    session.out.append(reply)
            if change is not None:
                self._apply(change)
        # 3. Write.
        if position == _NOTHING and (later or len(touched) > PORTION):
            self._portion()
        written = 0
        for session in touched:
            out = session.out
            if out:  # else it is named twice, was written to in an earlier turn, or is closed
                written += 1
                data = out[0] if len(out) == 1 else b"".join(out)
                out.clear()
                counts.bytes_out += len(data)
                if session.direct:  # Session.write, without the call
                    try:
                        sent = write(session.fd, data)
                    except OSError:
                        sent = 0
                    if sent != len(data):
                        session.keep(data[sent:])
                else:
                    session.write(data)
        counts.writes += written
        counts.ticks += 1
        touched.clear()

    def _broadcast(self, reach: Reach, pushes: list[Push], data: bytes) -> None:
        """Write the only batch of a tick to everybody at once. It changes nobody's place, so ``reach`` holds throughout."""
        size, ready, written = len(data), reach.ready, 0
        for place, file in enumerate(reach.descriptors()):
            try:
                sent = write(file, data)
            except OSError:  # its buffer is full, or the connection is broken, of which the transport will hear
                sent = 0
            if sent != size:
                ready[place].keep(data[sent:])
        for session in reach.waiting:
            if session.blocked:
                session.queue(pushes)
            else:
                written += 1
                session.write(data)
        written += len(ready)
        self.counts.writes += written
        self.counts.bytes_out += size * written

    def _portion(self) -> None:
        """Leave to later turns what is too much for one; never fewer of those left earlier are written to than are left now."""
        touched, later = self._touched, self._later
        if later:  # then whoever got several frames is named as often, and would be several of a portion
            touched[:] = dict.fromkeys(touched)
        rest = touched[PORTION:]
        touched[PORTION:] = [later.popleft() for _ in range(min(len(later), max(PORTION, len(rest))))]
        later.extend(rest)
        if later:
            self._schedule()

    def drop(self, after: int) -> int:
        """The commit of everything after journal position ``after`` failed: discard it, tell the requesters; returns how many."""
        dropped = [item for item in self.held if item[0] > after]
        kept = [item for item in self.held if item[0] <= after]
        self.held.clear()
        self.held.extend(kept)
        for _, session, request_id, _, _ in dropped:
            reply = _refusal(session, request_id, Refused(STORAGE_FULL))
            if reply is not None and session is not None:
                session.send(reply)
        return len(dropped)

    def clear(self) -> None:
        """Forget everybody and everything held: ``World`` is being rebuilt and all connections are closed."""
        for table in (self.held, self._ready, self._later, self.outdated):
            table.clear()
        self.channels.clear()

    # Membership, only from release

    def _apply(self, item: Held) -> None:
        """Changes, reply and replay of one effect; everything gathered before has reached its recipients' output."""
        _, session, _, reply, effects = item
        for change in effects.changes:
            if not isinstance(change, Revoke):
                self._appliers[type(change)](self, change)
        if session is not None:
            if reply is not None:
                self.counts.replies += 1
                session.send(reply)
            for push in effects.replay:
                session.send(_framed(push))
        for change in effects.changes:
            if isinstance(change, Revoke):
                self._revoke(change)

    def _join(self, change: Join) -> None:
        self.channels.join(change.person, change.name)

    def _leave(self, change: Leave) -> None:
        self.channels.leave(change.person, change.name)

    def _hear(self, change: Hear) -> None:
        self.channels.hear(change.person, change.cell)

    def _attach(self, change: Attach) -> None:
        person, session = change
        person.arriving -= 1
        if not session.closed:
            self.channels.attach(person, session)

    def _disconnect(self, change: Disconnect) -> None:
        sessions = list(change.person.sessions) if change.session is None else [change.session]
        for session in sessions:
            session.close(change.code, change.reason)

    def _revoke(self, change: Revoke) -> None:
        for session in list(change.person.sessions):
            if change.over(session.actor.sid):
                session.close(change.code, change.reason)

    _appliers: ClassVar[dict[type, Callable[[Hub, Any], None]]] = {
        Join: _join, Leave: _leave, Hear: _hear, Attach: _attach, Disconnect: _disconnect,
    }  # fmt: skip

    def detach(self, session: Session) -> None:
        """A connection is gone. Idempotent."""
        person = session.actor.person
        if person is not None:
            self.channels.detach(person, session)

    def _schedule(self) -> None:
        """See that a tick comes, at the end of this turn of the loop; all that comes until then shares it."""
        if not self._scheduled:
            self._scheduled = True
            self._call_soon(self._tick)

    def _tick(self) -> None:
        self._scheduled = False
        self.release()

    def statistics(self) -> Statistics:
        """Sizes and counts, for /metrics."""
        channels = self.channels
        slow = [session for person in channels.people.values() for session in person.sessions if session.backlog is not None]
        return Statistics(
            channels=len(channels.rooms),
            people=len(channels.people),
            heard_cells=len(channels.heard),
            held=len(self.held),
            backlog_bytes=sum(session.backlog.size for session in slow),
            slow_sessions=len(slow),
            widths=tuple(self.widths.counts),
            **asdict(self.counts),
        )


def _uncommon_reply(session: Session | Answer, request_id: int | None, reply: object) -> bytes | None:
    """A reply that is a refusal, or that has no id: to a REST caller it is bare JSON, to a session only a refusal is sent."""
    if isinstance(reply, Refused):
        return _refusal(session, request_id, reply)
    return encode(EMPTY if reply is None else reply) if isinstance(session, Answer) else None


def _refusal(session: Requester, request_id: int | None, refused: Refused) -> bytes | None:
    """The frame that tells a session; a REST caller is told at once."""
    if isinstance(session, Answer):
        session.refuse(refused)
        return None
    return text_frame(encode_err(request_id, refused))


def _framed(push: Push) -> bytes:
    if push.frame is None:
        push.frame = text_frame(encode_push(push))
    return push.frame
