"""Resume: everything missed, once, in order, before anything new; or nothing, and told so."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fwber_rt.clock import ManualClock
from fwber_rt.features import registry
from fwber_rt.storage import backup, schema
from tests.e2e.conftest import StartProcess, StartServer
from tests.e2e.servers import AT_HERE, HERE, InProcess
from tests.e2e.wire import Json, Wire

SPOKEN = ("message.new", "here.message")


class Pair:
    """Ann talks, Bob's connection comes and goes."""

    def __init__(self, server: InProcess) -> None:
        self.server = server
        self.ann: Wire
        self.bob: Wire
        self.bobs: str
        self.room: str
        self.said: dict[str, list[tuple[int, str]]] = {}  # by stream: offset and text

    async def begin(self, **bob: Any) -> Pair:
        server = self.server
        self.anns, self.bobs = await server.user("Ann"), await server.user("Bob")
        self.ann, self.bob = await server.connect(self.anns), await server.connect(self.bobs, **bob)
        room = await self.ann.ok("room.create", name="Room", radius_m=2000, **AT_HERE)
        self.room, self.s = room["room"], room["s"]
        await self.bob.ok("room.join", room=self.room)
        return self

    async def say(self, *texts: str) -> None:
        """Ann says something to the room; returns when all is acked."""
        for id, text in [(await self.ann.send("message.send", room=self.room, text=text), text) for text in texts]:
            ok = (await self.ann.reply(id))["ok"]
            self.said.setdefault(ok["s"], []).append((ok["o"], text))

    async def say_here(self, *texts: str) -> None:
        for text in texts:
            ok = await self.ann.ok("here.say", text=text)
            self.said.setdefault(ok["s"], []).append((ok["o"], text))

    async def back(self, *, at: tuple[float, float] | None = HERE, resume: Json | None = None) -> Wire:
        """Bob again, on a new connection."""
        self.bob = await self.server.connect(self.bobs, at=at, resume=resume or self.bob.resume())
        return self.bob

    async def missed(self, o: int, s: str = "") -> list[tuple[int, str]]:
        """What was said after offset ``o``."""
        return [each for each in self.said.get(s or self.s, []) if each[0] > o]

    @property
    def at(self) -> int:
        """The last offset of the room that Bob has received."""
        o: int = self.bob.positions[self.s]["o"]
        return o

    async def heard(self, s: str = "") -> list[tuple[int, str]]:
        """What Bob was told of a stream, once everything sent so far has arrived."""
        await self.bob.alive()
        found = [push for push in self.bob.pushes if push["t"] in SPOKEN and push["s"] == (s or self.s)]
        return [(push["o"], push["d"]["content"]["text"]) for push in found]


@pytest.fixture
async def pair(start: StartServer) -> Pair:
    return await Pair(await start(limits__enabled="false", privacy__fastest_mps=1e9)).begin()


async def test_what_was_missed_comes_once_in_order_before_anything_new(pair: Pair) -> None:
    await pair.say("before")
    assert [text for _, text in await pair.heard()] == ["before"]
    at = pair.at
    await pair.bob.abort()
    await pair.say("one", "two", "three")
    await pair.say_here("around")
    opening = asyncio.create_task(pair.back())
    await pair.say(*(f"new {n}" for n in range(20)))  # while Bob comes back
    bob = await opening
    assert {pair.s, f"user:{bob.welcome['user']['user']}"} <= bob.recovered()
    assert len(bob.recovered()) == len(bob.welcome["streams"])
    assert await pair.heard() == await pair.missed(at)
    [cell] = [s for s in pair.said if s != pair.s]
    assert await pair.heard(cell) == await pair.missed(0, cell)
    assert [push["o"] for push in bob.pushes if push.get("s") == pair.s] == list(range(at + 1, pair.at + 1))


async def test_twice_in_a_row_and_with_a_reply_that_was_lost(pair: Pair) -> None:
    await pair.say("before")
    await pair.heard()
    first, at = pair.bob.resume(), pair.at
    for n in range(3):
        await pair.bob.abort()
        await pair.say(f"meanwhile {n}")
        await pair.back(resume=first)
        assert await pair.heard() == await pair.missed(at)
    await pair.bob.abort()
    await pair.say("later")
    await pair.back()  # from where the third one got to
    assert [text for _, text in await pair.heard()] == ["later"]


async def test_with_nothing_ever_received(pair: Pair) -> None:
    room = await pair.ann.ok("room.create", name="Other", radius_m=2000, **AT_HERE)
    await pair.bob.ok("room.join", room=room["room"])
    known = pair.bob.resume()
    known["streams"] = {s: {**at, "o": 0} for s, at in known["streams"].items()}
    await pair.bob.abort()
    pair.room, pair.s = room["room"], room["s"]
    await pair.say("first", "second")
    await pair.back(resume=known)
    assert pair.bob.recovered() == set(pair.bob.welcome["streams"])
    assert await pair.heard() == await pair.missed(0)
    joined = [push for push in pair.bob.pushes if push["t"] == "member.join"]
    assert [push["o"] for push in joined if push["s"] == room["s"]] == [1]


async def test_a_stream_that_began_while_away(pair: Pair) -> None:
    await pair.bob.abort()
    await pair.say_here("the first words in this hexagon")
    await pair.back()
    [cell] = [s for s in pair.said if s.startswith("cell:")]
    assert await pair.heard(cell) == await pair.missed(0, cell)


async def test_after_a_restart_windows_come_from_the_database(pair: Pair) -> None:
    await pair.say("before")
    await pair.heard()
    at = pair.at
    await pair.bob.abort()
    await pair.say("one", "two")
    await pair.server.restart()
    await pair.back()
    assert pair.s in pair.bob.recovered()
    assert await pair.heard() == await pair.missed(at)
    pair.ann = await pair.server.connect(pair.anns)
    await pair.say("three")
    assert await pair.heard() == await pair.missed(at)


async def test_more_events_than_a_resume_replays(start: StartServer) -> None:
    pair = await Pair(await start(limits__enabled="false", streams__window_bytes="150000")).begin()
    at = pair.at
    await pair.bob.abort()
    known = pair.bob.resume()
    await pair.say(*map(str, range(300)))
    await pair.back(resume=known)
    assert pair.s in pair.bob.recovered()
    assert await pair.heard() == await pair.missed(at)
    await pair.bob.abort()
    await pair.say("one more")
    await pair.back(resume=known)
    assert pair.bob.welcome["streams"][pair.s]["recovered"] is False
    assert await pair.heard() == []
    page = await pair.bob.ok("message.history", room=pair.room, limit=100)
    assert [message["o"] for message in page["messages"]] == list(range(page["o"] - 99, page["o"] + 1))
    await pair.say("and on")
    assert [text for _, text in await pair.heard()] == ["and on"]


async def test_more_bytes_than_a_resume_replays_of_one_stream(pair: Pair) -> None:
    await pair.bob.abort()
    known = pair.bob.resume()
    await pair.say(*["x" * 2000] * 29)
    await pair.back(resume=known)
    assert pair.s in pair.bob.recovered()
    await pair.bob.abort()
    await pair.say(*["x" * 2000] * 10)
    await pair.back(resume=known)
    assert pair.bob.welcome["streams"][pair.s]["recovered"] is False
    assert await pair.heard() == []


async def test_more_bytes_than_a_resume_replays_in_all(pair: Pair) -> None:
    for _ in range(4):
        room = await pair.ann.ok("room.create", name="Room", radius_m=2000, **AT_HERE)
        await pair.bob.ok("room.join", room=room["room"])
        pair.room, pair.s = room["room"], room["s"]
        await pair.bob.alive()
    known = pair.bob.resume()
    await pair.bob.abort()
    rooms = [s for s in known["streams"] if s.startswith("room:")]
    for s in rooms:
        pair.room = s[5:]
        await pair.say(*["x" * 2000] * 24)  # 5 x 51 000 bytes
    await pair.back(resume=known)
    recovered = pair.bob.recovered() & set(rooms)
    assert 3 <= len(recovered) < 5
    for s in rooms:
        assert len(await pair.heard(s)) == (24 if s in recovered else 0)


async def test_a_changed_epoch(pair: Pair, tmp_path: Path) -> None:
    await pair.say("before")
    await pair.heard()
    known, server = pair.bob.resume(), pair.server
    await server.stop()
    copy = backup.save(server.data_dir / "fwber_rt.db", tmp_path / "copy.db", 0)
    steps = (*schema.MIGRATIONS, *registry().migrations.values())
    backup.restore(copy, server.data_dir, steps, force=True)
    await server.start()
    await pair.back(resume=known)
    at = pair.bob.welcome["streams"][pair.s]
    assert (at["recovered"], at["o"]) == (False, known["streams"][pair.s]["o"])
    assert at["epoch"] != known["streams"][pair.s]["epoch"]
    assert await pair.heard() == []
    assert [m["content"]["text"] for m in (await pair.bob.ok("message.history", room=pair.room))["messages"]] == ["before"]


async def test_a_cut_front(start: StartServer, clock: ManualClock) -> None:
    server = await start(clock=clock, limits__enabled="false", retention__rooms_s="60")
    pair = await Pair(server).begin()
    known = pair.bob.resume()
    await pair.bob.abort()
    await pair.say("old")
    clock.advance(61)
    await pair.say("young")
    await server.app.timers.run_job(server.app.registry.jobs["retention"])
    await pair.back(resume=known)
    assert pair.bob.welcome["streams"][pair.s]["recovered"] is False
    page = await pair.bob.ok("message.history", room=pair.room)
    assert [message["content"]["text"] for message in page["messages"]] == ["young"]
    assert page["first_o"] == page["messages"][0]["o"]


async def test_with_a_secret_that_is_not_mine(pair: Pair) -> None:
    known = pair.bob.resume()
    await pair.bob.abort()
    await pair.say("secret")
    for secret in (pair.ann.welcome["session"], "x", "1.x", known["session"][:-1], known["session"].replace(".", "\u00b7")):
        await pair.back(resume={**known, "session": secret})
        assert pair.bob.recovered() == set()
        assert await pair.heard() == []
        await pair.bob.abort()
    await pair.ann.alive()  # nobody was taken for her
    await pair.back(resume=known)
    assert [text for _, text in await pair.heard()] == ["secret"]


async def test_positions_that_cannot_be(pair: Pair) -> None:
    known = pair.bob.resume()
    epoch = known["streams"][pair.s]["epoch"]
    await pair.bob.abort()
    await pair.say("x")
    strange = {
        pair.s: {"epoch": epoch, "o": (1 << 53) - 1}, "room:1": {"epoch": epoch, "o": 0}, "user:1": {"epoch": epoch, "o": 0},
        "cell:8800000001fffff": {"epoch": epoch, "o": 0}, "": {"epoch": "", "o": 0}, "room:": {"epoch": "", "o": 5},
    }  # fmt: skip
    await pair.back(resume={**known, "streams": strange})
    assert pair.bob.welcome["streams"][pair.s]["recovered"] is False
    assert set(pair.bob.welcome["streams"]) == set(known["streams"])
    assert await pair.heard() == []


async def test_only_the_cells_around_the_location_resume(pair: Pair) -> None:
    known = pair.bob.resume()
    cells = {s for s in known["streams"] if s.startswith("cell:")}
    await pair.bob.abort()
    await pair.say_here("here")
    await pair.say("in the room")
    await pair.back(at=(HERE[0] + 0.008, HERE[1]), resume=known)  # next door
    here = next(s for s in pair.said if s.startswith("cell:"))
    around = {s for s in pair.bob.welcome["streams"] if s.startswith("cell:")}
    assert 0 < len(cells & around) < len(cells)
    assert pair.bob.recovered() & around == cells & around
    assert await pair.heard(here) == (await pair.missed(0, here) if here in around else [])
    assert [text for _, text in await pair.heard()] == ["in the room"]
    await pair.bob.abort()
    await pair.back(at=(HERE[0] + 1, HERE[1]), resume=known)
    assert not cells & set(pair.bob.welcome["streams"])
    assert await pair.heard(here) == []


async def test_a_room_left_meanwhile_is_not_resumed(pair: Pair) -> None:
    known = pair.bob.resume()
    await pair.bob.abort()
    await pair.server.rest().ok(f"POST /rooms/{pair.room}/leave", pair.bobs)
    await pair.say("without Bob")
    await pair.back(resume=known)
    assert pair.s not in pair.bob.welcome["streams"]
    assert await pair.heard() == []


async def test_a_connection_that_is_resumed_elsewhere_is_replaced(pair: Pair) -> None:
    old = pair.bob
    second = await pair.server.connect(pair.bobs)  # another device, which resumes nothing
    await old.alive()
    await pair.back()
    closed = await old.closed()
    assert (closed.code, closed.bye and closed.bye["code"]) == (4011, 4011)
    await pair.say("to all devices")
    assert len(await pair.heard()) == 1
    assert (await second.push("message.new"))["d"]["content"]["text"] == "to all devices"


async def test_what_was_said_while_a_resume_waits_for_the_disk(pair: Pair) -> None:
    """The replay is read from the database while more is said: still once, in order."""
    known, at = pair.bob.resume(), pair.at
    await pair.bob.abort()
    await pair.say(*map(str, range(20)))
    for _ in range(5):
        for stream in pair.server.app.world.streams.values():
            stream.drop_window()
        opening = asyncio.create_task(pair.back(resume=known))
        await pair.say(*(f"more {n}" for n in range(10)))
        bob = await opening
        assert pair.s in bob.recovered()
        assert await pair.heard() == await pair.missed(at)
        await bob.abort()


@pytest.mark.parametrize("end", ["SIGTERM", "kill -9"])
async def test_across_the_end_of_the_process(process: StartProcess, end: str) -> None:
    server = await process(limits__enabled="false")
    rest = server.rest()
    tokens = [(await rest.guest(name))["token"] for name in ("Ann", "Bob")]
    ann, bob = [await server.connect(token) for token in tokens]
    room = await ann.ok("room.create", name="Room", radius_m=2000, **AT_HERE)
    await bob.ok("room.join", room=room["room"])
    await bob.abort()
    said = [(await ann.ok("message.send", room=room["room"], text=str(n)))["o"] for n in range(5)]
    for _ in range(2):
        if end == "SIGTERM":
            assert await server.terminate() == 0
        else:
            await server.kill()
        await server.start()
        bob2 = await server.connect(tokens[1], resume=bob.resume())
        await bob2.alive()
        assert bob2.recovered() == set(bob2.welcome["streams"])
        heard = [push for push in bob2.pushes if push["t"] == "message.new"]
        assert [push["o"] for push in heard] == said
        assert [push["d"]["content"]["text"] for push in heard] == list(map(str, range(5)))
        await bob2.abort()


async def test_a_client_that_does_not_read_is_sent_away_and_comes_back(start: StartServer) -> None:
    """4108; the others notice nothing, and what was missed is there to be fetched."""
    pair = await Pair(await start(limits__enabled="false", session__outbound_bytes="65536")).begin()
    known = pair.bob.resume()
    closes, carol = pair.server.app.endpoint.closes, await pair.server.enter("Carol")
    await carol.ok("room.join", room=pair.room)
    pair.bob.socket.transport.pause_reading()
    for _ in range(60):  # what the system's own buffers take is not ours to bound
        await pair.say(*["x" * 2000] * 60)
        if closes["4108"]:
            break
    pair.bob.socket.transport.resume_reading()
    closed = await pair.bob.closed()
    assert (closed.code, closed.bye and closed.bye["code"]) == (4108, 4108)
    await carol.alive()
    heard = [push["o"] for push in carol.taken("message.new")]
    assert heard == [o for o, _ in pair.said[pair.s]]
    read = [push["o"] for push in pair.bob.pushes if push["t"] == "message.new"]
    assert read == heard[: len(read)]  # in order, without a gap, up to the end
    await pair.back(resume=known)
    assert pair.bob.welcome["streams"][pair.s]["recovered"] is False
    page = await pair.bob.ok("message.history", room=pair.room, after=read[-1], limit=1)
    assert [message["o"] for message in page["messages"]] == heard[len(read) : len(read) + 1]


# Whatever happens

STEPS = st.one_of(
    st.integers(1, 5).map(lambda n: ("say", n)),
    st.just(("say", 9)),
    st.sampled_from([("hear",), ("lose",), ("back",), ("back",), ("old back",), ("forget",)]),
)
WINDOW = 8


def scripts(count: int) -> list[list[tuple[Any, ...]]]:
    """Random scripts, the same in every run."""
    found: list[list[tuple[Any, ...]]] = []

    @settings(max_examples=count, database=None, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
    @given(st.lists(STEPS, min_size=3, max_size=14))
    def collect(script: list[tuple[Any, ...]]) -> None:
        found.append(script)

    collect()
    return found


async def test_against_the_full_log(start: StartServer) -> None:
    """Whenever a stream is recovered, what comes is exactly what the log holds after the position; else nothing comes."""
    server = await start(limits__enabled="false", streams__window_events=str(WINDOW), rooms__per_user="1000")
    pair = await Pair(server).begin()
    outcomes = {True: 0, False: 0}
    for script in scripts(60):
        await run(pair, script, outcomes)
    assert min(outcomes.values()) > 10


async def run(pair: Pair, script: list[tuple[Any, ...]], outcomes: dict[bool, int]) -> None:
    room = await pair.ann.ok("room.create", name="Room", radius_m=2000, **AT_HERE)
    pair.room, pair.s = room["room"], room["s"]
    if pair.bob.socket.close_code is not None:
        await pair.back()
    await pair.bob.ok("room.join", room=pair.room)
    await pair.heard()
    earliest = pair.bob.resume()
    for step, *number in script:
        away = pair.bob.socket.close_code is not None
        if step == "say":
            await pair.say(*(f"{n}" for n in range(number[0])))
        elif step == "hear" and not away:
            await pair.heard()
        elif step == "lose" and not away:
            await pair.bob.abort()
        elif step == "forget":
            pair.server.app.world.streams[pair.s].drop_window()
        elif step in ("back", "old back"):
            known = pair.bob.resume() if step == "back" else earliest
            o = known["streams"][pair.s]["o"]
            await pair.back(resume=known)
            missed = await pair.missed(o)
            recovered = pair.bob.welcome["streams"][pair.s]["recovered"]
            outcomes[recovered] += 1
            assert recovered is (len(missed) <= WINDOW), script
            assert await pair.heard() == (missed if recovered else []), script
            await pair.bob.abort()
