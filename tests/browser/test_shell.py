"""What holds the page together: its policy, its service worker, what is kept for the next visit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp
import pytest
from playwright.async_api import Page, Response, WebSocket, expect

from tests.browser.conftest import Visit
from tests.browser.words import t
from tests.e2e.mailserver import Certificate
from tests.e2e.servers import Process

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="session")]
Start = Callable[..., Awaitable[Process]]

INTRUDER = """
async () => {
  const tried = {};
  const script = document.createElement("script");
  script.textContent = "window.intruded = true";
  document.body.append(script);
  document.body.insertAdjacentHTML("beforeend", "<img src=x onerror='window.intruded = true'><p style='position:fixed'>x</p>");
  tried.fetch = await fetch("http://127.0.0.1:9/").then(() => "sent", () => "blocked");
  setTimeout("window.intruded = true", 0);
  await new Promise((resolve) => setTimeout(resolve, 0));
  await new Promise((resolve) => {
    const image = new Image();
    image.onload = image.onerror = resolve;
    image.src = "http://127.0.0.1:9/beacon.png";
  });
  return { ...tried, intruded: window.intruded ?? false, styled: getComputedStyle(document.body.lastElementChild).position };
}
"""


async def reports(server: Process) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"{server.url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith('fwber_rt_page_reports_total{kind="csp"}'))


async def test_what_gets_into_the_page_can_neither_run_nor_tell_anybody_and_is_reported(visit: Visit, process: Start) -> None:
    server = await process()
    eve = await visit(url=server.url)
    eve.watch.allow("Content Security Policy", "violates", "Failed to load", "Fetch API cannot load")
    await eve.open()
    async with eve.page.expect_response("**/api/v1/page/reports"):
        tried = await eve.page.evaluate(INTRUDER)
    assert tried == {"fetch": "blocked", "intruded": False, "styled": "static"}
    eve.watch.elsewhere.clear()  # asked for, and stopped by the browser
    assert await reports(server) > 0
    said = [line for line in server.lines if "page report" in line]
    assert said and not [line for line in said if "127.0.0.1:9" in line or "intruded" in line]


async def controlled(page: Page) -> None:
    """Wait until the service worker has the page. (The page's policy lets nobody evaluate what would be waited for.)"""
    await page.evaluate(
        """async () => {
          const turned = new Promise((resolve) => { navigator.serviceWorker.oncontrollerchange = resolve; });
          if (!navigator.serviceWorker.controller) await turned;
        }"""
    )


async def test_the_shell_opens_without_the_server_and_the_next_visit_loads_no_script(visit: Visit, process: Start) -> None:
    server = await process()
    ada = await visit(url=server.url)
    ada.watch.allow("ERR_CONNECTION_REFUSED", "Failed to load resource", "WebSocket connection")
    await ada.open()
    await controlled(ada.page)
    loaded: list[Response] = []

    def note(response: Response) -> None:
        loaded.append(response)

    ada.page.on("response", note)
    await ada.page.reload()
    await expect(ada.page.get_by_label("What should people call you?")).to_be_visible()
    scripts = [response for response in loaded if "/assets/" in response.url]
    assert scripts and all(response.from_service_worker for response in scripts)
    await server.kill()
    await ada.page.reload()
    await expect(ada.page.get_by_label("What should people call you?")).to_be_visible()


@pytest.mark.parametrize("answer", [b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\nConnection: close\r\n\r\n", b""])
async def test_the_shell_opens_when_a_proxy_says_that_the_server_is_gone_or_nobody_says_anything(
    visit: Visit, process: Start, answer: bytes
) -> None:
    server = await process()
    ada = await visit(url=server.url)
    ada.watch.allow("ERR_", "Failed to load resource", "WebSocket connection", "Failed to update")
    await ada.open()
    await controlled(ada.page)
    await server.kill()
    callers: list[asyncio.StreamWriter] = []

    async def gone(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        callers.append(writer)
        await reader.readuntil(b"\r\n\r\n")
        writer.write(answer)
        if answer:
            writer.close()

    proxy = await asyncio.start_server(gone, "127.0.0.1", int(server.url.rpartition(":")[2]))
    await ada.page.reload(wait_until="commit")
    await expect(ada.page.get_by_label(t("welcome.name"))).to_be_visible()
    proxy.close()
    for caller in callers:
        caller.close()
        await caller.wait_closed()


async def test_a_screen_that_cannot_be_fetched_says_so_and_is_fetched_when_asked_again(visit: Visit) -> None:
    ada = await visit(service_workers="block")
    ada.watch.allow("ERR_INTERNET_DISCONNECTED", "Failed to load", "WebSocket connection")
    await ada.arrive("Ada")
    await ada.context.set_offline(True)
    await ada.go("me/devices")
    await expect(ada.panel.get_by_text(t("error.offline"))).to_be_visible()
    await ada.context.set_offline(False)
    await ada.panel.get_by_role("button", name=t("do.retry")).click()
    await expect(ada.heading(t("devices.title"))).to_be_visible()


async def test_after_a_reload_the_conversation_is_taken_up_where_it_was(visit: Visit) -> None:
    ada = await visit()
    said: list[dict[str, object]] = []

    def follow(socket: WebSocket) -> None:
        socket.on("framesent", lambda payload: said.append(json.loads(payload)))

    ada.page.on("websocket", follow)
    await ada.arrive("Ada")
    await ada.page.reload()
    await expect(ada.heading("Around you")).to_be_visible()
    await expect(ada.text(t("around.shown"))).to_be_visible()
    connects = [frame["d"] for frame in said if frame["op"] == "connect"]
    assert len(connects) == 2 and isinstance(connects[1], dict)
    assert "resume" in connects[1] and "resume" not in connects[0]  # type: ignore[operator]
    resumed = connects[1]["resume"]["streams"]
    assert any(s.startswith("cell:") for s in resumed) and any(s.startswith("user:") for s in resumed)


async def test_two_windows_of_one_person_are_two_connections(visit: Visit) -> None:
    ada = await visit()
    await ada.arrive("Ada")
    other = await ada.context.new_page()
    await other.goto(f"{ada.url}/")
    await expect(other.get_by_role("heading", name="Around you")).to_be_visible()
    for page in (ada.page, other):
        await expect(page.get_by_text("another window")).to_have_count(0)
        await expect(page.get_by_role("heading", name="Around you")).to_be_visible()


async def test_a_note_that_is_clicked_opens_the_conversation_on_the_persons_page_and_not_the_operators(visit: Visit) -> None:
    ada = await visit()
    await ada.context.grant_permissions(["geolocation", "notifications"])
    await ada.arrive("Ada")
    await controlled(ada.page)
    operators = await ada.context.new_page()
    await operators.goto(f"{ada.url}/admin")
    await operators.bring_to_front()
    await ada.context.service_workers[0].evaluate(
        """async () => {
          await registration.showNotification("Library", { data: { hash: "#/here" } });
          const [notification] = await registration.getNotifications();
          dispatchEvent(new NotificationEvent("notificationclick", { notification }));
        }"""
    )
    await expect(ada.heading(t("here.title"))).to_be_visible()


async def test_over_tls_an_account_is_a_cookie_no_script_can_read(visit: Visit, process: Start, tmp_path: Path) -> None:
    certificate = Certificate.make(tmp_path)
    server = await process(tls__cert=certificate.path, tls__key=certificate.key)
    ada = await visit(url=server.url, ignore_https_errors=True)
    ada.watch.allow("SSL certificate")  # of the service worker's script: browsers want a certificate they trust
    await ada.open("/#/register")
    for label, text in (("What should people call you?", "Ada"), ("Login", "ada"), ("Password", "correct horse battery")):
        await ada.page.get_by_label(label, exact=True).fill(text)
    await ada.press("Make account")
    for _ in range(2):
        await expect(ada.heading("Around you")).to_be_visible()
        kept = await ada.page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        assert '\\"cookie\\":true' in kept and "eyJ" not in kept, "no token is where a script could read it"
        (cookie,) = await ada.context.cookies()
        assert (cookie["name"], cookie["httpOnly"], cookie["secure"], cookie["sameSite"]) == (
            "__Host-fwber",
            True,
            True,
            "Strict",
        )
        assert cookie["value"] not in kept
        async with ada.page.expect_event("websocket"):
            await ada.page.reload()
