import { describe, expect, it } from "vitest";
import type { Said } from "./entries.ts";
import { EMPTY, forget, hear, lacking, listen, newer, newest, older, shown, type Page, type Timeline } from "./timeline.ts";

const ROOM = "room:1";

function one(o: number, s = ROOM, mid = String(1000 + o)): Said {
  return { kind: "said", key: mid, s, o, mid, user: "7", name: "Ann", text: `text ${o}`, ts: o };
}

function page(from: number, to: number, options: Partial<Page> = {}): Page {
  const s = options.s ?? ROOM;
  const messages = Array.from({ length: to - from + 1 }, (_, i) => one(from + i, s));
  return { s, epoch: "a", messages, whole: from === 1, ...options };
}

const offsets = (timeline: Timeline): number[] => shown(timeline).map(({ o }) => o);
const begun = (most = 100): Timeline => older(listen(EMPTY, [ROOM]), page(11, 20), most);

describe("timeline", () => {
  it("orders by offset, whatever the order of arrival", () => {
    expect(offsets(hear(begun(), [one(23), one(21), one(22)], 100, true)).slice(-4)).toEqual([20, 21, 22, 23]);
  });

  it("shows a message once: by push, by page, and again by a resume", () => {
    const twice = hear(hear(begun(), [one(21)], 100, true), [one(21), one(20)], 100, true);
    expect(offsets(older(twice, page(18, 20), 100)).filter((o) => o > 17)).toEqual([18, 19, 20, 21]);
  });

  it("does not change when nothing new came", () => {
    const now = begun();
    expect(hear(now, [one(20)], 100, true)).toBe(now);
  });

  it("ignores streams that are not of this conversation", () => {
    expect(hear(begun(), [one(1, "room:2")], 100, true)).toEqual(begun());
  });

  it("puts older pages in front, and knows when there is nothing older", () => {
    const now = older(begun(), page(1, 10), 100);
    expect([offsets(now)[0], lacking(now)]).toEqual([1, []]);
    expect(lacking(begun())).toEqual([ROOM]);
  });

  it("drops the oldest while somebody follows, and can fetch them again", () => {
    const now = hear(older(begun(), page(1, 10), 100), [one(21), one(22)], 20, true);
    expect([offsets(now)[0], offsets(now).length, now.cut]).toEqual([3, 20, false]);
    expect([lacking(now), now.sources.get(ROOM)?.from]).toEqual([[ROOM], 3]);
  });

  it("keeps what somebody reads, and counts what comes meanwhile", () => {
    const now = hear(hear(begun(), [one(21), one(22), one(23)], 12, false), [one(24)], 12, false);
    expect([offsets(now), now.cut, now.newer]).toEqual([[11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22], true, 2]);
  });

  it("goes on to the newest after a cut", () => {
    const cut = hear(begun(), [one(21), one(22), one(23)], 12, false);
    const now = newer(cut, [one(23)], true, 12);
    expect([offsets(now).at(-1), now.cut, now.newer, offsets(now)[0]]).toEqual([23, false, 0, 12]);
  });

  it("stays bounded after ten thousand messages scrolled back", () => {
    let now = older(listen(EMPTY, [ROOM]), page(9951, 10_000), 300);
    for (let to = 9950; to > 0; to -= 50) now = older(now, page(to - 49, to), 300);
    expect([now.entries.length, offsets(now)[0], now.cut]).toEqual([300, 1, true]);
  });

  it("begins anew where events were missed", () => {
    const now = forget(begun(), ROOM);
    expect([now.entries.length, lacking(now)]).toEqual([0, [ROOM]]);
  });

  it("drops what belongs to an earlier life of the stream", () => {
    expect(offsets(older(begun(), page(1, 3, { epoch: "b" }), 100))).toEqual([1, 2, 3]);
  });

  it("tells the newest message", () => expect(newest(begun())?.o).toBe(20));
});

describe("several hexagons", () => {
  const here = (): Timeline => listen(EMPTY, ["cell:a", "cell:b"]);
  const a = [one(1, "cell:a", "100"), one(2, "cell:a", "104")];
  const b = [one(8, "cell:b", "102"), one(9, "cell:b", "103")];

  it("mixes them by the time of their ids", () => {
    let now = older(here(), { s: "cell:a", epoch: "a", messages: a, whole: true }, 100);
    now = older(now, { s: "cell:b", epoch: "b", messages: b, whole: true }, 100);
    expect(shown(now).map(({ key }) => key)).toEqual(["100", "102", "103", "104"]);
  });

  it("shows nothing that an older message may still come in front of", () => {
    let now = older(here(), { s: "cell:a", epoch: "a", messages: a, whole: true }, 100);
    now = older(now, { s: "cell:b", epoch: "b", messages: b, whole: false }, 100);
    expect(shown(now).map(({ key }) => key)).toEqual(["102", "103", "104"]);
    expect(lacking(now)).toEqual(["cell:b"]);
  });

  it("forgets the hexagons that are no longer heard", () => {
    const now = older(here(), { s: "cell:a", epoch: "a", messages: a, whole: true }, 100);
    expect(listen(now, ["cell:b"]).entries).toEqual([]);
  });
});

it("fetches again what fell out of the window, of every hexagon", () => {
  let now = listen(EMPTY, ["cell:a", "cell:b"]);
  now = older(now, { s: "cell:a", epoch: "a", messages: [one(5, "cell:a", "100")], whole: false }, 2);
  now = older(now, { s: "cell:b", epoch: "b", messages: [one(7, "cell:b", "101")], whole: false }, 2);
  now = hear(now, [one(8, "cell:b", "102")], 2, true);
  expect([shown(now).map(({ key }) => key), lacking(now), now.sources.get("cell:a")?.from]).toEqual([["101", "102"], ["cell:a", "cell:b"], 6]);
});
