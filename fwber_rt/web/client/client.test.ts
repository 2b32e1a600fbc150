import { beforeEach, describe, expect, test } from "vitest";
import { Client } from "./client.ts";
import { Closed, Lost, Refusal } from "./errors.ts";
import { ACCOUNT, ADA, GUEST, type Page, settle, shelf, visit, WALL, welcome, World } from "./fakes.ts";
import { PATIENCE_MS } from "./link.ts";

let world: World;
let store: ReturnType<typeof shelf>;
let tab: ReturnType<typeof shelf>;

beforeEach(() => {
  world = new World();
  store = shelf();
  tab = shelf();
  store.set("session", GUEST);
});

/** A page whose connection is open. */
async function open(streams: object = {}, more: object = {}): Promise<Page> {
  const page = await visit(world, store, tab);
  await answer(streams, more);
  return page;
}

/** The server takes the connection that is being made. */
async function answer(streams: object = {}, more: object = {}): Promise<void> {
  world.wire.onopen?.();
  world.wire.ok("connect", welcome(streams, more));
  await settle();
}

/** The connection breaks, and the client dials again. */
async function redial(code = 1006): Promise<void> {
  world.wire.end(code);
  await world.pass(500);
}

describe("states", () => {
  test("connecting, open, resuming, open, closed", async () => {
    const { client, states } = await open();
    await redial();
    await answer();
    client.close();
    expect(states).toEqual(["open", "resuming", "open", "closed"]);
    expect(world.wires.map((wire) => wire.closed)).toEqual([null, 1000]);
  });

  test("connecting until there was a connection, however often it fails, and when it is tried again is told", async () => {
    const { client, states } = await visit(world, store, tab);
    world.wire.end(1006);
    expect(client.info.why).toBeInstanceOf(Lost);
    expect(client.info.retryInMs).toBe(250);
    await world.pass(250);
    world.wire.end(1006);
    expect(client.info.retryInMs).toBe(500);
    expect(states).toEqual(["connecting", "connecting"]);
    expect(world.wires).toHaveLength(2);
  });

  test("an hour without the server is survived", async () => {
    const { client } = await open();
    for (let minute = 0; minute < 60; minute += 1) {
      world.wire.end(1006);
      await world.pass(60_000);
    }
    expect(client.state).toBe("resuming");
    expect(world.wires.length).toBeLessThan(60 * 6);
    await answer();
    expect(client.state).toBe("open");
  });

  test("nobody answers the dialling: it is given up and tried again", async () => {
    await visit(world, store, tab);
    await world.pass(10_000);
    expect(world.wire.closed).toBe(1000);
    await world.pass(250);
    expect(world.wires).toHaveLength(2);
  });

  test("an error before the connection is its end, also where no end is told", async () => {
    const { client } = await visit(world, store, tab);
    world.wire.onerror?.();
    expect(client.info.why?.message).toBe("could not connect");
    await world.pass(250);
    expect(world.wires).toHaveLength(2);
    await answer();
    world.wire.onerror?.();
    expect(client.state).toBe("open");
  });

  test.each([4001, 4004, 4011, 4077])("closed for good by %i", async (code) => {
    const { client, session } = await open();
    world.wire.end(code);
    await world.pass(60_000);
    expect(client.state).toBe("closed");
    expect(client.info.why).toBeInstanceOf(Closed);
    expect(world.wires).toHaveLength(1);
    expect(session.who.kind).toBe("guest");
  });

  test.each([[4010, "user.banned"], [4012, "token.invalid"]])("%i ends the sign-in too", async (code, name) => {
    const { client, session } = await open();
    world.wire.end(code);
    expect(client.state).toBe("closed");
    expect(session.who).toMatchObject({ kind: "nobody", why: { name } });
    expect(store.get("session")).toBeNull();
  });

  test("a page that slept through the time for connect tries again", async () => {
    await visit(world, store, tab);
    world.wire.end(4004);
    await world.pass(250);
    expect(world.wires).toHaveLength(2);
  });

  test("after bye the client comes back in its slot, not when the page wakes", async () => {
    await open();
    world.wire.push("bye", { code: 4200, reason: "", reconnect_after_ms: 9_000 });
    world.wire.end(4200);
    await world.pass(5_000);
    world.page("wake");
    await world.pass(3_999);
    expect(world.wires).toHaveLength(1);
    await world.pass(1);
    expect(world.wires).toHaveLength(2);
  });

  test("the page wakes: no more waiting", async () => {
    await open();
    for (let time = 0; time < 9; time += 1) await redial();
    world.wire.end(1006);
    const dialled = world.wires.length;
    await world.pass(2_000);
    expect(world.wires).toHaveLength(dialled);
    world.page("wake");
    await settle();
    expect(world.wires).toHaveLength(dialled + 1);
  });

  test("nobody connects who is not signed in", async () => {
    store.remove("session");
    await expect(visit(world, store, tab)).rejects.toThrow(TypeError);
  });
});

describe("signs of life", () => {
  test("silence is asked about, and when nothing comes the connection is given up", async () => {
    const { states } = await open();
    await world.pass(25_000);
    expect(world.wire.count("ping")).toBe(1);
    await world.pass(PATIENCE_MS - 1);
    expect(states).toEqual(["open"]);
    await world.pass(1);
    expect(states).toEqual(["open", "resuming"]);
    expect(world.wire.closed).toBe(1000);
  });

  test("any message is life", async () => {
    const { states } = await open();
    for (let time = 0; time < 5; time += 1) {
      await world.pass(20_000);
      world.wire.push("presence", {});
    }
    await world.pass(24_999);
    expect(world.wire.count("ping")).toBe(0);
    await world.pass(1);
    world.wire.ok("ping", { server_time: WALL });
    await world.pass(PATIENCE_MS);
    expect(states).toEqual(["open"]);
  });

  test("a device that wakes up looks at once", async () => {
    await open();
    world.page("wake");
    expect(world.wire.count("ping")).toBe(1);
    await world.pass(PATIENCE_MS + 500);
    expect(world.wires).toHaveLength(2);
  });

  test("a clock that is an hour wrong does not matter", async () => {
    world.wall = WALL - 3_600_000;
    const { client } = await open({}, { server_time: WALL + 5 });
    expect(client.serverNow()).toBe(WALL + 5);
    world.wall = WALL + 7_200_000;
    await world.pass(1_000);
    expect(client.serverNow()).toBe(WALL + 1_005);
    world.page("wake");
    await world.pass(100);
    world.wire.ok("ping", { server_time: WALL + 9_000 });
    await settle();
    expect(client.serverNow()).toBe(WALL + 9_050);
  });
});

describe("resume", () => {
  const ROOM = { "room:1": { epoch: "e", o: 4 } };

  test("from the last push handed over, with what was missed before anything new, and nothing twice", async () => {
    const { client } = await open(ROOM);
    const heard: unknown[] = [];
    client.on("message.new", ({ o }) => heard.push(o));
    world.wire.push("message.new", { mid: "5" }, "room:1", 5);
    await redial();
    world.wire.onopen?.();
    expect(world.wire.asked("connect").d.resume).toEqual({ session: "secret-1", streams: { "room:1": { epoch: "e", o: 5 } } });
    world.wire.ok("connect", welcome({ "room:1": { epoch: "e", o: 7, recovered: true } }));
    for (const o of [5, 6, 7]) world.wire.push("message.new", { mid: String(o) }, "room:1", o);
    expect(heard).toEqual([5, 6, 7]);
    expect(client.statistics()).toMatchObject({ connects: 2, resumed: 1, duplicates: 1, lost: 0 });
  });

  test("what somebody said who was erased since is nothing to the page, and its place is passed all the same", async () => {
    const { client } = await open(ROOM);
    const heard: unknown[] = [];
    client.on("message.new", ({ o }) => heard.push(o));
    world.wire.push("message.new", {}, "room:1", 5);
    world.wire.push("message.new", { mid: "6" }, "room:1", 6);
    await redial();
    world.wire.onopen?.();
    expect(heard).toEqual([6]);
    expect(world.wire.asked("connect").d.resume).toMatchObject({ streams: { "room:1": { o: 6 } } });
  });

  test("without rooms that others put one out of, or ended", async () => {
    const { client } = await open({ ...ROOM, "room:2": { epoch: "e", o: 0 }, "room:3": { epoch: "e", o: 0 } });
    world.wire.push("member.leave", { room: "1", user: ADA.user, reason: "removed" }, "room:1", 5);
    world.wire.push("room.delete", { room: "2" }, "room:2", 1);
    world.wire.push("member.leave", { room: "3", user: "8", reason: "left" }, "room:3", 1);
    expect(client.streams).toEqual(["room:3"]);
  });

  test("what cannot be replayed is announced once the client is open, so that the page can ask for it", async () => {
    const { client } = await open(ROOM);
    const said: unknown[] = [];
    client.on("stream.lost", ({ s, d }) => said.push([client.state, s, d.o]));
    client.on("stream.left", ({ s }) => said.push([client.state, s]));
    await redial(4200);
    await answer({ "room:1": { epoch: "f", o: 9, recovered: false } });
    await redial();
    await answer({});
    expect(said).toEqual([["open", "room:1", 9], ["open", "room:1"]]);
  });

  test("over a reload of the page, from where it was a second before at the latest", async () => {
    await open(ROOM);
    world.wire.push("message.new", {}, "room:1", 5);
    await world.pass(1_000);
    world.wire.push("message.new", {}, "room:1", 6);
    world.leave();
    await visit(world, store, tab);
    world.wire.onopen?.();
    expect(world.wire.asked("connect").d.resume).toEqual({ session: "secret-1", streams: { "room:1": { epoch: "e", o: 6 } } });
  });

  test("over a crash of the page too, which says no goodbye", async () => {
    await open(ROOM);
    world.wire.push("message.new", { mid: "5" }, "room:1", 5);
    await world.pass(1_000);
    world.held.clear();
    await visit(world, store, tab);
    world.wire.onopen?.();
    expect(world.wire.asked("connect").d.resume).toMatchObject({ streams: { "room:1": { o: 5 } } });
  });

  test("a duplicated tab does not take the session of the first", async () => {
    await open(ROOM);
    const copy = shelf();
    for (const [key, value] of tab.kept) copy.set(key, value);
    await visit(world, store, copy);
    world.wire.onopen?.();
    expect(world.wire.asked("connect").d).not.toHaveProperty("resume");
    expect(copy.get("tab")).not.toBe(tab.get("tab"));
  });

  test("what another user left in the tab is not used", async () => {
    tab.set("tab", "t");
    tab.set("resume", JSON.stringify({ user: "8", session: "theirs", streams: {} }));
    await visit(world, store, tab);
    world.wire.onopen?.();
    expect(world.wire.asked("connect").d).not.toHaveProperty("resume");
  });

  test.each(["{", "7", '{"user":"7","session":7}', '{"user":"7"}'])("a store with nonsense (%s) is as good as an empty one", async (text) => {
    tab.set("resume", text);
    const { client } = await open();
    expect(client.state).toBe("open");
  });

  test("what a resume needs stays with nobody who is signed out", async () => {
    const { client, session } = await open();
    expect(tab.kept.has("resume")).toBe(true);
    session.end(null);
    client.close();
    expect(tab.kept.has("resume")).toBe(false);
  });

  test("the place one is at goes with every connect, until it is taken back", async () => {
    const { client } = await open();
    const fix = { lat: 1, lng: 2 };
    void client.locate(fix);
    world.wire.ok("location.update", { entered: [], left: [] });
    await redial();
    world.wire.onopen?.();
    expect(world.wire.asked("connect").d.location).toEqual(fix);
    world.wire.err("connect", "consent.required");
    expect(world.wire.asked("connect").d).not.toHaveProperty("location");
    world.wire.ok("connect", welcome());
    expect(client.state).toBe("open");
  });

  test.each([
    ["by asking for it to be cleared", (client: Client) => void client.call("location.clear").catch(() => undefined)],
    ["by taking consent back", (client: Client) => void client.call("consent.withdraw", { purpose: "location", text_hash: "x" }).catch(() => undefined)],
    ["because another tab had it cleared", (client: Client) => client.unlocate()],
  ])("%s, a place goes with no connect any more, though nobody has answered", async (_, withdraw) => {
    const { client } = await open();
    const fix = { lat: 1, lng: 2 };
    void client.locate(fix);
    world.wire.ok("location.update", { entered: [], left: [] });
    client.locate(fix).catch(() => undefined);
    withdraw(client);
    world.wire.ok("location.update", { entered: [], left: [] });
    await redial();
    world.wire.onopen?.();
    expect(world.wire.asked("connect").d).not.toHaveProperty("location");
  });

  test.each([
    ["its clearing", (client: Client) => void client.call("location.clear").catch(() => undefined), ["location.clear"]],
    ["the end of consent", (client: Client) => void client.call("consent.withdraw", { purpose: "location", text_hash: "x" }).catch(() => undefined), ["consent.withdraw"]],
    ["being taken back", (client: Client) => client.unlocate(), []],
  ])("a place said without a connection is overtaken by %s", async (_, withdraw, asked) => {
    const { client } = await open();
    const onTheWay = client.locate({ lat: 1, lng: 2 });
    world.wire.end(1006);
    const waiting = client.locate({ lat: 3, lng: 4 });
    withdraw(client);
    await expect(onTheWay).rejects.toThrow("taken back");
    await expect(waiting).rejects.toThrow("taken back");
    await world.pass(500);
    world.wire.onopen?.();
    expect(world.wire.asked("connect").d).not.toHaveProperty("location");
    world.wire.ok("connect", welcome());
    expect(world.wire.frames.map((frame) => frame.op).filter((op) => op !== "connect")).toEqual(asked);
  });

  describe("who leaves the map on another device", () => {
    const fix = { lat: 1, lng: 2 };

    async function located(): Promise<{ client: Client; left: () => number }> {
      const { client } = await open({}, { cleared: 5 });
      let left = 0;
      client.on("location.left", () => void (left += 1));
      void client.locate(fix);
      expect(world.wire.asked("location.update").d).toEqual({ ...fix, cleared: 5 });
      world.wire.ok("location.update", { entered: [], left: [] });
      return { client, left: () => left };
    }

    test("has left it for this one, that heard it", async () => {
      const { left } = await located();
      world.wire.push("location.shown", { cell: null, res: null, cleared: 6 });
      expect(left()).toBe(1);
      await redial();
      world.wire.onopen?.();
      expect(world.wire.asked("connect").d).not.toHaveProperty("location");
    });

    test("has left it for this one, that was away: neither the place nor what waits is told as if it were of now", async () => {
      const { client, left } = await located();
      world.wire.end(1006);
      const waiting = client.locate({ lat: 3, lng: 4 });
      await world.pass(500);
      world.wire.onopen?.();
      expect(world.wire.asked("connect").d.location).toEqual({ ...fix, cleared: 5 });
      world.wire.ok("connect", welcome({}, { cleared: 6 }));
      await expect(waiting).rejects.toThrow("taken back");
      expect(left()).toBe(1);
      expect(world.wire.count("location.update")).toBe(0);
      await redial();
      world.wire.onopen?.();
      expect(world.wire.asked("connect").d).not.toHaveProperty("location");
    });

    test("has left it for this one, though it was reloaded meanwhile", async () => {
      const { client } = await located();
      client.close();
      world.held.clear();
      const page = await visit(world, store, tab);
      let left = 0;
      page.client.on("location.left", () => void (left += 1));
      await answer({}, { cleared: 6 });
      expect(left).toBe(1);
    });

    test("is not taken for one who leaves it here, and is at once where they say next", async () => {
      const { client, left } = await located();
      void client.call("location.clear");
      void client.locate(fix);
      expect(world.wire.asked("location.update").d).toEqual(fix);
      world.wire.push("location.shown", { cell: null, res: null, cleared: 6 });
      world.wire.ok("location.clear", { cell: null, left: [], rooms: [], cleared: 6 });
      world.wire.ok("location.update", { entered: [], left: [] });
      expect(left()).toBe(0);
      await redial();
      world.wire.onopen?.();
      expect(world.wire.asked("connect").d.location).toEqual({ ...fix, cleared: 6 });
    });
  });

  test("half a character goes out as the mark of what is unreadable: no decoder takes it", async () => {
    const { client } = await open();
    const sent: string[] = [];
    world.wire.send = (text) => void sent.push(text);
    client.send("1", "half \ud83d, whole \u{1f600}, written \\ud83d");
    void client.call("account.update", { name: "\udc00" }).catch(() => undefined);
    expect(sent.join()).not.toMatch(/[^\\]\\ud/);
    expect(sent[0]).toContain('"half \ufffd, whole \u{1f600}, written \\\\ud83d"');
  });
});

describe("calls", () => {
  test("wait for the connection, and get their own reply whatever the order", async () => {
    const { client } = await visit(world, store, tab);
    const [first, second] = [client.call("ping"), client.call("account.me")];
    await answer();
    const timers = world.timers;
    world.wire.ok("account.me", { user: ADA });
    world.wire.ok("ping", { server_time: 1 });
    expect(await first).toEqual({ server_time: 1 });
    expect(await second).toEqual({ user: ADA });
    expect(world.timers).toBe(timers - 2);
  });

  test("a refusal comes with its name", async () => {
    const { client } = await open();
    const asked = client.call("room.join", { room: "1" });
    world.wire.err("room.join", "room.precise", { field: "room" });
    await expect(asked).rejects.toMatchObject({ name: "room.precise", code: 40317, field: "room", temporary: false });
    await expect(asked).rejects.toBeInstanceOf(Refusal);
  });

  test("what is harmless twice is asked again after a loss, the rest is not", async () => {
    const { client } = await open();
    const read = client.call("nearby.people", {});
    const made = client.call("room.create", { name: "x", lat: 1, lng: 2, radius_m: 100 });
    world.wire.end(1006);
    await expect(made).rejects.toBeInstanceOf(Lost);
    await world.pass(250);
    await answer();
    expect(world.wire.count("room.create")).toBe(0);
    world.wire.ok("nearby.people", { people: [] });
    expect(await read).toEqual({ people: [] });
  });

  test("refused because the server stops: asked again of the next one", async () => {
    const { client } = await open();
    const read = client.call("nearby.people", {});
    world.wire.err("nearby.people", "draining");
    await redial(4200);
    await answer();
    world.wire.ok("nearby.people", { people: [] });
    expect(await read).toEqual({ people: [] });
  });

  test("too large is not repeated", async () => {
    const { client } = await open();
    const read = client.call("nearby.people", {});
    world.wire.end(1009);
    await expect(read).rejects.toMatchObject({ code: 1009 });
  });

  test("end after their time, and when the client does", async () => {
    const { client } = await open();
    const late = client.call("ping", {}, { timeoutMs: 3_000 });
    const told = expect(late).rejects.toThrow("no answer in time");
    await world.pass(3_000);
    await told;
    const other = client.call("ping");
    client.close();
    await expect(other).rejects.toBeInstanceOf(Closed);
    await expect(client.call("ping")).rejects.toBeInstanceOf(Closed);
  });

  test("without a reply: sent when there is a connection, and a refusal is announced", async () => {
    const { client } = await open();
    const said: unknown[] = [];
    client.on("error", ({ d }) => said.push(d.name));
    expect(client.notify("typing", { room: "1" })).toBe(true);
    world.wire.say({ err: { code: 40311, name: "room.outside", message: "", temporary: false, retry_after_ms: 0, field: null } });
    world.wire.end(1006);
    expect(client.notify("typing", { room: "1" })).toBe(false);
    expect(said).toEqual(["room.outside"]);
  });

  test.each(["{", "[]", "7", '{"id":1}'])("a server that says %s is left and asked anew", async (text) => {
    const { states } = await open();
    world.wire.onmessage?.({ data: text });
    expect(states).toEqual(["open", "resuming"]);
    await world.pass(500);
    await answer();
    expect(states.at(-1)).toBe("open");
  });

  test("a listener's fault is not the connection's", async () => {
    const { client } = await open();
    const heard: unknown[] = [];
    client.on("presence", () => {
      throw new Error("the page is broken");
    });
    client.on("presence", () => heard.push(1));
    world.wire.push("presence", {});
    expect(heard).toEqual([1]);
    expect(client.state).toBe("open");
    await expect(world.pass(0)).rejects.toThrow("the page is broken");
  });
});

describe("tokens", () => {
  beforeEach(() => store.set("session", ACCOUNT));
  const renewed = (token: string, refresh: string): { status: number; body: unknown } => ({
    status: 200, body: { user: ADA, kind: "user", sid: "s", ends: WALL + 1e9, token, expires: WALL, refresh },
  });

  test("renewed on the live connection before they end", async () => {
    await open();
    expect(world.wire.asked("connect").d.token).toBe("old-token");
    world.answers = [renewed("new-token", "refresh-2")];
    world.wire.push("token.expiring", { expires: 0 });
    await settle();
    expect(world.wire.asked("token").d).toEqual({ token: "new-token" });
  });

  test("ended while somebody types: renewed and connected at once, and what was written goes out", async () => {
    const { client, states } = await open();
    world.wire.end(4211);
    client.say("written meanwhile");
    world.answers = [renewed("new-token", "refresh-2")];
    await world.pass(0);
    await answer();
    expect(world.wire.asked("connect").d.token).toBe("new-token");
    expect(world.wire.asked("here.say").d.text).toBe("written meanwhile");
    expect(states).toEqual(["open", "resuming", "open"]);
  });

  test("ended while the page was away: the refused connect is made again with a new one", async () => {
    const { states } = await visit(world, store, tab);
    world.wire.onopen?.();
    world.answers = [renewed("new-token", "refresh-2")];
    world.wire.err("connect", "token.expired");
    await world.pass(0);
    await answer();
    expect(world.wire.asked("connect").d.token).toBe("new-token");
    expect(states.at(-1)).toBe("open");
  });

  test("not to be renewed: nobody is signed in any more, and why is told", async () => {
    const { client, session } = await open();
    world.wire.end(4211);
    world.answers = [{ status: 401, body: { code: 40143, name: "token.reused", detail: "Sign in again.", temporary: false } }];
    await world.pass(0);
    expect(client.state).toBe("closed");
    expect(session.who).toMatchObject({ kind: "nobody", why: { name: "token.reused", message: "Sign in again." } });
  });

  test("no network while renewing: tried again, still signed in", async () => {
    const { client, session } = await open();
    world.wire.end(4211);
    await world.pass(0);
    expect([client.state, session.who.kind]).toEqual(["resuming", "user"]);
    world.answers = [renewed("new-token", "refresh-2")];
    await world.pass(1_000);
    await answer();
    expect(client.state).toBe("open");
  });

  test("a guest's visit that has ended cannot be renewed", async () => {
    store.set("session", GUEST);
    const { client, session } = await visit(world, store, tab);
    world.wire.onopen?.();
    world.wire.err("connect", "token.expired");
    expect(client.state).toBe("closed");
    expect(session.who.kind).toBe("nobody");
  });

  test("signed in anew meanwhile, the old connection's end is no end", async () => {
    store.set("session", GUEST);
    const { session, states } = await open();
    world.answers = [renewed("account-token", "refresh-1")];
    await session.upgrade({ login: "ada", password: "long enough" });
    world.wire.end(4012);
    await world.pass(0);
    await answer();
    expect(world.wire.asked("connect").d.token).toBe("account-token");
    expect(states).toEqual(["open", "resuming", "open"]);
  });

  test("a cookie's connections are opened and renewed with tickets", async () => {
    store.set("session", JSON.stringify({ ...JSON.parse(ACCOUNT), cookie: true, token: null, refresh: null }));
    world.answers = [{ status: 200, body: { ticket: "t1", expires: 0 } }, { status: 200, body: { ticket: "t2", expires: 0 } }];
    await open();
    expect(world.wire.asked("connect").d).toMatchObject({ ticket: "t1" });
    expect(world.wire.asked("connect").d).not.toHaveProperty("token");
    expect(world.asked[0]?.request).toMatchObject({ credentials: "same-origin", headers: { "X-Fwber-CSRF": "1" } });
    world.wire.push("token.expiring", { expires: 0 });
    await settle();
    expect(world.wire.asked("token").d).toEqual({ ticket: "t2" });
  });
});

test("the name others see is followed", async () => {
  const { client, session } = await open({}, { user: { user: "7", name: "Ada L." } });
  expect(session.who).toMatchObject({ user: { name: "Ada L." } });
  world.wire.push("account", { name: "Lovelace" });
  expect(session.who).toMatchObject({ user: { name: "Lovelace" } });
  expect(client).toBeInstanceOf(Client);
});
