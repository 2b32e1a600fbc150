"""Requests, replies and pushes over one connection that holds."""

from __future__ import annotations

import asyncio
import logging

import pytest

from fwber_rt.client import Banned, Client, ClientClosed, ConnectionLost, HandshakeRefused, Push, RequestError, State
from tests.client.conftest import Make
from tests.client.wire import FakeServer, Naps, begin, soon


async def test_connect_says_who_and_with_what(make: Make, server: FakeServer) -> None:
    client = make(name="bot", version="2", location={"lat": 1.0, "lng": 2.0, "accuracy_m": 5}, strict=True)
    connecting = asyncio.create_task(client.connect())
    wire = await server.meet()
    d = await wire.welcomes(streams={"user:7": {"epoch": "e", "o": 3}}, feature_level=1)
    await connecting
    assert d == {
        "token": "t1",
        "client": "bot/2",
        "strict": True,
        "location": {"lat": 1.0, "lng": 2.0, "accuracy_m": 5},
    }
    assert client.state is State.OPEN
    assert client.user == {"user": "7"}
    assert client.welcome["feature_level"] == 1
    assert client.positions.at("user:7") == ("e", 3)


async def test_states_are_told(make: Make, server: FakeServer) -> None:
    states: list[State] = []
    client = make(on_state=states.append)
    assert client.state is State.CONNECTING
    wire = await begin(client, server)
    wire.breaks()
    await (await server.meet()).welcomes()
    await soon(client.opened())
    await client.close()
    assert states == [State.OPEN, State.RESUMING, State.OPEN, State.CLOSED]


async def test_replies_are_matched_by_id_in_any_order(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    first, second = asyncio.create_task(client.request("a")), asyncio.create_task(client.request("b", {"x": 1}))
    await wire.hears("a")
    first_id = wire.id
    await wire.hears("b", x=1)
    await wire.ok(n=2)
    await wire.says({"id": first_id, "ok": {"n": 1}})
    assert (await first, await second) == ({"n": 1}, {"n": 2})


async def test_a_refusal_carries_everything_the_server_said(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    asking = asyncio.create_task(client.join("5"))
    await wire.hears("room.join", room="5")
    await wire.err(40311, "room.outside", message="too far", retry_after_ms=0, field="room")
    with pytest.raises(RequestError) as caught:
        await asking
    refusal = caught.value
    assert (refusal.code, refusal.name, refusal.message, refusal.temporary) == (40311, "room.outside", "too far", False)
    assert (refusal.retry_after_ms, refusal.field) == (0, "room")


async def test_a_rate_limit_is_waited_out_within_the_bound(make: Make, server: FakeServer, naps: Naps) -> None:
    client = make(rate_wait_s=3.0)
    wire = await begin(client, server)
    asking = asyncio.create_task(client.say("hi", nonce="n"))
    for wait_ms in (1000, 1500):
        await wire.hears("here.say", nonce="n", text="hi")
        await wire.err(42911, "rate.limited", temporary=True, retry_after_ms=wait_ms)
    await wire.hears("here.say", nonce="n", text="hi")
    await wire.err(42911, "rate.limited", temporary=True, retry_after_ms=600)
    with pytest.raises(RequestError, match=r"rate\.limited"):
        await asking
    assert naps.delays == [1.0, 1.5]


async def test_a_rate_limit_is_raised_at_once_by_default(make: Make, server: FakeServer, naps: Naps) -> None:
    client = make()
    wire = await begin(client, server)
    asking = asyncio.create_task(client.ping())
    await wire.hears("ping")
    await wire.err(42911, "rate.limited", temporary=True, retry_after_ms=5)
    with pytest.raises(RequestError):
        await asking
    assert naps.delays == []


async def test_a_request_without_reply_times_out_and_its_late_reply_is_ignored(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    with pytest.raises(TimeoutError):
        await client.request("slow", timeout_s=0.01)
    await wire.hears("slow")
    await wire.ok(late=True)
    asking = asyncio.create_task(client.ping())
    await wire.hears("ping")
    await wire.ok(server_time=5)
    assert await asking == 5
    assert client.statistics().waiting_requests == 0


async def test_the_late_reply_to_a_move_still_says_what_is_heard(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    moving = asyncio.create_task(client.location(1.0, 2.0))
    await wire.hears("location.update")
    moving.cancel()
    await asyncio.wait([moving])
    assert client.statistics().waiting_requests == 0
    await wire.ok(cell="8", entered=[{"s": "cell:8", "epoch": "e", "o": 4}], left=[])
    await wire.push("here.message", "cell:8", 5)
    assert (await soon(anext(client))).o == 5
    assert client.positions.at("cell:8") == ("e", 5)


async def test_a_cancelled_request_leaves_nothing_behind(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    asking = asyncio.create_task(client.request("slow"))
    await wire.hears("slow")
    asking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert client.statistics().waiting_requests == 0


async def test_what_is_no_json_is_refused_before_anything_is_sent(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    for nonsense in ({"x": object()}, {"x": "\ud800"}):
        with pytest.raises(TypeError):
            await client.request("op", nonsense)
    asking = asyncio.create_task(client.ping())
    await wire.hears("ping")
    await wire.ok(server_time=1)
    await asking
    assert client.statistics().waiting_requests == 0


async def test_pushes_come_in_order_and_end_with_close(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server, streams={"room:1": {"epoch": "e", "o": 4}})
    await wire.push("message.new", "room:1", 5, text="a")
    await wire.push("typing", "room:1", user="8")
    await wire.push("message.new", "room:1", 7, text="b")  # 6 was not for this user: no loss
    heard = [await soon(anext(client)) for _ in range(3)]
    assert heard == [
        Push("message.new", "room:1", 5, {"text": "a"}),
        Push("typing", "room:1", None, {"user": "8"}),
        Push("message.new", "room:1", 7, {"text": "b"}),
    ]
    await client.close()
    assert [push async for push in client] == []


async def test_a_duplicate_is_dropped_and_counted(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server, streams={"room:1": {"epoch": "e", "o": 4}})
    for o in (4, 5, 5, 6):
        await wire.push("message.new", "room:1", o)
    heard = [await soon(anext(client)) for _ in range(2)]
    assert [push.o for push in heard] == [5, 6]
    assert client.statistics().duplicates == 2


async def test_on_push_takes_the_iterators_place_and_its_failure_is_only_logged(
    make: Make, server: FakeServer, caplog: pytest.LogCaptureFixture
) -> None:
    heard: list[str] = []
    done = asyncio.Event()

    def on_push(push: Push) -> None:
        heard.append(push.t)
        if push.t == "bad":
            raise ZeroDivisionError
        done.set()

    client = make(on_push=on_push)
    wire = await begin(client, server)
    with caplog.at_level(logging.ERROR):
        await wire.push("bad")
        await wire.push("good")
        await soon(done.wait())
    assert heard == ["bad", "good"]
    assert "ZeroDivisionError" in caplog.text
    with pytest.raises(RuntimeError, match="on_push"):
        await anext(client)


async def test_only_one_task_iterates(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    waiting = asyncio.create_task(anext(client))
    await asyncio.sleep(0)
    with pytest.raises(RuntimeError, match="already"):
        await anext(client)
    await wire.push("x")
    assert (await soon(waiting)).t == "x"


async def test_a_cancelled_iteration_loses_no_push(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    waiting = asyncio.create_task(anext(client))
    await asyncio.sleep(0)
    waiting.cancel()
    await asyncio.wait([waiting])
    await wire.push("x")
    assert (await soon(anext(client))).t == "x"


async def test_notify_wants_no_reply_and_its_refusal_is_a_push(make: Make, server: FakeServer) -> None:
    client = make()
    assert client.notify("typing", {"room": "1"}) is False
    wire = await begin(client, server)
    assert client.notify("typing", {"room": "1"}) is True
    await wire.hears("typing", room="1")
    assert wire.id is None
    await wire.err(40401, "not.found")
    push = await soon(anext(client))
    assert (push.t, push.d["name"]) == ("error", "not.found")


async def test_a_full_queue_stops_the_reading_and_taking_starts_it_again(make: Make, server: FakeServer) -> None:
    client = make(max_pushes=4)
    wire = await begin(client, server)
    big = "x" * 100_000  # more than one read from the socket takes
    sending = asyncio.create_task(_push_many(wire.push, 60, big))
    first = await soon(anext(client))
    # The link keeps no event for this.
    while client._conversation.keeper.link is not None and client._conversation.keeper.link.reading:  # noqa: ASYNC110
        await asyncio.sleep(0)
    assert client.statistics().waiting_pushes <= 16
    rest = [await soon(anext(client)) for _ in range(59)]
    await sending
    assert [push.d["n"] for push in [first, *rest]] == list(range(60))


async def test_a_waiting_request_reads_on_past_full_queue(make: Make, server: FakeServer) -> None:
    client = make(max_pushes=2)
    wire = await begin(client, server)
    for n in range(3):
        await wire.push("x", n=n)
    asking = asyncio.create_task(client.ping())  # the task that iterates now waits for this reply instead
    await wire.hears("ping")
    await wire.push("x", n=3)
    await wire.ok(server_time=1)
    assert await soon(asking) == 1
    assert [(await anext(client)).d["n"] for _ in range(4)] == [0, 1, 2, 3]


async def test_beyond_the_hard_bound_the_timeout_says_why(make: Make, server: FakeServer) -> None:
    client = make(max_pushes=1)
    wire = await begin(client, server)
    asking = asyncio.create_task(client.request("ping", timeout_s=0.2))
    await wire.hears("ping")
    for _ in range(5):
        await wire.push("x")
    with pytest.raises(TimeoutError, match="iterated"):
        await asking


async def _push_many(push: object, count: int, filling: str) -> None:
    assert callable(push)
    for n in range(count):
        await push("x", n=n, filling=filling)


@pytest.mark.parametrize("frame", ["no json", "[]", "7", '{"id":1}', '{"id":null}', '{"t":"bye","d":5}'])
async def test_a_frame_outside_the_protocol_closes_1002_and_comes_back(make: Make, server: FakeServer, frame: str) -> None:
    client = make()
    wire = await begin(client, server)
    asking = asyncio.create_task(client.ping())
    await wire.hears("ping")
    await wire.says(frame.replace("1", str(wire.id)))
    await soon(wire.connection.wait_closed())
    assert wire.connection.close_code == 1002
    again = await server.meet()
    await again.welcomes()
    await again.hears("ping")
    await again.ok(server_time=1)
    assert await asking == 1


async def test_close_says_goodbye_fails_requests_and_is_idempotent(make: Make, server: FakeServer) -> None:
    client = make()
    wire = await begin(client, server)
    asking = asyncio.create_task(client.request("slow"))
    await wire.hears("slow")
    await asyncio.gather(client.close(), client.close())
    await client.close()
    with pytest.raises(ClientClosed):
        await asking
    with pytest.raises(ClientClosed):
        await client.ping()
    await wire.silence()
    assert wire.connection.close_code == 1000
    assert _own_tasks() == set()


async def test_close_before_connect(make: Make) -> None:
    client = make()
    await client.close()
    with pytest.raises(RuntimeError):
        await client.connect()


async def test_a_cancelled_connect_leaves_no_task(make: Make, server: FakeServer) -> None:
    client = make()
    connecting = asyncio.create_task(client.connect())
    wire = await server.meet()
    await wire.hears("connect")
    connecting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await connecting
    assert client.state is State.CLOSED
    assert _own_tasks() == set()


async def test_no_server_within_the_time_for_the_first_connection(make: Make, naps: Naps) -> None:
    client = make(url="http://127.0.0.1:1", first_connect_s=0.05)
    with pytest.raises(ConnectionLost, match="no connection within") as caught:
        await client.connect()
    assert isinstance(caught.value.__cause__, OSError)
    assert naps.delays[:5] == [1.0, 2.0, 4.0, 8.0, 8.0]


async def test_a_busy_server_is_asked_again_after_what_it_says(make: Make, server: FakeServer, naps: Naps) -> None:
    server.refusals = [(503, "7"), (429, "")]
    await begin(make(), server)
    assert naps.delays == [7.0 + 1.0, 2.0]
    assert server.refused == 2


async def test_an_upgrade_refused_for_good_is_raised(make: Make, server: FakeServer) -> None:
    server.refusals = [(403, "")]
    with pytest.raises(HandshakeRefused, match="403"):
        await make().connect()


async def test_a_connect_refused_for_good_is_raised(make: Make, server: FakeServer) -> None:
    client = make()
    connecting = asyncio.create_task(client.connect())
    wire = await server.meet()
    await wire.hears("connect")
    await wire.err(40102, "token.invalid")
    with pytest.raises(RequestError, match=r"token\.invalid"):
        await connecting
    assert client.state is State.CLOSED


async def test_a_close_in_place_of_a_welcome_counts_with_its_code(make: Make, server: FakeServer, naps: Naps) -> None:
    client = make()
    connecting = asyncio.create_task(client.connect())
    await (await server.meet()).closes(4100)  # full: back off
    await (await server.meet()).closes(4010, "spam")
    with pytest.raises(Banned, match="spam"):
        await connecting
    assert naps.delays == [1.0]


async def test_async_with_connects_and_closes(server: FakeServer) -> None:
    async def script() -> None:
        wire = await server.meet()
        await wire.welcomes()
        await wire.silence()

    scripted = asyncio.create_task(script())
    states: list[State] = []
    async with Client(server.url, "t", on_state=states.append):
        assert states == [State.OPEN]
    assert states == [State.OPEN, State.CLOSED]
    await scripted


def test_a_token_or_a_way_to_one_is_needed() -> None:
    with pytest.raises(ValueError, match="token"):
        Client("http://127.0.0.1")


def _own_tasks() -> set[str]:
    return {task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("fwber_rt")}
