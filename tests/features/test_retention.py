"""The retention job: by which clock, how much at a time, and what a failure leaves."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from time import perf_counter
from typing import Any

import pytest

from fwber_rt.clock import ManualClock
from fwber_rt.core import geo
from fwber_rt.core.streams import Stream
from fwber_rt.features.messages import retention
from tests.e2e.servers import AT_HERE, InProcess
from tests.features.conftest import WUXI, Town

DAY = 86_400


def chat(town: Town, id: int, *, events: int = 1, age_s: float = 0.0, name: str = "") -> Stream:
    """A hexagon's stream somewhere far away whose events are all that old."""
    name = name or f"cell:{id:x}"
    stream = Stream(id, name, "e1-0", head=events, last_ts=town.clock.wall - int(age_s * 1000))
    town.world.streams[name] = stream
    return stream


async def run(town: Town) -> list[Any]:
    return await retention.sweep(town.world, town.clock.now(), town)


async def test_a_clock_that_goes_ahead_deletes_nothing_until_it_is_back(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    stream = chat(town, 1)
    assert await run(town) == []
    town.clock.step(400 * DAY)
    for _ in range(3):
        town.clock.advance(60)
        assert await run(town) == [] and stream.first == 1
    assert caplog.text.count("the clock went 34560000 s ahead") == 1
    town.clock.advance(retention.REMIND_S)
    await run(town)
    assert caplog.text.count("ahead; set it back") == 2
    town.clock.step(-400 * DAY)
    assert await run(town) == []
    town.clock.advance(2 * DAY)
    assert len(await run(town)) == 1 and stream.first == 2


async def test_a_replay_and_a_small_step_are_no_reason_to_stop(town: Town) -> None:
    stream = chat(town, 1)
    await run(town)
    town.clock.mono += 1e6
    town.clock.step(240)
    town.clock.advance(2 * DAY)
    await run(town)
    assert stream.first == 2


async def test_a_start_long_after_the_newest_event_waits_a_day(town: Town, caplog: pytest.LogCaptureFixture) -> None:
    stream = chat(town, 1, age_s=31 * DAY)
    town.disk[retention.NEWEST_EARLIER] = [(stream.last_ts,)]
    assert await run(town) == [] and "31 days old" in caplog.text
    town.clock.advance(DAY - 1)
    assert await run(town) == []
    town.clock.advance(1)
    assert len(await run(town)) == 1


async def test_a_start_with_a_wrong_clock_goes_on_when_it_is_set_right(town: Town) -> None:
    old, young = chat(town, 1, age_s=2 * DAY), chat(town, 2)
    town.disk[retention.NEWEST_EARLIER] = [(young.last_ts,)]
    town.clock.step(3650 * DAY)
    assert await run(town) == []
    town.clock.step(-3650 * DAY)
    await run(town)
    assert (old.first, young.first) == (2, 1)


async def test_cells_of_another_resolution_than_todays_are_retired(town: Town) -> None:
    base = geo.cell_of(*WUXI, 9)
    for id, cell in enumerate((base, geo.parent(base, 8), geo.parent(base, 5)), 1):
        chat(town, id, events=0, age_s=9 * DAY, name=f"cell:{cell:x}")
    town.person("Ann")
    await run(town)
    assert list(town.world.streams) == [f"cell:{geo.parent(base, level):x}" for level in (8, 5)], "Ann hears those"


class Torn:
    """A reader that reads the first and fails with the second."""

    def __init__(self, found: tuple[Any, ...], fails_for: int) -> None:
        self.found, self.fails_for = found, fails_for

    async def all(self, sql: str, params: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        if sql == retention.NEWEST_EARLIER:
            return []
        if params[0] == self.fails_for:
            raise TimeoutError("too long")
        return [self.found]

    async def open(self, sealed: Sequence[tuple[int, bytes | None, tuple[Any, ...]]]) -> list[bytes | None]:
        return []


async def test_a_read_that_fails_loses_no_cut_and_does_not_stay_in_the_way(town: Town) -> None:
    first, second, third = (chat(town, id, events=9) for id in (1, 2, 3))
    reader = Torn((5, town.clock.wall, 9), fails_for=2)
    [effects] = await retention.sweep(town.world, town.clock.now(), reader)
    assert effects.rows[0].params == (1, 5) and (first.first, second.first, third.first) == (5, 1, 1)
    await retention.sweep(town.world, town.clock.now(), reader)
    assert (second.first, third.first) == (1, 5)


async def test_what_is_not_on_disk_yet_is_not_cut(town: Town) -> None:
    stream = chat(town, 1, events=9)
    town.disk[retention.FIRST_KEPT] = [(None, None, 7)]
    await run(town)
    assert stream.first == 8
    town.disk[retention.FIRST_KEPT] = [(None, None, None)]
    await run(town)
    assert stream.first == 8


async def test_a_long_stream_is_cut_over_several_runs_and_holds_nobody_up_for_ever(town: Town) -> None:
    long, short = chat(town, 1, events=25_000, age_s=2 * DAY), chat(town, 2, age_s=2 * DAY)
    firsts = []
    for _ in range(3):
        await run(town)
        firsts.append((long.first, short.first))
    assert firsts == [(10_001, 1), (20_001, 1), (25_001, 2)]


async def test_every_stream_has_its_turn_within_an_hour_and_no_run_is_long(town: Town) -> None:
    for id in range(1, 100_001):
        chat(town, id, age_s=31 * DAY if id % 1000 == 0 else 0, name=f"room:{id}")
    runs, done, costs = int(retention.PASS_S / town.world.settings[retention.EVERY]), 0, []
    for _ in range(runs):
        town.clock.advance(10)
        began = perf_counter()
        done += len(await run(town))
        costs.append(perf_counter() - began)
    assert done == 100, "each old one cut"
    assert sorted(costs)[runs // 2] < 0.005, "a look at all takes 50 ms and more"


async def test_a_young_stream_is_looked_up_again_only_when_its_first_event_is_old(
    town: Town, caplog: pytest.LogCaptureFixture
) -> None:
    chat(town, 1, events=3)
    reader = Torn((1, town.clock.wall, 3), fails_for=0)
    await retention.sweep(town.world, town.clock.now(), reader)
    reader.fails_for = 1
    assert await retention.sweep(town.world, town.clock.now(), reader) == []
    assert "could not see" not in caplog.text
    town.clock.advance(DAY + 1)
    town.world.streams["cell:1"].last_ts = town.clock.wall
    await retention.sweep(town.world, town.clock.now(), reader)
    assert "could not see" in caplog.text


async def test_the_stream_of_somebody_who_is_here_is_not_retired(town: Town) -> None:
    here = town.person("Ann", None)
    kept, gone = (chat(town, n, age_s=90 * DAY, name=f"user:{id}") for n, id in ((1, here.id), (2, 9999)))
    await run(town)
    await run(town)
    assert kept.name in town.world.streams and gone.name not in town.world.streams


@pytest.mark.parametrize("setting", retention.SETTINGS, ids=lambda setting: setting.name)
def test_periods_are_above_zero(setting: Any) -> None:
    assert setting.check and setting.check(0) and setting.check(-1) and not setting.check(1)


async def test_ending_a_room_empties_its_row_and_forgets_how_far_it_was_read(tmp_path: Path, clock: ManualClock) -> None:
    server = InProcess(tmp_path / "data", clock, None)
    await server.start()
    try:
        ann, read = await server.enter("Ann"), server.app.database.reader.all
        rooms = [(await ann.ok("room.create", name="R", radius_m=2000, **AT_HERE))["room"] for _ in range(2)]
        for room in rooms:
            await ann.ok("message.send", room=room, text="x")
            await ann.ok("read.mark", room=room, o=1)
        await ann.ok("room.delete", room=rooms[0])
        await server.app.journal.wait(server.app.journal.position)
        assert await read("SELECT room FROM reads") == [(int(rooms[1]),)]
        assert await read("SELECT id, ended FROM rooms WHERE body IS NULL") == [(int(rooms[0]), clock.wall)]
        await server.restart()
        assert list(server.app.world.rooms) == [int(rooms[1])]
    finally:
        await server.close()
