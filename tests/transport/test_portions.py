"""A tick for thousands takes several turns of the loop; nobody's order changes, and whoever asks meanwhile does not wait."""

from __future__ import annotations

from unittest.mock import patch

from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core import geo
from fwber_rt.core.effects import Audience, Effects, Hear, Push
from fwber_rt.protocol.frames import text_frame
from fwber_rt.transport import hub as module
from fwber_rt.transport.hub import PORTION, Hub
from tests.transport.lines import HERE, Line, Ticks, attach, said
from tests.transport.wire import person

CELL = "cell:" + geo.to_text(HERE)


def crowd(hub: Hub, ticks: Ticks, count: int) -> list[Line]:
    """So many who hear the hexagon ``HERE``."""
    people = [person(n) for n in range(count)]
    lines = [attach(hub, who, Hear(who, HERE)) for who in people]
    ticks.turn()
    return lines


def tell(hub: Hub, *, o: int | None = None, only: tuple[Line, ...] = ()) -> None:
    """What is told of the map: to everybody, and more to some, so that it is no single batch."""
    audience = Audience(tuple(line.actor.someone for line in only))
    hub.deliver(None, None, Effects(pushes=[Push("presence", CELL, {}, o), Push("presence", CELL, {}, audience=audience)]))


def told(lines: list[Line]) -> list[Line]:
    return [line for line in lines if line.wire.writes]


def kinds(line: Line) -> list[str]:
    return ["reply" if "ok" in value else value["t"] for value in line.received()]


def test_what_is_told_to_thousands_takes_several_turns_with_one_write_each(hub: Hub, ticks: Ticks) -> None:
    lines = crowd(hub, ticks, 3 * PORTION + 3)
    before = hub.counts.writes
    tell(hub)
    for expected in (PORTION, 2 * PORTION, 3 * PORTION, len(lines)):
        ticks.turn()
        assert len(told(lines)) == expected
    assert not ticks.waiting
    assert hub.counts.writes - before == len(lines) == sum(len(line.wire.writes) for line in lines)


def test_who_asks_meanwhile_is_answered_at_once_after_what_they_were_to_be_told(hub: Hub, ticks: Ticks) -> None:
    lines = crowd(hub, ticks, 4 * PORTION)
    tell(hub)
    ticks.turn()
    asking, sending = [line for line in lines if not line.wire.writes][-2:]
    hub.deliver(asking, 7, Effects(reply={}))
    sending.send(text_frame(b'{"t":"pong"}'))
    ticks.turn()
    assert kinds(asking) == ["presence", "reply"]
    assert kinds(sending) == ["presence", "pong"]
    while ticks.waiting:
        ticks.turn()
    assert len(told(lines)) == len(lines) - 2, "and is told nothing twice"


def test_a_commit_meanwhile_reaches_everybody_at_once_after_what_they_were_to_be_told(hub: Hub, ticks: Ticks) -> None:
    lines = crowd(hub, ticks, 2 * PORTION)
    tell(hub, o=1)
    ticks.turn()
    hub.hold(1, None, None, said(CELL, 2))
    hub.release(1)
    assert all(line.offsets() == [(CELL, 1), (CELL, 2)] for line in lines)


def test_many_who_ask_in_every_turn_keep_nobody_waiting_for_ever(hub: Hub, ticks: Ticks) -> None:
    lines = crowd(hub, ticks, 4 * PORTION)
    busy, quiet = lines[: 3 * PORTION], lines[3 * PORTION :]
    tell(hub)
    for n in range(6):
        for line in busy:
            hub.deliver(line, n, Effects(reply={}))
        ticks.turn()
    assert ticks.waiting
    assert len(told(quiet)) == len(quiet)
    while ticks.waiting:
        ticks.turn()
    assert all(kinds(line) == ["presence"] + ["reply"] * 6 for line in busy)


def test_one_who_asks_for_much_at_once_holds_nobody_up_meanwhile(hub: Hub, ticks: Ticks) -> None:
    lines = crowd(hub, ticks, 3 * PORTION)
    tell(hub)
    ticks.turn()
    busy, asking = told(lines)[:2]
    asking.received()
    for n in range(2 * PORTION):
        hub.deliver(busy, n, Effects(reply={}))
    hub.deliver(asking, 7, Effects(reply={}))
    ticks.turn()
    assert kinds(asking) == ["reply"]


def test_a_session_that_ends_or_becomes_slow_before_its_turn_is_not_written_to_out_of_order(hub: Hub, ticks: Ticks) -> None:
    lines = crowd(hub, ticks, 2 * PORTION)
    tell(hub, o=1)
    ticks.turn()
    slow, ended = [line for line in lines if not line.wire.writes][:2]
    slow.pause_writing()
    ended.close(1000, "")
    ended.out.clear()  # as every connection's end does
    hub.hold(1, None, None, said(CELL, 2))
    hub.release(1)
    ticks.turn()
    assert not slow.wire.writes and not ended.wire.writes
    slow.resume_writing()
    assert slow.offsets() == [(CELL, 1), (CELL, 2)]


@given(
    st.lists(
        st.one_of(
            st.tuples(st.sampled_from(["tell", "commit", "turn"]), st.just(0)),
            st.tuples(st.sampled_from(["ask", "send", "slow", "fast"]), st.integers(0, 5)),
        ),
        max_size=40,
    )
)
def test_everybody_is_written_the_same_in_the_same_order_however_small_the_portions(schedule: list[tuple[str, int]]) -> None:
    whole, parts = (written(schedule, size) for size in (1000, 1))
    assert whole == parts


def written(schedule: list[tuple[str, int]], portion: int) -> list[list[str]]:
    """All that six sessions were written in the end."""
    ticks = Ticks()
    hub = Hub(8, call_soon=ticks)
    with patch.object(module, "PORTION", portion):
        lines = crowd(hub, ticks, 6)
        for position, (what, n) in enumerate(schedule, 1):
            line = lines[n]
            if what == "tell":
                tell(hub, o=position, only=(line,))
            elif what == "commit":
                hub.hold(position, line, position, said(CELL, position))
                hub.release(position)
            elif what == "turn":
                ticks.turn()
            elif what == "ask":
                hub.deliver(line, position, Effects(reply={}))
            elif what == "send":
                line.send(text_frame(b'{"t":"pong"}'))
            elif what == "slow" and not line.blocked:
                line.pause_writing()
            elif what == "fast":
                line.resume_writing()
        for line in lines:
            line.resume_writing()
        while ticks.waiting:
            ticks.turn()
        return [[str(value) for value in line.received()] for line in lines]
