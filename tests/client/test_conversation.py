"""Whatever a server sends, the client does not fall over it: understood, ignored, or closed with 1002."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fwber_rt.client import Client
from fwber_rt.client.conversation import Conversation
from fwber_rt.client.errors import ConnectionLost

scalars = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.floats(allow_nan=False) | st.text(max_size=8)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3), max_leaves=6
)
known = st.sampled_from(["bye", "token.expiring", "room:1", "message.new", 1, 2, 3, 41, {"streams": {"room:1": {}}}, {"code": 1}])
frames = st.dictionaries(st.sampled_from(["t", "s", "o", "d", "id", "ok", "err"]), known | values, max_size=5)


@pytest.fixture(autouse=True)
def _quiet() -> Iterator[None]:
    logging.getLogger("fwber_rt.client").disabled = True
    yield
    logging.getLogger("fwber_rt.client").disabled = False


@given(st.lists(st.binary(max_size=20) | frames.map(orjson.dumps), max_size=4))
def test_take_never_raises(texts: list[bytes]) -> None:
    async def script() -> None:
        client = Client("http://nowhere", "t")
        conversation: Conversation = client._conversation
        asking: list[asyncio.Task[Any]] = [
            asyncio.create_task(client.request(op)) for op in ("location.update", "room.join", "x")
        ]
        await asyncio.sleep(0)
        for text in texts:
            conversation.take(text)
        conversation.lose(ConnectionLost())
        await client.close()
        await asyncio.gather(*asking, return_exceptions=True)
        assert client.statistics().waiting_requests == 0

    asyncio.run(script())
