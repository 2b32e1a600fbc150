/** What is under a finger or a pointer. */
import type { Circle, Dot } from "./model.ts";
import { copies, px, py, type View } from "./view.ts";

const FINGER_PX = 20;

export type Hit = { readonly person: Dot } | { readonly room: Circle } | null;

/** The nearest dot within reach, or else the smallest room the point is in. */
export function hit(view: View, atX: number, atY: number, dots: readonly Dot[], rooms: readonly Circle[]): Hit {
  let [nearest, within] = [null as Dot | null, FINGER_PX];
  for (const dot of dots) {
    const away = Math.hypot(px(view, dot.x, copies(view, dot.x)) - atX, py(view, dot.y) - atY);
    if (away < within) [nearest, within] = [dot, away];
  }
  if (nearest) return { person: nearest };
  let smallest: Circle | null = null;
  for (const room of rooms) {
    const away = Math.hypot(px(view, room.x, copies(view, room.x)) - atX, py(view, room.y) - atY);
    if (away <= Math.max(room.radius * view.scale, FINGER_PX / 2) && (!smallest || room.radius < smallest.radius)) smallest = room;
  }
  return smallest && { room: smallest };
}
