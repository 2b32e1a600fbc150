import { describe, expect, it } from "vitest";
import { Lost, type HistoryPage, type Message } from "../../client/index.ts";
import { Conversation, WINDOW } from "./Conversation.ts";
import { said, type Said } from "./entries.ts";
import { shown } from "./timeline.ts";

const S = "room:1";
const message = (o: number): Message => ({ mid: String(10_000 + o), user: "7", name: "Ann", ts: o, content: { text: `text ${o}` }, o });
const entry = (o: number): Said => said(message(o), S, o) as Said;

/** A room of a server that holds messages 1 to `head`. */
class Room {
  asked = 0;
  down = false;
  head: number;
  /** Pages wait for this. */
  ready: Promise<void> = Promise.resolve();

  constructor(head: number) {
    this.head = head;
  }

  async history(s: string, { before, after, limit }: { before?: number; after?: number; limit: number }): Promise<HistoryPage> {
    this.asked += 1;
    if (this.down) throw new Lost();
    const all = Array.from({ length: this.head }, (_, i) => message(i + 1));
    const found = after === undefined ? all.filter(({ o }) => (o ?? 0) < (before ?? Infinity)).slice(-limit) : all.filter(({ o }) => (o ?? 0) > after).slice(0, limit);
    await this.ready;
    return { messages: found, s, epoch: "e", o: this.head, first_o: 1 };
  }
}

async function opened(room: Room): Promise<Conversation> {
  const conversation = new Conversation("1", room.history.bind(room));
  conversation.listen([S]);
  await idle(conversation);
  return conversation;
}

async function idle(conversation: Conversation): Promise<void> {
  while (conversation.busy.peek()) await Promise.resolve();
}

const offsets = (conversation: Conversation): number[] => shown(conversation.timeline.peek()).map(({ o }) => o);

describe("a conversation", () => {
  it("opens at its newest page", async () => expect(offsets(await opened(new Room(100)))).toEqual(Array.from({ length: 60 }, (_, i) => 41 + i)));

  it("goes back to its beginning, and asks no further", async () => {
    const room = new Room(100);
    const conversation = await opened(room);
    await conversation.loadOlder();
    const asked = room.asked;
    await conversation.loadOlder();
    expect([offsets(conversation)[0], room.asked]).toEqual([1, asked]);
  });

  it("says why a page did not come, and can be asked again", async () => {
    const room = new Room(100);
    const conversation = await opened(room);
    room.down = true;
    await conversation.loadOlder();
    expect(conversation.error.peek()).toBeInstanceOf(Lost);
    room.down = false;
    await conversation.loadOlder();
    expect([conversation.error.peek(), offsets(conversation)[0]]).toEqual([null, 1]);
  });

  it("fetches anew what a reconnect could not replay", async () => {
    const room = new Room(100);
    const conversation = await opened(room);
    room.head = 500;
    conversation.miss(S);
    await idle(conversation);
    expect([offsets(conversation)[0], offsets(conversation).at(-1)]).toEqual([441, 500]);
  });

  it("comes down from far up without a gap, though more is said meanwhile", async () => {
    const room = new Room(1000);
    const conversation = await opened(room);
    conversation.following = false;
    while (offsets(conversation)[0] !== 1) await conversation.loadOlder();
    expect([offsets(conversation).length, conversation.timeline.peek().cut]).toEqual([WINDOW, true]);
    while (conversation.timeline.peek().cut) {
      if (room.head < 1005) conversation.take([entry((room.head += 1))]); // counted: there is no room for it
      await conversation.loadNewer();
    }
    const seen = offsets(conversation);
    expect([seen.at(-1), seen.at(-1)! - seen[0]! + 1]).toEqual([1005, seen.length]);
  });

  it("does not take a page for the last one that was read before the newest push", async () => {
    const room = new Room(300);
    const conversation = await opened(room);
    conversation.following = false;
    while (!conversation.timeline.peek().cut) await conversation.loadOlder();
    conversation.take([entry(301)]); // told before the page below was read from the disk
    for (let turn = 0; turn < 10; turn += 1) await conversation.loadNewer();
    expect(conversation.timeline.peek().cut).toBe(true);
    room.head = 301;
    await conversation.loadNewer();
    expect([conversation.timeline.peek().cut, offsets(conversation).at(-1)]).toEqual([false, 301]);
  });

  it("takes no page that was asked for before it began anew", async () => {
    const room = new Room(500);
    const conversation = await opened(room);
    let go = (): void => undefined;
    room.ready = new Promise((resolve) => { go = resolve; });
    const late = conversation.loadOlder();
    room.head = 900;
    conversation.miss(S);
    go();
    await late;
    await idle(conversation);
    expect([offsets(conversation)[0], offsets(conversation).at(-1)]).toEqual([841, 900]);
  });

  it("jumps to the newest", async () => {
    const room = new Room(1000);
    const conversation = await opened(room);
    conversation.following = false;
    while (!conversation.timeline.peek().cut) await conversation.loadOlder();
    await conversation.jump();
    expect([offsets(conversation).at(-1), conversation.timeline.peek().cut, conversation.following]).toEqual([1000, false, true]);
  });
});
