import { describe, expect, it } from "vitest";
import { presence, NOWHERE } from "../people/hexes.ts";
import { cellOf } from "./hexagons.ts";
import { dotsOf } from "./model.ts";

const CELL = cellOf({ lat: 52.52, lng: 13.405 }, 8);
const people = (...users: string[]) => users.map((user) => ({ user, name: user }));

describe("dots", () => {
  it("stay where they are when others come and go", () => {
    const before = presence(NOWHERE, [{ cell: CELL, entered: people("1", "2", "3"), left: [], count: "few", full: true }], "");
    const places = new Map(dotsOf(before).map((dot) => [dot.user, dot]));
    const after = presence(before, [{ cell: CELL, entered: people("4"), left: ["1"], count: "few" }], "");
    const dots = dotsOf(after);
    expect(dots.map(({ user }) => user).toSorted()).toEqual(["2", "3", "4"]);
    for (const user of ["2", "3"]) expect(dots.find((dot) => dot.user === user)).toBe(places.get(user));
  });

  it("are the same objects while nobody comes or goes, and follow a name that changes", () => {
    const known = presence(NOWHERE, [{ cell: CELL, entered: people("1"), left: [], count: "few", full: true }], "");
    const [first] = dotsOf(known);
    expect(dotsOf(known)[0]).toBe(first);
    const [named] = dotsOf(presence(known, [{ cell: CELL, entered: [{ user: "1", name: "Ada" }], left: [], count: "few" }], ""));
    expect(named).toEqual({ ...first, name: "Ada" });
  });
});
