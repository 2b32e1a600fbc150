"""What browsers report of the pages: violations of their policy, and errors of their scripts.

A report says where it comes from, what was on the page and what was to be loaded, and any of that may be personal, so next to
nothing of it is kept: how many there were of which kind, and in the log which directive, or which error at which place of
our own scripts. Anybody may send reports, so they are small, few per address, and counted when they are too many.
"""

from __future__ import annotations

import asyncio
import logging
import re
from collections.abc import Awaitable, Callable, Iterator
from typing import Any, Final, NamedTuple

import msgspec
from aiohttp import web

from fwber_rt.core.limits import Buckets
from fwber_rt.core.quotas import LIMITS_ENABLED
from fwber_rt.core.settings import Rate, Setting, Settings
from fwber_rt.errors import FRAME_BAD, RATE_LIMITED, Refused
from fwber_rt.metrics import Metrics
from fwber_rt.transport.proxies import TRUSTED_PROXIES, Proxies, network

LIMIT = Setting("limits.page_reports", Rate(0.2, 20), "reports of pages, per address", "requests")
SETTINGS: tuple[Setting[Any], ...] = (LIMIT,)

TYPES: Final = frozenset({"application/csp-report", "application/reports+json", "application/json"})
MOST_BYTES: Final = 16_384
MOST_AT_ONCE: Final = 20
BODY_S: Final = 5.0
_DIRECTIVE: Final = re.compile(r"[a-z]{2,20}(-[a-z]{2,10}){1,3}")
_BLOCKED: Final = frozenset({"inline", "eval", "wasm-eval", "data", "blob"})
_NAME: Final = re.compile(r"[A-Za-z]{1,40}")
_PLACE: Final = re.compile(r"/(assets/[\w.-]{1,80}|sw)\.js(:\d{1,7}){0,2}")

log = logging.getLogger(__name__)


class Report(NamedTuple):
    """What is kept: ``csp`` or ``error``, and words that are ours."""

    kind: str
    words: str


def understand(body: bytes) -> list[Report]:
    """The reports in a body of any of ``TYPES``, without anything personal. Raises Refused(frame.bad) when there is none."""
    try:
        found = list(_reports(msgspec.json.decode(body)))
    except (msgspec.MsgspecError, ValueError, RecursionError):
        raise Refused(FRAME_BAD) from None
    if not found:
        raise Refused(FRAME_BAD, detail="There is no report in it.")
    return found[:MOST_AT_ONCE]


def _reports(value: object) -> Iterator[Report]:
    match value:
        case {"csp-report": dict() as violation}:  # Content-Security-Policy's report-uri
            yield _violation(
                violation.get("effective-directive") or violation.get("violated-directive"), violation.get("blocked-uri")
            )
        case {"type": "csp-violation", "body": dict() as violation}:  # the Reporting API
            yield _violation(violation.get("effectiveDirective"), violation.get("blockedURL"))
        case {"error": str() as name, "at": str() as place}:  # our own page
            yield Report("error", f"{_known(_NAME, name)} at {_known(_PLACE, place)}")
        case list():
            for each in value[:MOST_AT_ONCE]:
                yield from _reports(each)


def _violation(directive: object, blocked: object) -> Report:
    what = blocked if isinstance(blocked, str) and blocked in _BLOCKED else "an address"
    return Report("csp", f"{what} against {_known(_DIRECTIVE, directive)}")


def _known(form: re.Pattern[str], value: object) -> str:
    return value if isinstance(value, str) and form.fullmatch(value) else "something else"


def receiver(settings: Settings, metrics: Metrics) -> Callable[[web.Request], Awaitable[web.Response]]:
    """The handler. Reports over the limit are counted as ``refused`` and told so (rate.limited)."""
    rate: Rate = settings[LIMIT]
    buckets = Buckets[str](rate)
    trusted: tuple[str, ...] = settings[TRUSTED_PROXIES]
    proxies, limited = Proxies(trusted), settings[LIMITS_ENABLED]

    async def handler(request: web.Request) -> web.Response:
        address = proxies.client(request.remote or "", request.headers.getall("X-Forwarded-For", ()))
        wait_ms = buckets.take(network(address), asyncio.get_running_loop().time()) if limited else 0
        if wait_ms:
            metrics.counter("page_reports", "refused").value += 1
            raise Refused(RATE_LIMITED, retry_after_ms=wait_ms)
        for report in understand(await _body(request)):
            metrics.counter("page_reports", report.kind).value += 1
            log.warning("page report (%s): %s", report.kind, report.words)
        return web.Response(body=b"{}", content_type="application/json")

    return handler


async def _body(request: web.Request) -> bytes:
    if request.content_type not in TYPES:
        raise web.HTTPUnsupportedMediaType
    if (request.content_length or 0) > MOST_BYTES:
        raise web.HTTPRequestEntityTooLarge(MOST_BYTES, request.content_length or 0)
    body = bytearray()
    try:
        async with asyncio.timeout(BODY_S):
            async for piece in request.content.iter_any():
                body += piece
                if len(body) > MOST_BYTES:
                    raise web.HTTPRequestEntityTooLarge(MOST_BYTES, len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout from None
    return bytes(body)
