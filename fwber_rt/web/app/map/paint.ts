/** Drawing, one kind of thing at a time. Everything is given; nothing is remembered. */
import { initial } from "../people/names.ts";
import { middle, outline } from "./hexagons.ts";
import { labelsOf } from "./labels.ts";
import type { Circle, Dot, Patch } from "./model.ts";
import { dotColour, type Palette } from "./palette.ts";
import { copies, px, py, visible, type View } from "./view.ts";

type Ctx = CanvasRenderingContext2D;

export const DOT_PX = 6;
export const FACE_PX = 13;
const TURN = 2 * Math.PI;

/** The outlines of cells as one path. */
export function trace(ctx: Ctx, view: View, cells: Iterable<string>): void {
  ctx.beginPath();
  for (const cell of cells) {
    const corners = outline(cell);
    const copy = copies(view, corners[0] ?? 0);
    for (let place = 0; place < corners.length; place += 2) {
      const [atX, atY] = [px(view, corners[place] ?? 0, copy), py(view, corners[place + 1] ?? 0)];
      if (place === 0) ctx.moveTo(atX, atY);
      else ctx.lineTo(atX, atY);
    }
    ctx.closePath();
  }
}

export function paintGround(ctx: Ctx, view: View, cells: readonly string[], colour: string): void {
  ctx.lineWidth = 1;
  ctx.strokeStyle = colour;
  trace(ctx, view, cells);
  ctx.stroke();
}

export function paintCells(ctx: Ctx, view: View, cells: Iterable<string>, look: { fill?: string; line?: string; width?: number; dash?: number[] }): void {
  trace(ctx, view, cells);
  if (look.fill) {
    ctx.fillStyle = look.fill;
    ctx.fill();
  }
  if (look.line) {
    ctx.setLineDash(look.dash ?? []);
    ctx.lineWidth = look.width ?? 1.5;
    ctx.lineJoin = "round";
    ctx.strokeStyle = look.line;
    ctx.stroke();
    ctx.setLineDash([]);
  }
}

const MOST_FILLED = 4; // more, one over the other, hide what is under them
const SMALLEST_DASHED_PX = 10; // of less, three dashes are no circle

export function paintRooms(ctx: Ctx, view: View, rooms: readonly Circle[], palette: Palette, selected: string | null): void {
  for (const room of rooms) {
    const [atX, atY, radius] = [px(view, room.x, copies(view, room.x)), py(view, room.y), room.radius * view.scale];
    if (!visible(view, atX, atY, radius)) continue;
    ctx.beginPath();
    ctx.arc(atX, atY, Math.max(radius, 4), 0, TURN);
    ctx.fillStyle = palette.room;
    if (rooms.length <= MOST_FILLED || room.room === selected) ctx.fill();
    ctx.lineWidth = room.room === selected ? 3.5 : room.joined ? 2.5 : 1.5;
    ctx.setLineDash(room.joined || room.room === selected || radius < SMALLEST_DASHED_PX ? [] : [6, 5]);
    ctx.strokeStyle = palette.roomLine;
    ctx.stroke();
    ctx.setLineDash([]);
  }
}

/** Rooms' names, left of `end`; the chosen room's before all others. */
export function paintRoomNames(ctx: Ctx, view: View, rooms: readonly Circle[], palette: Palette, end: number, chosen: string | null): void {
  ctx.font = `600 12px ${FONT}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  ctx.lineWidth = 4;
  ctx.lineJoin = "round";
  ctx.strokeStyle = palette.surface;
  ctx.fillStyle = palette.roomLine;
  for (const { text, x, y } of labelsOf(view, rooms, { fit: (name, room) => fitted(ctx, name.slice(0, 60), room), end, chosen })) {
    ctx.strokeText(text, x, y);
    ctx.fillText(text, x, y);
  }
}

const PLACE_PX2 = 1100; // what a face needs so that most are not under another

/** Whether people are drawn with their initials, given how many are in the fullest hexagon, and the length of its edge. */
export function roomForFaces(most: number, edgePx: number): boolean {
  return most * PLACE_PX2 <= 2.6 * edgePx * edgePx;
}

/** Dots by colour: one path for all rings and one for each colour, so that a thousand cost two dozen strokes. */
export function paintDots(ctx: Ctx, view: View, dots: readonly Dot[], palette: Palette, faces: boolean): void {
  const radius = faces ? FACE_PX : DOT_PX;
  const places = new Map<number, [number, number, Dot][]>();
  ctx.beginPath();
  for (const dot of dots) {
    const [atX, atY] = [px(view, dot.x, copies(view, dot.x)), py(view, dot.y)];
    if (!visible(view, atX, atY, radius)) continue;
    const alike = places.get(dot.hue);
    if (alike) alike.push([atX, atY, dot]);
    else places.set(dot.hue, [[atX, atY, dot]]);
    ctx.moveTo(atX + radius + 1.5, atY);
    ctx.arc(atX, atY, radius + 1.5, 0, TURN);
  }
  ctx.fillStyle = palette.ring;
  ctx.fill();
  for (const [hue, alike] of places) {
    ctx.beginPath();
    for (const [atX, atY] of alike) {
      ctx.moveTo(atX + radius, atY);
      ctx.arc(atX, atY, radius, 0, TURN);
    }
    ctx.fillStyle = dotColour(hue, palette.dark);
    ctx.fill();
    if (faces) paintFaces(ctx, alike, palette);
  }
}

function paintFaces(ctx: Ctx, dots: readonly [number, number, Dot][], palette: Palette): void {
  ctx.fillStyle = palette.dark ? "#10181a" : "#fff";
  ctx.font = `640 13px ${FONT}`;
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const [atX, atY, dot] of dots) ctx.fillText(initial(dot.name), atX, atY + 0.5, 2 * FACE_PX - 4);
}

/** How many people, in the middle of their hexagon. */
export function paintCounts(ctx: Ctx, view: View, patches: readonly Patch[], palette: Palette): void {
  ctx.textAlign = "center";
  ctx.textBaseline = "middle";
  for (const { cell, count } of patches) {
    const [middleX, middleY] = middle(outline(cell));
    const [atX, atY] = [px(view, middleX, copies(view, middleX)), py(view, middleY)];
    if (!visible(view, atX, atY, 20)) continue;
    const text = count > 999 ? "999+" : String(count);
    ctx.beginPath();
    ctx.arc(atX, atY, 9 + 3 * text.length, 0, TURN);
    ctx.fillStyle = palette.accent;
    ctx.fill();
    ctx.fillStyle = palette.ring;
    ctx.font = `640 12px ${FONT}`;
    ctx.fillText(text, atX, atY + 0.5);
  }
}

/** Where I am as this device knows it, with how sure it is. */
export function paintMe(ctx: Ctx, view: View, x: number, y: number, accuracy: number, palette: Palette): void {
  const [atX, atY] = [px(view, x, copies(view, x)), py(view, y)];
  if (accuracy * view.scale > 14) {
    ctx.beginPath();
    ctx.arc(atX, atY, accuracy * view.scale, 0, TURN);
    ctx.fillStyle = palette.shown;
    ctx.fill();
  }
  for (const [radius, colour] of [[10, palette.ring], [7.5, palette.me]] as const) {
    ctx.beginPath();
    ctx.arc(atX, atY, radius, 0, TURN);
    ctx.fillStyle = colour;
    ctx.fill();
  }
}

export function paintRing(ctx: Ctx, view: View, x: number, y: number, radius: number, colour: string): void {
  ctx.beginPath();
  ctx.arc(px(view, x, copies(view, x)), py(view, y), radius, 0, TURN);
  ctx.lineWidth = 3;
  ctx.strokeStyle = colour;
  ctx.stroke();
}

const FONT = "ui-sans-serif, system-ui, sans-serif";

/** Somebody's words on one line, no longer than their place. */
function fitted(ctx: Ctx, text: string, room: number): { text: string; width: number } {
  const calm = text.replaceAll(/\p{M}{3,}/gu, ""); // a tower of accents would paint over what is above
  const width = ctx.measureText(calm).width;
  if (width <= room) return { text: calm, width };
  const letters = Array.from(calm);
  while (letters.length > 1 && ctx.measureText(`${letters.join("")}…`).width > room) letters.pop();
  const cut = `${letters.join("")}…`;
  return { text: cut, width: ctx.measureText(cut).width };
}
