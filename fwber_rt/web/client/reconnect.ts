/**
 * When to come back: the ranges of the close codes and the back-off, without any I/O.
 *
 * The range of a close code says what to do, so a code of a later server is still understood. Waits are *full jitter* (uniform
 * between zero and a doubling bound): after an outage the clients of a server do not return in waves.
 */
import { Closed, Lost, Refusal } from "./errors.ts";

const BASE_MS = 500;
const CAP_MS = 30_000;

export type Next = "stop" | "back off" | "at once";

/** `slotMs`: come back exactly then (the server spreads its clients); `atLeastMs`: not before then. */
export interface Verdict {
  next: Next;
  cause: Error;
  slotMs: number | null;
  atLeastMs: number;
}

/** What the close code's range asks for; codes of RFC 6455 and broken connections mean: back off, then retry. */
export function afterClose(code: number): Next {
  if (code >= 4000 && code < 4100) return "stop";
  return code >= 4200 && code < 4300 ? "at once" : "back off";
}

/** What to do after the connection ended with `code`; `slotMs` is what a `bye` announced, 0 is no slot. */
export function judgeClose(code: number, reason: string, slotMs: number | null): Verdict {
  const next = afterClose(code);
  const cause = next === "stop" ? new Closed(code, reason) : new Lost(code, reason);
  return { next, cause, slotMs: next === "stop" || !slotMs ? null : slotMs, atLeastMs: 0 };
}

/** What to do after there came to be no connection: a refused `connect`, or no credential for it. */
export function judgeFailure(cause: Error, renewable: boolean): Verdict {
  const verdict: Verdict = { next: "back off", cause, slotMs: null, atLeastMs: 0 };
  if (cause instanceof Closed) return { ...verdict, next: "stop" };
  if (!(cause instanceof Refusal)) return verdict;
  if (renewable && (cause.name === "token.expired" || cause.name === "token.invalid")) return { ...verdict, next: "at once" };
  if (cause.name === "token.expired" || !cause.temporary) return { ...verdict, next: "stop" };
  return { ...verdict, atLeastMs: cause.retryAfterMs };
}

/**
 * Milliseconds to wait, after `attempt` earlier failures in a row. Only the first return in a row is at once, so that a server
 * that keeps closing is not hammered.
 */
export function delayMs(verdict: Verdict, attempt: number, random: () => number): number {
  if (verdict.slotMs !== null) return verdict.slotMs;
  if (verdict.next === "at once" && attempt === 0) return 0;
  return verdict.atLeastMs + backoffMs(attempt, random);
}

/** Full-jitter exponential back-off. */
export function backoffMs(attempt: number, random: () => number): number {
  return random() * Math.min(CAP_MS, BASE_MS * 2 ** Math.min(attempt, 32));
}
