/** Telling the server where I am: the newest fix, when the server wants one, and once more after whatever went wrong. */
import { effect } from "@preact/signals";
import { Refusal, type Client } from "../../client/index.ts";
import { client, link } from "../api.ts";
import { explain } from "../explain.ts";
import { say } from "../state/notices.ts";
import { cell, consented, fix, source, type Fix } from "../state/place.ts";
import { listen } from "./hearing.ts";
import { due, type SentFix } from "./pacing.ts";
import { toWire } from "./wire.ts";

const AGAIN_MS = 5000;

let last: SentFix | null = null;
let telling = false;
/** After a failure nothing is sent before this, `performance.now()`. */
let restsUntil = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Start; call once. */
export function startTelling(): void {
  effect(() => {
    const ready = link.value.state === "open" && consented.value === true;
    if (fix.value === null) last = null;
    else if (ready) queueMicrotask(consider);
  });
}

/** Forget what was told: the next fix goes out whatever the pace. */
export function tellAnew(): void {
  last = null;
}

function consider(): void {
  const [now, to] = [fix.peek(), client.peek()];
  clearTimeout(timer);
  if (telling || !now || !to || link.peek().state !== "open" || consented.peek() !== true) return;
  const wanted = due(last, now, performance.now());
  if (wanted === null) return;
  const wait = Math.max(wanted, restsUntil - performance.now());
  if (wait > 0) timer = setTimeout(consider, wait);
  else void tell(to, now);
}

async function tell(to: Client, now: Fix): Promise<void> {
  telling = true;
  try {
    const reply = await to.locate(toWire(now));
    if (fix.peek() === null) return; // vanished meanwhile
    last = { point: now, at: performance.now(), pace: { nextMs: reply.next_ms, minMoveM: reply.min_move_m } };
    cell.value = reply.cell;
    listen();
  } catch (error) {
    failed(error);
  } finally {
    telling = false;
    consider();
  }
}

function failed(error: unknown): void {
  if (error instanceof Refusal && error.name === "consent.required") {
    consented.value = false;
  } else if (error instanceof Refusal && !error.temporary) {
    say(explain(error), { bad: true });
    fix.value = null;
    source.value = null;
  } else {
    restsUntil = performance.now() + Math.max(AGAIN_MS, error instanceof Refusal ? error.retryAfterMs : 0);
  }
}
