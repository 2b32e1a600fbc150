import { describe, expect, it } from "vitest";
import { hit } from "./hit.ts";
import { circle, dotsOf } from "./model.ts";
import { cellOf } from "./hexagons.ts";
import { x, y } from "./mercator.ts";
import { copies, px, py, type View } from "./view.ts";

const HERE = { lat: 52.52, lng: 13.405 };
const scale = 256 * 2 ** 14;
const view: View = { scale, left: x(HERE.lng) * scale - 400, top: y(HERE.lat) * scale - 300, width: 800, height: 600, middleX: x(HERE.lng) };
const [dot] = dotsOf(new Map([[cellOf(HERE, 8), { people: new Map([["1", "Ann"]]), unnamed: "few" as const, whole: true }]]));
const small = circle("1", "Café", HERE, 200, false);
const large = circle("2", "Park", HERE, 2000, false);

describe("hit", () => {
  it("finds the person under the pointer, before any room", () => {
    if (!dot) throw new Error("no dot");
    expect(hit(view, px(view, dot.x, 0) + 5, py(view, dot.y) - 5, [dot], [large])).toEqual({ person: dot });
  });

  it("finds the smallest room the point is in", () => {
    expect(hit(view, 400, 300, [], [large, small])).toEqual({ room: small });
    expect(hit(view, 400 + 100, 300, [], [large, small])).toEqual({ room: large });
  });

  it("finds nothing where there is nothing", () => expect(hit(view, 10, 10, [], [small])).toBeNull());
});

describe("view", () => {
  it("draws a room to scale", () => expect(large.radius * view.scale).toBeCloseTo(2000 / (40_030_229 * Math.cos((HERE.lat * Math.PI) / 180)) * scale, 0));

  it("draws the nearest copy of the world", () => {
    const fiji = { ...view, middleX: 1.001 };
    expect(copies(fiji, 0.002)).toBe(1);
    expect(copies(fiji, 0.99)).toBe(0);
  });
});

it("keeps the dots of a hexagon that has not changed", () => {
  const people = new Map([["1", "Ann"]]);
  const hexes = new Map([[cellOf(HERE, 8), { people, unnamed: "few" as const, whole: true }]]);
  expect(dotsOf(new Map(hexes))[0]).toBe(dotsOf(hexes)[0]);
});
