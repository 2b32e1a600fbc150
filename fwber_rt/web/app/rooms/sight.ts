/** Which hexagons to bring into sight for a room's circle to be in it. */
import { around, cellOf } from "../map/hexagons.ts";
import type { Point } from "../map/mercator.ts";

// How far the hexagons around one reach at least, by resolution, finest first.
const REACH_M = [[9, 400], [8, 1100], [7, 3000]] as const;
const COARSEST = 6;

export function sight(middle: Point, radiusM: number): string[] {
  const level = REACH_M.find(([, reach]) => radiusM <= reach)?.[0] ?? COARSEST;
  return around(cellOf(middle, level), 1);
}
