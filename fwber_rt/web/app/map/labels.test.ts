import { describe, expect, it } from "vitest";
import { labelsOf, type Label, type Writing } from "./labels.ts";
import { x, y } from "./mercator.ts";
import { circle, type Circle } from "./model.ts";
import type { View } from "./view.ts";

const HERE = { lat: 52.52, lng: 13.405 };
const LETTER_PX = 7;
const writing: Writing = { fit: (text) => ({ text, width: text.length * LETTER_PX }), end: 1000, chosen: null };

/** A view of 1000 by 800 pixels around HERE. */
function view(zoom: number): View {
  const scale = 256 * 2 ** zoom;
  return { scale, left: x(HERE.lng) * scale - 500, top: y(HERE.lat) * scale - 400, width: 1000, height: 800, middleX: x(HERE.lng) };
}

function named(rooms: readonly Circle[], how: Partial<Writing> = {}, zoom = 14): string[] {
  return labelsOf(view(zoom), rooms, { ...writing, ...how }).map(({ text }) => text);
}

function touch(a: Label, b: Label): boolean {
  return Math.abs(a.x - b.x) < (a.width + b.width) / 2 && Math.abs(a.y - b.y) < 12;
}

const cafe = circle("1", "Café", HERE, 500, false, 9);
const chess = circle("2", "Chess", HERE, 500, false, 30);
const quiet = circle("3", "Quiet corner", HERE, 500, false, 0);
const mine = circle("4", "Reading", HERE, 500, true, 2);

describe("names of rooms that share a middle", () => {
  it("stand above and below, those of the most members first", () => {
    const labels = labelsOf(view(14), [cafe, chess, quiet], writing);
    expect(labels.map(({ text }) => text)).toEqual(["Chess", "Café"]);
    expect(labels[0]?.y).toBeLessThan(400);
    expect(labels[1]?.y).toBeGreaterThan(400);
  });

  it("leave the place to mine, and to the one somebody looks at", () => {
    expect(named([cafe, chess, quiet, mine])).toEqual(["Reading", "Chess"]);
    expect(named([cafe, chess, quiet, mine], { chosen: "3" })).toEqual(["Quiet corner", "Reading"]);
  });

  it("are all there once the circles are far enough apart", () => {
    const rooms = [500, 530, 560, 590].map((radius, number) => circle(String(number), `Room ${number}`, HERE, radius, false, number));
    expect(named(rooms, {}, 13)).toHaveLength(2);
    expect(named(rooms, {}, 15.5)).toHaveLength(4);
  });

  it("do not depend on the order in which rooms were found", () => {
    expect(named([quiet, cafe, mine, chess])).toEqual(named([chess, mine, cafe, quiet]));
  });

  it("never lie over one another", () => {
    const rooms = Array.from({ length: 60 }, (_, number) =>
      circle(String(number), "A room of many".slice(0, 4 + (number % 11)), { lat: HERE.lat + (number % 7) / 900, lng: HERE.lng + (number % 5) / 700 }, 150 + 40 * (number % 9), false, number % 4));
    const labels = labelsOf(view(15), rooms, writing);
    expect(labels.length).toBeGreaterThan(8);
    for (const [place, label] of labels.entries()) expect(labels.slice(0, place).filter((other) => touch(label, other))).toEqual([]);
  });
});

describe("a name", () => {
  it("is not there where its circle is too small or out of sight, or while it has none", () => {
    const away = circle("5", "Away", { lat: HERE.lat + 1, lng: HERE.lng }, 500, false);
    expect(named([circle("6", "Tiny", HERE, 20, false), away, circle("", "", HERE, 500, true)])).toEqual([]);
  });

  it("stops where the map's tools begin, as far as its circle reaches", () => {
    const [label] = labelsOf(view(14), [chess], { ...writing, end: 505 });
    expect((label?.x ?? 0) + (label?.width ?? 0) / 2).toBeCloseTo(505);
    const [far] = labelsOf(view(14), [chess], { ...writing, end: 0 });
    expect(far?.x).toBeGreaterThan(300);
  });
});
