import { describe, expect, it } from "vitest";
import type { Outgoing } from "../../client/index.ts";
import type { Said } from "./entries.ts";
import { stored, waiting } from "./outgoing.ts";

const sending: Outgoing = { nonce: "n1", room: "1", text: "hello", reply_to: null, at: 5000, delivery: "sending", refusal: null, sent: null };
const back: Said = { kind: "said", key: "9", s: "room:1", o: 3, mid: "9", user: "7", name: "Ann", text: "hello", ts: 6000 };

describe("waiting", () => {
  it("shows what is on its way", () => expect(waiting([sending], [], "7")).toEqual([sending]));

  it("hides what came back in the stream before its sending was answered", () => {
    expect(waiting([sending], [back], "7")).toEqual([]);
  });

  it("takes one message for one: the second of the same words goes on waiting", () => {
    const second = { ...sending, nonce: "n2" };
    expect(waiting([sending, second], [back], "7")).toEqual([second]);
  });

  it("does not take a message that is known to be another one", () => {
    const before: Outgoing = { ...sending, nonce: "n0", delivery: "stored", sent: { mid: "9", s: "room:1", o: 3, epoch: "e", ts: 6000, dup: false } };
    expect(waiting([before, sending], [back], "7")).toEqual([sending]);
  });

  it("takes neither others' words nor older ones for it", () => {
    expect(waiting([sending], [{ ...back, user: "8" }, { ...back, ts: -10_000 }], "7")).toEqual([sending]);
  });

  it("always shows what failed", () => {
    const failed: Outgoing = { ...sending, delivery: "failed" };
    expect(waiting([failed], [back], "7")).toEqual([failed]);
  });
});

describe("stored", () => {
  it("is an entry with the server's id, place and time", () => {
    const done: Outgoing = { ...sending, delivery: "stored", sent: { mid: "9", s: "room:1", o: 3, epoch: "e", ts: 6000, dup: false } };
    expect(stored(done, { user: "7", name: "Ann" })).toEqual(back);
    expect(stored(sending, { user: "7", name: "Ann" })).toBeNull();
  });
});
