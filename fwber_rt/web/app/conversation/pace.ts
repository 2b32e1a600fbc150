/** Slow mode: one message in a while. */
import type { RoomView } from "../../client/index.ts";

/** How long until I may speak in a room whose members must be slow; `last` is when I spoke last. Milliseconds, 0: now. */
export function slowWait(room: Pick<RoomView, "slow_ms">, last: number | null, now: number): number {
  return last === null || room.slow_ms === 0 ? 0 : Math.max(0, last + room.slow_ms - now);
}
