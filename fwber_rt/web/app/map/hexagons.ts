/**
 * Hexagons for drawing: outlines in the plane of the map, and where in its hexagon somebody's dot stands.
 *
 * A dot's place says nothing about its person: it follows from their id, the hexagon and the dots that stood there before, all of
 * which everybody who sees the dot has been told. It stays where it is for as long as the person is shown in that hexagon.
 */
import {
  cellArea, cellToBoundary, cellToLatLng, cellToParent, getHexagonEdgeLengthAvg, getResolution, gridDisk, gridDistance,
  isValidCell, latLngToCell, UNITS,
} from "h3-js";
import { hash } from "./hash.ts";
import { x, y, type Point } from "./mercator.ts";

const FINE = 10; // the server's fine cell: a fix becomes this first, and coarser cells by dropping digits
const INSET = 0.8; // dots keep this far inside the outline
const MOST_KEPT = 6000;

/** A place in the plane of the map. */
export interface Placed {
  readonly x: number;
  readonly y: number;
}

/** Corners as x0, y0, x1, y1, ... in the plane of the map, not wrapped at the antimeridian. */
export type Outline = Float64Array;

const outlines = new Map<string, Outline>();

/** A cell's outline in the plane of the map. */
export function outline(cell: string): Outline {
  const known = outlines.get(cell);
  if (known) return known;
  const corners = cellToBoundary(cell);
  const first = corners[0]?.[1] ?? 0;
  const found = new Float64Array(corners.length * 2);
  corners.forEach(([lat, lng], place) => {
    const near = lng - first > 180 ? lng - 360 : lng - first < -180 ? lng + 360 : lng;
    found[2 * place] = x(near);
    found[2 * place + 1] = y(lat);
  });
  if (outlines.size >= MOST_KEPT) outlines.clear();
  outlines.set(cell, found);
  return found;
}

/** A cell's corners as Leaflet takes them, in the copy of the world nearest to `lng`. */
export function corners(cell: string, lng: number): [number, number][] {
  const plane = outline(cell);
  const found: [number, number][] = [];
  const copy = Math.round(x(lng) - (plane[0] ?? 0));
  for (let place = 0; place < plane.length; place += 2) {
    const lat = (Math.atan(Math.sinh(Math.PI * (1 - 2 * (plane[place + 1] ?? 0)))) * 180) / Math.PI;
    found.push([lat, ((plane[place] ?? 0) + copy - 0.5) * 360]);
  }
  return found;
}

/** Whether a text names a cell of the grid. */
export function isCell(cell: string): boolean {
  return isValidCell(cell);
}

export function centre(cell: string): Point {
  const [lat, lng] = cellToLatLng(cell);
  return { lat, lng };
}

export function resolution(cell: string): number {
  return getResolution(cell);
}

/** The cell at a resolution that the server would find for a fix, and show others. */
export function cellOf({ lat, lng }: Point, level: number): string {
  const fine = latLngToCell(lat, lng, Math.max(FINE, level));
  return level < FINE ? cellToParent(fine, level) : fine;
}

export function parent(cell: string, level: number): string {
  return getResolution(cell) > level ? cellToParent(cell, level) : cell;
}

/** The cells within `k` steps. */
export function around(cell: string, k: number): string[] {
  return gridDisk(cell, k);
}

/** Square kilometres of a cell. */
export function areaKm2(cell: string): number {
  return cellArea(cell, UNITS.km2);
}

/** From corner to opposite corner of the mean cell of a resolution, metres. */
export function acrossM(level: number): number {
  return 2 * getHexagonEdgeLengthAvg(level, UNITS.m);
}

/** Rings of hexagons between two cells, at the coarser's resolution; null where the grid cannot say. */
export function band(mine: string, other: string): number | null {
  const level = Math.min(getResolution(mine), getResolution(other));
  try {
    return gridDistance(parent(mine, level), parent(other, level));
  } catch {
    return null;
  }
}

const TRIES = 8;
const CROWD = 40; // among more, some are under others wherever they stand

/** Where the dot of `id` stands in `cell`, in the plane of the map: of some places by chance, the farthest from those `taken`. */
export function standing(cell: string, id: string, taken: readonly Placed[] = []): [number, number] {
  let [best, farthest] = [chance(cell, id), 0];
  if (taken.length === 0 || taken.length > CROWD) return best;
  for (let attempt = 0; attempt < TRIES; attempt += 1) {
    const place = attempt === 0 ? best : chance(cell, `${id}.${attempt}`);
    const free = Math.min(...taken.map((other) => Math.hypot(other.x - place[0], other.y - place[1])));
    if (free > farthest) [best, farthest] = [place, free];
  }
  return best;
}

function chance(cell: string, text: string): [number, number] {
  const corners = outline(cell);
  const count = corners.length / 2;
  const [middleX, middleY] = middle(corners);
  const seed = hash(`${text}/${cell}`);
  const side = seed % count;
  const other = (side + 1) % count;
  let a = hash(`${text}a${cell}`) / 2 ** 32;
  let b = hash(`${text}b${cell}`) / 2 ** 32;
  if (a + b > 1) [a, b] = [1 - a, 1 - b]; // the half of the parallelogram that is the triangle
  const at = (axis: 0 | 1, centre: number): number =>
    centre + INSET * (a * ((corners[2 * side + axis] ?? 0) - centre) + b * ((corners[2 * other + axis] ?? 0) - centre));
  return [at(0, middleX), at(1, middleY)];
}

/** The middle of an outline. */
export function middle(corners: Outline): [number, number] {
  let [sumX, sumY] = [0, 0];
  for (let place = 0; place < corners.length; place += 2) {
    sumX += corners[place] ?? 0;
    sumY += corners[place + 1] ?? 0;
  }
  const count = corners.length / 2 || 1;
  return [sumX / count, sumY / count];
}

/** Whether a point of the plane lies inside an outline. */
export function inside(corners: Outline, px: number, py: number): boolean {
  let within = false;
  for (let place = 0, before = corners.length - 2; place < corners.length; before = place, place += 2) {
    const [ax, ay] = [corners[place] ?? 0, corners[place + 1] ?? 0];
    const [bx, by] = [corners[before] ?? 0, corners[before + 1] ?? 0];
    if (ay > py !== by > py && px < ((bx - ax) * (py - ay)) / (by - ay) + ax) within = !within;
  }
  return within;
}
