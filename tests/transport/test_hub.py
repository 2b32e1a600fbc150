from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.core import geo, privacy
from fwber_rt.core.effects import Attach, Audience, Change, Disconnect, Effects, Hear, Join, Leave, Push
from fwber_rt.errors import FORBIDDEN, INTERNAL, STORAGE_FULL, Refused
from fwber_rt.transport.hub import Hub
from tests.transport.lines import HERE, Line, Ticks, attach, change, said
from tests.transport.wire import person

COARSER = (7, 5)


# One write per socket


def test_everything_due_to_a_socket_is_one_write_and_shared_where_it_is_the_same(hub: Hub) -> None:
    people = [person(n) for n in range(3)]
    lines = [attach(hub, who, Join(who, "room:1")) for who in people]
    for o in range(1, 11):
        hub.hold(1, lines[0], o, Effects(reply={"o": o}, pushes=said("room:1", o).pushes))
    hub.release(1)
    assert [len(line.wire.writes) for line in lines] == [1, 1, 1]
    assert lines[1].wire.writes[0] is lines[2].wire.writes[0]
    assert lines[1].offsets() == [("room:1", o) for o in range(1, 11)]
    own = lines[0].received()
    assert [push["o"] for push in own if "s" in push] == list(range(1, 11))
    assert [reply["id"] for reply in own if "id" in reply] == list(range(1, 11))


def test_a_lone_push_is_written_as_the_very_frame_that_is_kept_for_resume(hub: Hub) -> None:
    who = person(1)
    line = attach(hub, who, Join(who, "room:1"))
    push = Push("x", "room:1", {"n": 1}, 1)
    hub.hold(1, None, None, Effects(pushes=[push]))
    hub.release(1)
    assert line.wire.writes[0] is push.frame


def test_several_streams_of_one_tick_are_one_write(hub: Hub) -> None:
    who = person(1)
    line = attach(hub, who, Join(who, "room:1"), Join(who, "room:2"), Hear(who, HERE))
    for o, to in enumerate(("room:1", "room:2", "user:1", "cell:" + geo.to_text(HERE)), 1):
        hub.hold(1, None, None, said(to, o))
    hub.release(1)
    assert len(line.wire.writes) == 1
    assert [o for _, o in line.offsets()] == [1, 2, 3, 4]


def test_delivery_without_a_commit_waits_for_the_end_of_the_turn(hub: Hub, ticks: Ticks) -> None:
    line = attach(hub, person(1))
    for n in range(3):
        hub.deliver(line, n, Effects(reply=n))
    assert line.wire.writes == []
    assert len(ticks.waiting) == 1
    ticks.turn()
    assert [reply["ok"] for reply in line.received()] == [0, 1, 2]
    hub.deliver(line, 3, Effects(reply=3))
    ticks.turn()
    assert [reply["ok"] for reply in line.received()] == [3]


def test_all_devices_of_a_person_hear(hub: Hub) -> None:
    who = person(1)
    lines = [attach(hub, who, Join(who, "room:1")), attach(hub, who)]
    hub.hold(1, None, None, Effects(pushes=[*said("room:1", 1).pushes, *said("user:1", 2).pushes]))
    hub.release(1)
    assert [line.offsets() for line in lines] == [[("room:1", 1), ("user:1", 2)]] * 2


# The commit


def test_nothing_leaves_before_its_position_is_released(hub: Hub, ticks: Ticks) -> None:
    who = person(1)
    line = attach(hub, who, Join(who, "room:1"))
    for position in (1, 2, 2, 3):
        hub.hold(position, line, position, said("room:1", position))
    ticks.turn()
    hub.release(0)
    assert line.received() == []
    hub.release(2)
    assert [push["o"] for push in line.received() if "s" in push] == [1, 2, 2]
    hub.release(3)
    assert len(line.received()) == 2
    assert hub.statistics().held == 0


def test_what_is_ephemeral_overtakes_what_waits_but_changes_never_do(hub: Hub) -> None:
    who = person(1)
    line = attach(hub, who)
    hub.hold(1, None, None, said("room:1", 1))
    hub.deliver(None, None, Effects(changes=[Join(who, "room:1")]))
    hub.deliver(line, 9, Effects(reply={}))
    hub.release()
    assert line.received() == [{"id": 9, "ok": {}}]
    hub.release(1)
    hub.hold(2, None, None, said("room:1", 2))
    hub.release(2)
    assert line.offsets() == [("room:1", 2)]


def test_who_joins_after_a_message_does_not_get_it_and_who_leaves_after_one_does(hub: Hub) -> None:
    early, late = person(1), person(2)
    first, second = attach(hub, early, Join(early, "room:1")), attach(hub, late)
    hub.hold(1, None, None, said("room:1", 1))
    hub.hold(2, second, 5, Effects(reply={"o": 1}, changes=[Join(late, "room:1")]))
    hub.hold(3, None, None, said("room:1", 2))
    hub.hold(4, first, 6, Effects(reply={"o": 2}, changes=[Leave(early, "room:1")]))
    hub.hold(5, None, None, said("room:1", 3))
    hub.release(5)
    assert [(m.get("id"), m.get("o")) for m in first.received()] == [(None, 1), (None, 2), (6, None)]
    assert [(m.get("id"), m.get("o")) for m in second.received()] == [(5, None), (None, 2), (None, 3)]
    assert len(hub.statistics().widths) == 15


def test_the_pushes_of_an_effect_go_out_before_its_changes(hub: Hub) -> None:
    who = person(1)
    line = attach(hub, who)
    hub.hold(1, None, None, Effects(pushes=said("room:1", 1).pushes, changes=[Join(who, "room:1")]))
    hub.hold(2, None, None, Effects(pushes=said("room:1", 2).pushes, changes=[Leave(who, "room:1")]))
    hub.release(2)
    assert line.offsets() == [("room:1", 2)]


def test_connecting_sends_the_reply_then_the_replay_then_what_is_new(hub: Hub) -> None:
    who = person(1)
    line = Line(hub, who)
    hub.hold(1, None, None, said("room:1", 2))
    missed = [*said("room:1", 1).pushes, *said("room:1", 2).pushes]
    changes: list[Change] = [Join(who, "room:1"), Attach(who, line)]
    hub.hold(1, line, 1, Effects(reply={"streams": {}}, changes=changes, replay=missed))
    hub.hold(1, None, None, said("room:1", 3))
    hub.release(1)
    assert [(m.get("id"), m.get("o")) for m in line.received()] == [(1, None), (None, 1), (None, 2), (None, 3)]


def test_a_replay_without_a_change_comes_after_its_reply_too(hub: Hub) -> None:
    line = attach(hub, person(1))
    hub.hold(1, line, 1, Effects(reply={}, replay=said("room:1", 1).pushes))
    hub.release(1)
    assert [(m.get("id"), m.get("o")) for m in line.received()] == [(1, None), (None, 1)]


def test_a_session_that_ended_before_its_attach_is_not_attached(hub: Hub) -> None:
    who = person(1)
    line = Line(hub, who)
    hub.hold(1, line, 1, Effects(reply={}, changes=[Attach(who, line)]))
    line.close(1006, "gone")
    hub.detach(line)
    hub.release(1)
    assert who.sessions == []
    assert line.wire.writes == []


def test_after_a_failed_commit_nothing_held_is_delivered_and_everybody_who_asked_is_told(hub: Hub) -> None:
    who = person(1)
    line = attach(hub, who, Join(who, "room:1"))
    hub.hold(1, line, 1, said("room:1", 1))
    hub.hold(2, line, 2, Effects(reply={"o": 2}, pushes=said("room:1", 2).pushes))
    hub.hold(3, None, None, said("room:1", 3))
    hub.hold(3, line, None, said("room:1", 4))
    assert hub.drop(1) == 3
    hub.release(3)
    received = line.received()
    errors = [(m.get("id"), m["err"]["name"]) for m in received if "err" in m]
    assert errors == [(2, STORAGE_FULL.name), (None, STORAGE_FULL.name)]
    assert [m["o"] for m in received if "s" in m] == [1]


async def test_a_rest_caller_waits_for_the_commit_too(hub: Hub) -> None:
    saved, lost, refused = hub.answer(), hub.answer(), hub.answer()
    hub.hold(1, saved, None, Effects(reply={"room": "1"}))
    hub.hold(2, lost, None, Effects(reply={"room": "2"}))
    hub.deliver(refused, None, Effects(reply=Refused(FORBIDDEN)))
    hub.release(1)
    hub.drop(1)
    assert await saved.wait() == b'{"room":"1"}'
    for answer, error in ((lost, STORAGE_FULL), (refused, FORBIDDEN)):
        with pytest.raises(Refused) as caught:
            await answer.wait()
        assert caught.value.error is error


async def test_a_rest_caller_who_left_disturbs_nobody(hub: Hub) -> None:
    answer = hub.answer()
    waiting = asyncio.ensure_future(answer.wait())
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    hub.hold(1, answer, None, Effects(reply={}))
    hub.hold(2, answer, None, Effects(reply={}))
    hub.release(1)
    assert hub.drop(1) == 1


# Replies


def test_a_refusal_is_told_with_its_id_or_without_one(hub: Hub) -> None:
    line = attach(hub, person(1))
    hub.deliver(line, 7, Effects(reply=Refused(FORBIDDEN)))
    hub.deliver(line, None, Effects(reply=Refused(FORBIDDEN)))
    hub.release()
    first, second = line.received()
    assert (first["id"], first["err"]["name"]) == (7, "forbidden")
    assert ("id" in second, second["err"]["name"]) == (False, "forbidden")


def test_without_an_id_no_reply_is_sent(hub: Hub) -> None:
    line = attach(hub, person(1))
    hub.deliver(line, None, Effects(reply={"a": 1}))
    hub.release()
    assert line.wire.writes == []


def test_what_cannot_be_encoded_fails_alone(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    who = person(1)
    line = attach(hub, who, Join(who, "room:1"))
    hub.hold(1, line, 1, Effects(pushes=[*said("room:1", 1).pushes, Push("x", "room:1", object(), 2)], reply={}))
    hub.hold(1, line, 2, Effects(reply="\ud800"))
    hub.hold(1, line, 3, Effects(reply={}, pushes=said("room:1", 3).pushes))
    hub.release(1)
    received = line.received()
    assert [m["o"] for m in received if "s" in m] == [1, 3]
    assert [m["err"]["name"] if "err" in m else "ok" for m in received if "id" in m] == [INTERNAL.name, INTERNAL.name, "ok"]
    assert len(caplog.records) == 2
    caplog.clear()


# Who hears


def test_only_limits_a_push_to_some_and_keeps_its_place_in_the_stream(hub: Hub) -> None:
    people = [person(n) for n in range(3)]
    lines = [attach(hub, who, Join(who, "room:1")) for who in people]
    hub.hold(1, None, None, said("room:1", 1))
    hub.hold(1, None, None, said("room:1", 2, audience=Audience((people[0], people[1]))))
    hub.hold(1, None, None, said("room:1", 3))
    hub.release(1)
    assert [[o for _, o in line.offsets()] for line in lines] == [[1, 2, 3], [1, 2, 3], [1, 3]]


def test_a_stream_nobody_hears_costs_nothing(hub: Hub) -> None:
    for to in ("room:9", "user:9", "cell:" + geo.to_text(HERE), "cell:" + geo.to_text(geo.parent(HERE, 5)), "odd:1"):
        hub.hold(1, None, None, said(to, 1))
    hub.release(1)
    assert (hub.counts.deliveries, hub.counts.writes) == (0, 0)


CELLS = (*geo.disk(HERE, 3), *geo.disk(geo.cell_of(48.0, 9.0, 8), 1))


@given(
    st.lists(st.tuples(st.integers(0, 5), st.sampled_from((0, *CELLS)), st.sampled_from((8, *COARSER))), max_size=12),
    st.sampled_from(CELLS),
    st.sampled_from((8, *COARSER, 0)),
)
def test_a_cell_is_heard_by_exactly_those_who_hear_it(moves: list[tuple[int, int, int]], at: int, resolution: int) -> None:
    hub = Hub(8, call_soon=Ticks())
    people = [person(n) for n in range(6)]
    lines = [attach(hub, who) for who in people]
    heard = dict.fromkeys(range(6), 0)
    for n, cell, level in moves:
        heard[n] = geo.parent(cell, level) if cell else 0
        change(hub, Hear(people[n], heard[n]))
    spoken = geo.parent(at, resolution)
    hub.hold(1, None, None, said("cell:" + geo.to_text(spoken), 1))
    hub.release(1)
    expected = [spoken in privacy.hears(cell, 8, (*COARSER, 0)) for cell in heard.values()]
    assert [bool(line.received()) for line in lines] == expected
    assert hub.statistics().heard_cells == len({cell for cell in heard.values() if cell})


@pytest.mark.parametrize("resolution", [7, 5])
def test_a_coarse_cell_is_heard_in_all_its_cells_however_many_are_inhabited(hub: Hub, resolution: int) -> None:
    spoken = geo.parent(HERE, resolution)
    inside, outside = geo.children(spoken, 8), geo.disk(geo.cell_of(48.0, 9.0, 8), 12)
    people = [person(n) for n in range(len(inside) + len(outside))]
    lines = [attach(hub, who, Hear(who, cell)) for who, cell in zip(people, (*inside, *outside), strict=True)]
    hub.hold(1, None, None, said("cell:" + geo.to_text(spoken), 1))
    hub.release(1)
    assert [bool(line.received()) for line in lines] == [True] * len(inside) + [False] * len(outside)


def test_disconnect_closes_one_session_or_all(hub: Hub) -> None:
    who = person(1)
    lines = [attach(hub, who) for _ in range(3)]
    change(hub, Disconnect(who, lines[0], 4011, "replaced"))
    assert [line.ends for line in lines] == [[(4011, "replaced")], [], []]
    change(hub, Disconnect(who, None, 4010, "banned"))
    assert [line.ends[-1] for line in lines[1:]] == [(4010, "banned")] * 2


def test_who_has_no_connection_is_a_member_still_and_is_found_again(hub: Hub) -> None:
    who = person(1)
    line = attach(hub, who, Join(who, "room:1"))
    hub.detach(line)
    hub.detach(line)
    assert (who.sessions, hub.statistics().people) == ([], 0)
    hub.hold(1, None, None, Effects(pushes=[*said("room:1", 1).pushes, *said("user:1", 1).pushes]))
    hub.release(1)
    again = attach(hub, who)
    hub.hold(2, None, None, said("room:1", 2))
    hub.release(2)
    assert (line.received(), again.offsets()) == ([], [("room:1", 2)])


def test_the_newest_record_of_a_user_keeps_hearing_when_an_older_one_goes(hub: Hub) -> None:
    old, new = person(1), person(1)
    line, newer = attach(hub, old), attach(hub, new)
    hub.detach(line)
    hub.hold(1, None, None, said("user:1", 1))
    hub.release(1)
    assert newer.offsets() == [("user:1", 1)]


def test_empty_rooms_and_cells_are_forgotten(hub: Hub) -> None:
    who = person(1)
    attach(hub, who, Join(who, "room:1"), Hear(who, HERE))
    change(hub, Leave(who, "room:1"), Leave(who, "room:2"), Hear(who, 0), Hear(who, 0))
    statistics = hub.statistics()
    assert (statistics.channels, statistics.heard_cells) == (0, 0)


def test_clearing_forgets_everybody(hub: Hub) -> None:
    who = person(1)
    line = attach(hub, who, Join(who, "room:1"), Hear(who, HERE))
    hub.hold(1, line, 1, said("room:1", 1))
    hub.clear()
    hub.release(1)
    statistics = hub.statistics()
    assert (statistics.channels, statistics.people, statistics.heard_cells, statistics.held) == (0, 0, 0, 0)
    assert line.wire.writes == []


# Random schedules against the plain rule


@given(
    st.lists(
        st.one_of(
            st.tuples(st.just("say"), st.integers(1, 3), st.just(0)),
            st.tuples(st.just("only"), st.integers(1, 3), st.integers(0, 3)),
            st.tuples(st.just("join"), st.integers(1, 3), st.integers(0, 3)),
            st.tuples(st.just("leave"), st.integers(1, 3), st.integers(0, 3)),
            st.tuples(st.just("commit"), st.just(0), st.just(0)),
        ),
        max_size=40,
    )
)
def test_recipients_are_those_of_the_committed_order(schedule: list[tuple[str, int, int]]) -> None:
    """Whatever is released together or apart, everyone gets what a hub would send that did one thing at a time."""
    hub = Hub(8, call_soon=Ticks())
    people = [person(n) for n in range(4)]
    lines = [attach(hub, who) for who in people]
    members: dict[int, set[int]] = {1: set(), 2: set(), 3: set()}
    expected: list[list[tuple[str, int]]] = [[] for _ in people]
    for position, (what, room, n) in enumerate(schedule, 1):
        name = f"room:{room}"
        if what == "say":
            hub.hold(position, None, None, said(name, position))
            for member in members[room]:
                expected[member].append((name, position))
        elif what == "only":
            hub.hold(position, None, None, said(name, position, audience=Audience((people[n],))))
            expected[n].append((name, position))
        elif what == "join":
            hub.hold(position, lines[n], position, Effects(reply={}, changes=[Join(people[n], name)]))
            members[room].add(n)
        elif what == "leave":
            hub.hold(position, lines[n], position, Effects(reply={}, changes=[Leave(people[n], name)]))
            members[room].discard(n)
        else:
            hub.release(position)
    hub.release(len(schedule))
    for line, wanted in zip(lines, expected, strict=True):
        got = line.offsets()
        for room in (1, 2, 3):  # order is total per stream
            assert [x for x in got if x[0] == f"room:{room}"] == [x for x in wanted if x[0] == f"room:{room}"]


# Figures


def test_figures_are_counted(hub: Hub) -> None:
    people = [person(n) for n in range(5)]
    lines = [attach(hub, who, Join(who, "room:1")) for who in people]
    ticks = hub.counts.ticks
    for o in (1, 2):
        hub.hold(1, lines[0], o, Effects(reply={}, pushes=said("room:1", o).pushes))
    hub.hold(1, None, None, said("user:3", 3))
    hub.hold(1, None, None, said("room:7", 4))
    hub.release(1)
    statistics = hub.statistics()
    assert (statistics.pushes, statistics.deliveries, statistics.replies) == (4, 11, 2)
    assert (statistics.ticks - ticks, statistics.writes) == (1, 5)
    assert statistics.bytes_out == sum(len(write) for line in lines for write in line.wire.writes)
    assert statistics.widths[:4] == (2, 0, 0, 1)  # nobody and one; one batch of five
    assert (hub.widths.count, hub.widths.sum) == (3, 6)
    assert (statistics.people, statistics.channels) == (5, 1)
