/** What the operator decided, as far as the page has to know it: `server.about`, and the last answer until there is a newer one. */
import { signal } from "@preact/signals";
import type { About } from "../../client/index.ts";
import { session } from "../api.ts";
import { kept, recall } from "./store.ts";

const KEY = "about";
const AGAIN_MS = 10_000;
const USUAL: About = {
  guests: true, registration: true, resolution: 8, coarser: [7, 5], fewest: 5, text_chars: 2000, radius_min_m: 50, radius_max_m: 5000, tiles: null, demo: null,
};

export const config = signal<About>(recall(kept, KEY, known, USUAL));

/** Ask until there is an answer; call once. */
export async function startConfig(): Promise<void> {
  for (;;) {
    try {
      config.value = await session.rest("server.about");
      kept.set(KEY, JSON.stringify(config.value));
      return;
    } catch {
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

function known(value: unknown): About | null {
  return typeof value === "object" && value !== null ? { ...USUAL, ...value } : null;
}
