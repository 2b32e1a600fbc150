/**
 * Rooms' names on the map, so that none is written over another: rooms often share a middle. The one somebody looks at is named
 * first, then theirs, then those with the most members; each inside the top of its circle, or else inside the bottom. Whoever finds
 * both taken is not named until the circles are larger, or until somebody looks at it: a pointer, or the focus, in a list or on the map.
 */
import type { Circle } from "./model.ts";
import { copies, px, py, visible, type View } from "./view.ts";

export interface Label {
  readonly room: string;
  readonly text: string;
  /** The middle of the text, in pixels of the canvas. */
  readonly x: number;
  readonly y: number;
  readonly width: number;
}

export interface Writing {
  /** The text as it fits into so many pixels, and how many it takes. */
  fit(text: string, room: number): { readonly text: string; readonly width: number };
  /** Where what is written stops: the pixel at which the map's tools begin. */
  readonly end: number;
  /** The room somebody looks at. */
  readonly chosen: string | null;
}

const INSET_PX = 16; // from the edge of the circle
const SMALLEST_PX = 34; // circles with smaller radii have no room for a name
const LONGEST_PX = 190;
const HIGH_PX = 18;
const APART_PX = 6;

/** The names that are written, in the order of their right to be. */
export function labelsOf(view: View, rooms: readonly Circle[], writing: Writing): Label[] {
  const placed: Label[] = [];
  for (const room of ranked(rooms, writing.chosen)) {
    const free = placesOf(view, room, writing).find((label) => placed.every((other) => !overlap(label, other)));
    if (free) placed.push(free);
  }
  return placed;
}

function ranked(rooms: readonly Circle[], chosen: string | null): Circle[] {
  return rooms.toSorted((a, b) =>
    Number(b.room === chosen) - Number(a.room === chosen) || Number(b.joined) - Number(a.joined) || b.members - a.members
    || a.radius - b.radius || a.room.localeCompare(b.room));
}

/** Where a room's name may stand, the best place first; none where its circle is out of sight or too small. */
function placesOf(view: View, room: Circle, { fit, end }: Writing): Label[] {
  const [atX, atY, radius] = [px(view, room.x, copies(view, room.x)), py(view, room.y), room.radius * view.scale];
  if (room.name === "" || radius <= SMALLEST_PX || !visible(view, atX, atY, radius)) return [];
  const { text, width } = fit(room.name, Math.min(2 * radius + INSET_PX, LONGEST_PX));
  const reach = Math.sqrt(radius ** 2 - (radius - INSET_PX) ** 2); // as far as the circle goes to the side there
  const x = atX - Math.max(0, Math.min(atX + width / 2 - end, reach));
  return [-1, 1].map((side) => ({ room: room.room, text, width, x, y: atY + side * (radius - INSET_PX) }));
}

function overlap(a: Label, b: Label): boolean {
  return Math.abs(a.x - b.x) < (a.width + b.width) / 2 + APART_PX && Math.abs(a.y - b.y) < HIGH_PX;
}
