/** The plain ground of hexagons: which resolution to draw at a zoom, and which cells a view needs. */
import { getHexagonEdgeLengthAvg, gridDisk, latLngToCell, UNITS } from "h3-js";
import { perMetre, type Point } from "./mercator.ts";

const WIDEST_PX = 150; // a hexagon drawn wider than this makes room for the next finer resolution
const FINEST = 11;
const MOST_RINGS = 26; // 2 107 cells: a view never needs more, whatever the screen

/** Pixels of a cell's edge at a zoom of the map. */
export function edgePx(level: number, zoom: number, lat: number): number {
  return getHexagonEdgeLengthAvg(level, UNITS.m) * perMetre(lat) * 256 * 2 ** zoom;
}

/** The resolution whose hexagons are nearest to a comfortable size. `favour` is taken a little longer than others would be. */
export function groundLevel(zoom: number, lat: number, favour: number): number {
  for (let level = 0; level <= FINEST; level += 1) {
    const widest = level === favour ? 2 * WIDEST_PX : WIDEST_PX;
    if (2 * edgePx(level, zoom, lat) <= widest) return level;
  }
  return FINEST;
}

/** Cells that cover a view around `centre` whose half diagonal is `reachPx`. */
export function groundCells(centre: Point, level: number, zoom: number, reachPx: number): string[] {
  const apart = Math.sqrt(3) * edgePx(level, zoom, centre.lat) * 0.8; // cells differ in size: 0.8 for the small ones
  const rings = Math.min(MOST_RINGS, Math.ceil(reachPx / Math.max(apart, 1)) + 1);
  return gridDisk(latLngToCell(centre.lat, centre.lng, level), rings);
}
