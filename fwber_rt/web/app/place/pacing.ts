/**
 * When the next fix goes to the server: it says after how long and how many metres it wants one (`location.update`), and
 * whoever keeps to that is shown in the right hexagon with the fewest fixes.
 */
import { metres, type Point } from "../map/mercator.ts";

export interface Pace {
  readonly nextMs: number;
  readonly minMoveM: number;
}

export interface SentFix {
  readonly point: Point;
  /** Milliseconds of the clock that `due` is asked with. */
  readonly at: number;
  readonly pace: Pace;
}

const SOONEST_MS = 1000; // a device may report several fixes a second; the server's limit is two

/** In how many milliseconds `point` should be sent: 0 is now, null is when it changes. */
export function due(last: SentFix | null, point: Point, now: number): number | null {
  if (!last) return 0;
  const since = now - last.at;
  const moved = metres(last.point, point);
  if (moved >= last.pace.minMoveM) return Math.max(0, SOONEST_MS - since);
  if (moved === 0) return null; // the server knows
  return Math.max(0, last.pace.nextMs - since);
}
