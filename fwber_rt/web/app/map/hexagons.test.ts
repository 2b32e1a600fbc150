import { describe, expect, it } from "vitest";
import { acrossM, areaKm2, band, cellOf, inside, middle, outline, parent, resolution, standing } from "./hexagons.ts";

const BERLIN = { lat: 52.52, lng: 13.405 };

describe("hexagons", () => {
  it("finds the cell the server finds: by way of the fine cell", () => {
    expect(resolution(cellOf(BERLIN, 8))).toBe(8);
    for (let step = 0; step < 300; step += 1) {
      const point = { lat: BERLIN.lat + step * 0.0003, lng: BERLIN.lng + step * 0.0007 };
      expect(cellOf(point, 8)).toBe(parent(cellOf(point, 10), 8));
      expect(cellOf(point, 5)).toBe(parent(cellOf(point, 10), 5));
    }
  });

  it("stands everybody inside their hexagon, always in the same place", () => {
    const cell = cellOf(BERLIN, 8);
    for (let id = 0; id < 500; id += 1) {
      const [px, py] = standing(cell, String(id));
      expect(inside(outline(cell), px, py)).toBe(true);
      expect(standing(cell, String(id))).toEqual([px, py]);
    }
  });

  it("spreads people over the hexagon", () => {
    const cell = cellOf(BERLIN, 8);
    const [middleX, middleY] = middle(outline(cell));
    const quarters = new Set<string>();
    for (let id = 0; id < 50; id += 1) {
      const [px, py] = standing(cell, String(id));
      quarters.add(`${px > middleX}${py > middleY}`);
    }
    expect(quarters.size).toBe(4);
  });

  it("stands whoever comes apart from those who are there", () => {
    const cell = cellOf(BERLIN, 8);
    const corners = outline(cell);
    const [middleX, middleY] = middle(corners);
    const edge = Math.hypot((corners[0] ?? 0) - middleX, (corners[1] ?? 0) - middleY);
    const taken: { x: number; y: number }[] = [];
    for (let id = 0; id < 8; id += 1) {
      const [px, py] = standing(cell, String(id), taken);
      expect(inside(corners, px, py)).toBe(true);
      expect(standing(cell, String(id), taken)).toEqual([px, py]);
      for (const { x, y } of taken) expect(Math.hypot(x - px, y - py)).toBeGreaterThan(edge / 4);
      taken.push({ x: px, y: py });
    }
  });

  it("counts rings at the coarser resolution of the two", () => {
    const fine = cellOf(BERLIN, 8);
    const coarse = parent(fine, 5);
    expect(band(fine, fine)).toBe(0);
    expect(band(fine, coarse)).toBe(0);
    expect(band(fine, cellOf({ lat: BERLIN.lat + 0.02, lng: BERLIN.lng }, 8))).toBeGreaterThan(0);
  });

  it("does not tear a hexagon that lies across the antimeridian", () => {
    const corners = outline(cellOf({ lat: -16.8, lng: 180 }, 5));
    const wide = Math.max(...corners.filter((_, place) => place % 2 === 0)) - Math.min(...corners.filter((_, place) => place % 2 === 0));
    expect(wide).toBeLessThan(0.01);
  });

  it("knows how large a hexagon is", () => {
    expect(areaKm2(cellOf(BERLIN, 8))).toBeGreaterThan(0.5);
    expect(areaKm2(cellOf(BERLIN, 8))).toBeLessThan(1);
    expect(acrossM(8)).toBeGreaterThan(900);
    expect(acrossM(8)).toBeLessThan(1200);
  });
});
