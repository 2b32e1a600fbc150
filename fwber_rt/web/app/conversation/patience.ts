/** Asking again by itself what was refused only for being asked too fast: whoever scrolls quickly has done nothing wrong. */
import { Refusal } from "../../client/index.ts";

const MOST = 5;
const LONGEST_MS = 10_000;

/** What `ask` gives, after as many waits as it takes within reason. `wait`: milliseconds. */
export async function patiently<T>(ask: () => Promise<T>, wait: (ms: number) => Promise<void>): Promise<T> {
  for (let left = MOST; ; left -= 1) {
    try {
      return await ask();
    } catch (error) {
      const soon = error instanceof Refusal && error.name === "rate.limited" && error.retryAfterMs <= LONGEST_MS;
      if (!soon || left === 0) throw error;
      await wait(error.retryAfterMs);
    }
  }
}
