import { beforeEach, describe, expect, test } from "vitest";
import { type Page, GUEST, settle, shelf, visit, welcome, World } from "./fakes.ts";
import { MOST_WAITING, OutboxFull } from "./outbox.ts";

const SENT = { mid: "1", s: "room:1", o: 1, epoch: "e", ts: 1, dup: false };

let world: World;
let store: ReturnType<typeof shelf>;
let tab: ReturnType<typeof shelf>;

beforeEach(() => {
  world = new World();
  store = shelf();
  tab = shelf();
  store.set("session", GUEST);
});

async function open(): Promise<Page> {
  const page = await visit(world, store, tab);
  await answer();
  return page;
}

async function answer(): Promise<void> {
  world.wire.onopen?.();
  world.wire.ok("connect", welcome());
  await settle();
}

const texts = (op: string): unknown[] => world.wire.frames.filter((frame) => frame.op === op).map((frame) => frame.d.text);

describe("delivery", () => {
  test("sending, then stored with its place", async () => {
    const { client } = await open();
    const told: string[] = [];
    client.onOutgoing((message) => told.push(message.delivery));
    const message = client.send("1", "hello", "5");
    expect(world.wire.asked("message.send").d).toEqual({ room: "1", text: "hello", reply_to: "5", nonce: message.nonce });
    world.wire.ok("message.send", SENT);
    await settle();
    expect(told).toEqual(["sending", "stored"]);
    expect(client.outgoing).toMatchObject([{ nonce: message.nonce, delivery: "stored", sent: SENT }]);
    expect([...store.kept.keys()]).toEqual(["session"]);
  });

  test("written without a connection, sent with the next, in order", async () => {
    const { client } = await visit(world, store, tab);
    for (const text of ["one", "two", "three"]) client.send("1", text);
    client.say("elsewhere");
    await answer();
    expect(texts("message.send")).toEqual(["one"]);
    expect(texts("here.say")).toEqual(["elsewhere"]);
    for (const _ of [1, 2, 3]) {
      world.wire.ok("message.send", SENT);
      await settle();
    }
    expect(texts("message.send")).toEqual(["one", "two", "three"]);
  });

  test("after a doubtful send the server is told to look whether it has it", async () => {
    const { client } = await open();
    const { nonce } = client.send("1", "once");
    expect(world.wire.asked("message.send").d).not.toHaveProperty("retry");
    world.wire.end(1006);
    await world.pass(250);
    await answer();
    expect(world.wire.asked("message.send").d).toMatchObject({ nonce, retry: true });
    world.wire.ok("message.send", { ...SENT, dup: true });
    await settle();
    expect(client.outgoing).toMatchObject([{ delivery: "stored" }]);
  });

  test("no answer in a minute: sent again under its nonce", async () => {
    const { client } = await open();
    const { nonce } = client.send("1", "once");
    for (let second = 0; second < 62; second += 1) {
      await world.pass(1_000);
      world.wire.push("presence", {});
    }
    expect(world.wire.count("message.send")).toBe(2);
    expect(world.wire.asked("message.send").d).toMatchObject({ nonce, retry: true });
    expect(client.outgoing).toMatchObject([{ delivery: "sending" }]);
  });
});

describe("a reload", () => {
  test("while sending loses no text, and the message keeps its name", async () => {
    const first = await open();
    const { nonce } = first.client.send("1", "half way");
    world.leave();
    const { client } = await open();
    expect(client.outgoing).toMatchObject([{ nonce, text: "half way", delivery: "sending" }]);
    expect(world.wire.asked("message.send").d).toMatchObject({ nonce, text: "half way", retry: true });
  });

  test("before sending: it goes out as new, since no server can have it", async () => {
    const first = await visit(world, store, tab);
    first.client.send("1", "not sent");
    first.client.send("1", "nor this");
    world.leave();
    const { client } = await open();
    expect(world.wire.asked("message.send").d).not.toHaveProperty("retry");
    expect(client.outgoing.map((message) => message.text)).toEqual(["not sent", "nor this"]);
  });

  test("keeps what failed, and why", async () => {
    const first = await open();
    first.client.send("1", "too bold");
    world.wire.err("message.send", "content.rejected");
    await settle();
    world.leave();
    const { client } = await open();
    expect(client.outgoing).toMatchObject([{ text: "too bold", delivery: "failed", refusal: { name: "content.rejected" } }]);
    expect(world.wire.count("message.send")).toBe(0);
  });

  test("as somebody else sends nothing of the first", async () => {
    const first = await visit(world, store, tab);
    first.client.send("1", "mine");
    world.leave();
    store.set("session", JSON.stringify({ ...JSON.parse(GUEST), user: { user: "8", name: "Eve" } }));
    const { client } = await open();
    expect(client.outgoing).toEqual([]);
    expect(world.wire.count("message.send")).toBe(0);
  });

  test("with storage disabled still sends while the page lives", async () => {
    store = shelf(true);
    const session = { ...shelf(), get: (key: string) => (key === "session" ? GUEST : null) };
    const { client } = await visit(world, session, shelf(true));
    client.say("here");
    await answer();
    world.wire.ok("here.say", SENT);
    await settle();
    expect(client.outgoing).toMatchObject([{ delivery: "stored" }]);
  });

  test("of another version's leftovers is not harmed by them", async () => {
    store.set("out.7.x", "{");
    store.set("out.7.y", '{"text":7}');
    store.set("out.7.z", '{"text":"bare"}');
    const { client } = await visit(world, store, tab);
    expect(client.outgoing).toMatchObject([{ nonce: "z", text: "bare", room: null, delivery: "sending" }]);
  });
});

describe("refusals", () => {
  test("for good: failed, and the next one goes out", async () => {
    const { client } = await open();
    client.send("1", "no");
    client.send("1", "yes");
    world.wire.err("message.send", "room.outside");
    await settle();
    expect(client.outgoing).toMatchObject([{ delivery: "failed", refusal: { name: "room.outside" } }, { delivery: "sending" }]);
    expect(texts("message.send")).toEqual(["no", "yes"]);
  });

  test("for a while: sent again when it may be, before what was written later", async () => {
    const { client } = await open();
    client.send("1", "first");
    client.send("1", "second");
    world.wire.err("message.send", "rate.limited", { retry_after_ms: 2_000 });
    await settle();
    expect(client.outgoing[0]).toMatchObject({ delivery: "sending", refusal: { name: "rate.limited" } });
    await world.pass(1_999);
    expect(texts("message.send")).toEqual(["first"]);
    await world.pass(251);
    expect(texts("message.send")).toEqual(["first", "first"]);
    world.wire.ok("message.send", SENT);
    await settle();
    expect(client.outgoing[0]).toMatchObject({ delivery: "stored", refusal: null });
  });

  test("for longer than anybody waits: failed", async () => {
    const { client } = await open();
    client.send("1", "muted");
    world.wire.err("message.send", "user.muted", { retry_after_ms: 3_600_000 });
    await settle();
    expect(client.outgoing).toMatchObject([{ delivery: "failed", refusal: { name: "user.muted" } }]);
  });

  test("a failed one is sent again under its nonce, or given up", async () => {
    const { client } = await open();
    const { nonce } = client.send("1", "no");
    world.wire.err("message.send", "room.outside");
    await settle();
    client.retry(nonce);
    expect(world.wire.asked("message.send").d).toMatchObject({ nonce, retry: true });
    world.wire.err("message.send", "room.outside");
    await settle();
    client.discard(nonce);
    expect(client.outgoing).toEqual([]);
    expect(store.kept.size).toBe(1);
  });

  test("too large for the connection: failed, not sent again and again", async () => {
    const { client } = await open();
    client.send("1", "x".repeat(99));
    world.wire.end(1009);
    await world.pass(1_000);
    await answer();
    expect(client.outgoing).toMatchObject([{ delivery: "failed" }]);
    expect(world.wire.count("message.send")).toBe(0);
  });
});

describe("two tabs", () => {
  test("the second sends what the first has waiting under the same nonce", async () => {
    const first = await visit(world, store, tab);
    const { nonce } = first.client.send("1", "once");
    const second = await visit(world, store, shelf());
    await answer();
    expect(world.wire.asked("message.send").d).toMatchObject({ nonce });
    expect(second.client.outgoing).toHaveLength(1);
  });

  test("what one gave up the other does not send again", async () => {
    const first = await open();
    const { nonce } = first.client.send("1", "no");
    world.wire.err("message.send", "room.outside");
    await settle();
    const second = await visit(world, store, shelf());
    await answer();
    first.client.discard(nonce);
    second.client.retry(nonce);
    expect(second.client.outgoing).toEqual([]);
    expect(world.wire.count("message.send")).toBe(0);
  });

  test("what one gave up is gone from the other", async () => {
    const first = await open();
    const { nonce } = first.client.send("1", "no");
    world.wire.err("message.send", "room.outside");
    await settle();
    const second = await visit(world, store, shelf());
    await answer();
    first.client.discard(nonce);
    expect(second.client.outgoing).toEqual([]);
  });

  test("what one wrote and did not send in time, the other sends; not what it sent", async () => {
    const gone = shelf();
    const first = await visit(world, store, gone);
    const second = await open();
    first.client.close();
    const { nonce } = first.client.send("1", "and gone");
    await world.pass(9_000);
    expect(world.wire.count("message.send")).toBe(0);
    await world.pass(1_000);
    expect(world.wire.asked("message.send").d).toMatchObject({ nonce, text: "and gone" });
    world.wire.ok("message.send", SENT);
    await settle();
    expect(second.client.outgoing).toMatchObject([{ nonce, delivery: "stored" }]);
    second.client.close();
    expect(world.timers).toBe(0);
  });
});

test("what will not be sent any more can be taken back, and is kept nowhere", async () => {
  const { client } = await open();
  client.send("1", "refused");
  world.wire.err("message.send", "content.rejected");
  await settle();
  client.send("1", "said");
  world.wire.ok("message.send", SENT);
  await settle();
  client.say("waits");
  expect(client.takeBack().map(({ text }) => text)).toEqual(["refused", "waits"]);
  expect(client.outgoing).toMatchObject([{ text: "said" }]);
  expect([...store.kept.keys()]).toEqual(["session"]);
});

test("what waits is bounded, and one too many is not taken", async () => {
  const { client } = await visit(world, store, tab);
  for (let number = 0; number < MOST_WAITING; number += 1) client.say(String(number));
  expect(() => client.say("one more")).toThrow(OutboxFull);
  expect(client.outgoing).toHaveLength(MOST_WAITING);
});
