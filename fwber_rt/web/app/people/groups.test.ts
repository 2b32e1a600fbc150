import { describe, expect, it } from "vitest";
import { around, cellOf } from "../map/hexagons.ts";
import { group } from "./groups.ts";
import type { Hexes } from "./hexes.ts";
import { shortId } from "./ids.ts";

const MINE = cellOf({ lat: 52.52, lng: 13.405 }, 8);
const NEXT = around(MINE, 1)[1] ?? "";

function hexes(cells: Record<string, [string, string][]>, unnamed: Record<string, number> = {}): Hexes {
  return new Map(Object.entries(cells).map(([cell, people]) => [cell, { people: new Map(people), unnamed: unnamed[cell] ?? "few", whole: true }]));
}

describe("groups", () => {
  it("go outwards ring by ring, each in the order of names", () => {
    const found = group(hexes({ [NEXT]: [["3", "Eve"]], [MINE]: [["2", "Bob"], ["1", "Ann"]] }), MINE, new Set());
    expect(found.map(({ band, people }) => [band, people.map(({ name }) => name)])).toEqual([[0, ["Ann", "Bob"]], [1, ["Eve"]]]);
  });

  it("mark people of one name", () => {
    const found = group(hexes({ [MINE]: [["1", "Ann"], ["2", "ann "], ["3", "Bob"]] }), MINE, new Set());
    expect(found[0]?.people.map(({ user, twin }) => [user, twin])).toEqual([["1", true], ["3", false], ["2", true]]);
  });

  it("count those who are not named", () => {
    expect(group(hexes({ [MINE]: [] }, { [MINE]: 140 }), MINE, new Set())[0]?.unnamed).toBe(140);
  });

  it("leave out hexagons nobody is known to be in", () => expect(group(hexes({ [NEXT]: [] }), MINE, new Set())).toEqual([]));

  it("know who is muted", () => {
    expect(group(hexes({ [MINE]: [["1", "Ann"]] }), MINE, new Set(["1"]))[0]?.people[0]?.muted).toBe(true);
  });

  it("shorten numbers", () => expect(shortId("123456789")).toBe("6789"));
});
