import { describe, expect, it } from "vitest";
import { edgePx, groundCells, groundLevel } from "./ground.ts";

describe("ground", () => {
  it("draws finer hexagons the nearer somebody looks", () => {
    const levels = [2, 5, 8, 11, 14, 17].map((zoom) => groundLevel(zoom, 50, 8));
    expect([...levels].sort((a, b) => a - b)).toEqual(levels);
    expect(levels[0]).toBeLessThan(2);
  });

  it("keeps hexagons between a quarter of the widest and the widest", () => {
    for (let zoom = 4; zoom < 16; zoom += 0.5) {
      const wide = 2 * edgePx(groundLevel(zoom, 50, -1), zoom, 50);
      expect(wide).toBeGreaterThan(30);
      expect(wide).toBeLessThanOrEqual(150);
    }
  });

  it("needs a bounded number of cells", () => {
    for (let zoom = 1; zoom < 19; zoom += 1) {
      const cells = groundCells({ lat: 60, lng: 10 }, groundLevel(zoom, 60, 8), zoom, 1500);
      expect(cells.length).toBeGreaterThan(6);
      expect(cells.length).toBeLessThanOrEqual(2107);
    }
  });
});
