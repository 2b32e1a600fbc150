import { expect, it } from "vitest";
import { outline } from "../map/hexagons.ts";
import { metres, type Point } from "../map/mercator.ts";
import { sight } from "./sight.ts";

const BERLIN: Point = { lat: 52.52, lng: 13.405 };

function corners(cell: string): Point[] {
  const plane = outline(cell);
  return Array.from({ length: plane.length / 2 }, (_, place) => ({
    lng: ((plane[2 * place] ?? 0) - 0.5) * 360,
    lat: (Math.atan(Math.sinh(Math.PI * (1 - 2 * (plane[2 * place + 1] ?? 0)))) * 180) / Math.PI,
  }));
}

it.each([50, 400, 500, 1100, 2000, 3000, 5000])("reaches as far as a circle of %d m, and not ten times as far", (radius) => {
  const far = Math.max(...sight(BERLIN, radius).flatMap(corners).map((corner) => metres(BERLIN, corner)));
  expect(far).toBeGreaterThan(radius);
  expect(far).toBeLessThan(Math.max(700, 6 * radius));
});
