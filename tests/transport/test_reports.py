from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from fwber_rt.core.settings import Rate
from fwber_rt.errors import Refused
from fwber_rt.transport.http import api_app
from fwber_rt.transport.pages import REPORTS
from fwber_rt.transport.reports import MOST_AT_ONCE, MOST_BYTES, Report, understand
from tests.transport.test_http import Server, listening, no_upgrade

BY_URI = {
    "csp-report": {
        "document-uri": "https://chat.example/#/person/17", "blocked-uri": "https://evil.example/?who=ada",
        "effective-directive": "img-src", "script-sample": "ada's words",
    }
}  # fmt: skip
BY_API = [
    {
        "type": "csp-violation", "url": "https://chat.example/#/person/17", "user_agent": "ada's browser",
        "body": {"effectiveDirective": "script-src-elem", "blockedURL": "inline", "sample": "ada's words"},
    },
    {"type": "deprecation", "body": {"message": "ada"}},
]  # fmt: skip
OF_OURS = {"error": "TypeError", "at": "/assets/index-a_B3.js:1:20345", "message": "ada"}


@pytest.fixture
async def api() -> Server:
    return Server(limits__page_reports=Rate(0.001, 3))


@pytest.fixture
async def client(api: Server, tmp_path: Path) -> AsyncIterator[aiohttp.ClientSession]:
    application = api_app(api, no_upgrade, operations_pages=False, directory=tmp_path)
    async with listening(application, api.settings) as port, aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
        yield session


async def send(client: aiohttp.ClientSession, body: object, kind: str = "application/json") -> tuple[int, dict[str, Any]]:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with client.post(REPORTS, data=data, headers={"Content-Type": kind}) as response:
        return response.status, json.loads(await response.text())


def counted(api: Server) -> dict[str, int]:
    return {kind: api.metrics.counter("page_reports", kind).value for kind in ("csp", "error", "refused")}


async def test_all_three_forms_are_counted_and_nothing_personal_is_kept(
    api: Server, client: aiohttp.ClientSession, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        assert await send(client, BY_URI, "application/csp-report") == (200, {})
        assert await send(client, BY_API, "application/reports+json; charset=utf-8") == (200, {})
        assert await send(client, OF_OURS) == (200, {})
    assert counted(api) == {"csp": 2, "error": 1, "refused": 0}
    said = [record.getMessage() for record in caplog.records if record.name.startswith("fwber_rt")]
    assert said == [
        "page report (csp): an address against img-src",
        "page report (csp): inline against script-src-elem",
        "page report (error): TypeError at /assets/index-a_B3.js:1:20345",
    ]
    assert "ada" not in caplog.text.replace("aiohttp", "") and "17" not in "".join(said)


async def test_too_many_are_counted_and_told_so(api: Server, client: aiohttp.ClientSession) -> None:
    for _ in range(3):
        await send(client, OF_OURS)
    status, body = await send(client, OF_OURS)
    assert (status, body["name"]) == (429, "rate.limited")
    assert body["retry_after_ms"] > 0
    assert counted(api) == {"csp": 0, "error": 3, "refused": 1}


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"", "application/json", 400), (b"{", "application/json", 400), (b"[]", "application/json", 400),
        (b"[" * 5000, "application/json", 400), (b"\xff", "application/json", 400),
        ({"error": 7, "at": 7}, "application/json", 400),
        ({"csp-report": 7}, "application/csp-report", 400), (OF_OURS, "text/plain", 415),
        (b" " * (MOST_BYTES + 1), "application/json", 413),
    ],
)  # fmt: skip
async def test_what_is_no_report_is_refused(
    api: Server, client: aiohttp.ClientSession, body: object, kind: str, status: int
) -> None:
    assert (await send(client, body, kind))[0] == status
    assert counted(api) == {"csp": 0, "error": 0, "refused": 0}


async def test_a_body_of_unknown_length_is_cut_off(client: aiohttp.ClientSession) -> None:
    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b" " * 4096
            await asyncio.sleep(0)

    try:
        async with client.post(REPORTS, data=endless(), headers={"Content-Type": "application/json"}) as response:
            assert response.status == 413
    except aiohttp.ClientConnectionError:
        pass  # cut off while it was still sending


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({"error": "Ada Lovelace", "at": "/assets/a.js:1:2"}, "something else at /assets/a.js:1:2"),
        ({"error": "E", "at": "https://chat.example/#/person/17"}, "E at something else"),
        ({"error": "E", "at": "/assets/../ada.js"}, "E at something else"),
        ({"error": "E", "at": "/sw.js:9"}, "E at /sw.js:9"),
        ({"csp-report": {"effective-directive": "Ada", "blocked-uri": "eval"}}, "eval against something else"),
        ({"csp-report": {"violated-directive": "style-src-attr"}}, "an address against style-src-attr"),
        ({"csp-report": {"effective-directive": 7, "blocked-uri": ["x"]}}, "an address against something else"),
    ],
)
def test_only_words_of_ours_are_kept(body: object, words: str) -> None:
    assert [report.words for report in understand(json.dumps(body).encode())] == [words]


def test_many_in_one_are_bounded() -> None:
    body = json.dumps([OF_OURS] * 100).encode()
    assert understand(body) == [Report("error", "TypeError at /assets/index-a_B3.js:1:20345")] * MOST_AT_ONCE
    with pytest.raises(Refused):
        understand(json.dumps([[[]]]).encode())
