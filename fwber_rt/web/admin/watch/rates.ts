/** What two records of the server's figures say about the time between them. Counters only grow, until the server starts anew. */
import type { Distribution, Figures } from "../../client/index.ts";

export type Counter = "messages" | "deliveries" | "frames_in" | "bytes_out";

/** Whether one server made both, in this order. */
export function follows(before: Figures, now: Figures): boolean {
  return now.at_s > before.at_s && now.uptime_s > before.uptime_s && now.messages >= before.messages && now.deliveries >= before.deliveries;
}

/** The records with the latest added: at most so many, all of one run of the server. */
export function extended(before: readonly Figures[], now: Figures, most: number): readonly Figures[] {
  const last = before.at(-1);
  return last && !follows(last, now) ? [now] : [...before, now].slice(-most);
}

/** Per second between two records of one server. */
export function perSecond(before: Figures, now: Figures, counter: Counter): number {
  return Math.max(0, now[counter] - before[counter]) / (now.at_s - before.at_s);
}

export interface Quantile {
  readonly seconds: number;
  /** It is beyond the last bound, which `seconds` is. */
  readonly over: boolean;
}

/**
 * The value below which a part `q` of what was observed in between lies, even within its bucket; null when nothing was observed.
 */
export function quantile(before: Distribution, now: Distribution, q: number): Quantile | null {
  const counts = now.counts.map((count, place) => count - (before.counts[place] ?? 0));
  const wanted = q * counts.reduce((sum, count) => sum + count, 0);
  if (wanted <= 0) return null;
  let below = 0;
  for (const [place, count] of counts.entries()) {
    const [from, to] = [place === 0 ? 0 : (now.bounds[place - 1] ?? 0), now.bounds[place]];
    if (count > 0 && below + count >= wanted) return to === undefined ? { seconds: from, over: true } : { seconds: from + ((wanted - below) / count) * (to - from), over: false };
    below += count;
  }
  return null;
}
