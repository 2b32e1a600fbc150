/** Where the map opens before anything is known: the part of the world this device's clock belongs to. */
import type { Point } from "./mercator.ts";

/** `offsetMin` as `Date.getTimezoneOffset` gives it: minutes from local time to UTC. */
export function guess(offsetMin: number): { centre: Point; zoom: number } {
  const lng = Math.max(-180, Math.min(180, -offsetMin / 4));
  return { centre: { lat: 30, lng }, zoom: 3 };
}
