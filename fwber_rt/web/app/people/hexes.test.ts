import { describe, expect, it } from "vitest";
import { NOWHERE, page, presence, unheard, without, type Hexes, type PresencePush } from "./hexes.ts";

const [A, B] = ["881f1d4887fffff", "881f1d4885fffff"];
const ann = { user: "1", name: "Ann" };
const bob = { user: "2", name: "Bob" };
const eve = { user: "3", name: "Eve" };

function push(cell: string, over: Partial<PresencePush> = {}): PresencePush {
  return { cell, entered: [], left: [], count: "few", ...over };
}

function names(hexes: Hexes, cell: string): string[] {
  return [...(hexes.get(cell)?.people.values() ?? [])];
}

describe("presence", () => {
  it("adds who came and removes who left", () => {
    let now = presence(NOWHERE, [push(A, { entered: [ann, bob], full: true })], "9");
    now = presence(now, [push(A, { entered: [eve], left: ["1"] })], "9");
    expect(names(now, A)).toEqual(["Bob", "Eve"]);
  });

  it("forgets what it knew of a hexagon that is told whole", () => {
    let now = presence(NOWHERE, [push(A, { entered: [ann, bob], full: true })], "9");
    now = presence(now, [push(A, { entered: [eve], full: true })], "9");
    expect(names(now, A)).toEqual(["Eve"]);
  });

  it("shows somebody in one hexagon, whichever push comes first", () => {
    const before = presence(NOWHERE, [push(A, { entered: [ann], full: true }), push(B, { full: true })], "9");
    const leave = push(A, { left: ["1"] });
    const enter = push(B, { entered: [ann] });
    for (const pushes of [[leave, enter], [enter, leave]]) {
      const now = presence(before, pushes, "9");
      expect([names(now, A), names(now, B)]).toEqual([[], ["Ann"]]);
    }
  });

  it("does not count me among the others", () => {
    expect(names(presence(NOWHERE, [push(A, { entered: [ann, bob], full: true })], "1"), A)).toEqual(["Bob"]);
  });

  it("names nobody where there are too many to name", () => {
    let now = presence(NOWHERE, [push(A, { entered: [ann, bob], full: true })], "9");
    now = presence(now, [push(A, { count: 140 })], "9");
    expect(now.get(A)).toEqual({ people: new Map(), unnamed: 140, whole: true });
  });

  it("leaves what it was given as it was", () => {
    const before = presence(NOWHERE, [push(A, { entered: [ann], full: true })], "9");
    presence(before, [push(A, { left: ["1"] })], "9");
    expect(names(before, A)).toEqual(["Ann"]);
  });
});

describe("a page of people", () => {
  const near = (who: typeof ann, cell: string) => ({ ...who, cell, band: 2 });

  it("shows who is further out than what is heard", () => {
    expect(names(page(NOWHERE, [near(ann, B)], "9"), B)).toEqual(["Ann"]);
  });

  it("says nothing of a hexagon that was told whole", () => {
    const heard = presence(NOWHERE, [push(A, { entered: [bob], full: true })], "9");
    expect(names(page(heard, [near(ann, A)], "9"), A)).toEqual(["Bob"]);
  });

  it("does not show somebody a second time who has moved since", () => {
    const heard = presence(NOWHERE, [push(A, { entered: [ann], full: true })], "9");
    expect(page(heard, [near(ann, B)], "9").has(B)).toBe(false);
  });

  it("replaces what earlier pages said", () => {
    const now = page(page(NOWHERE, [near(ann, B)], "9"), [near(bob, B)], "9");
    expect(names(now, B)).toEqual(["Bob"]);
  });
});

describe("hexagons left", () => {
  it("are forgotten", () => {
    const now = presence(NOWHERE, [push(A, { entered: [ann], full: true }), push(B, { entered: [bob], full: true })], "9");
    expect([...unheard(now, [A]).keys()]).toEqual([B]);
  });

  it("take a person with them everywhere", () => {
    const now = presence(NOWHERE, [push(A, { entered: [ann, bob], full: true })], "9");
    expect(names(without(now, "1"), A)).toEqual(["Bob"]);
  });
});
