/** The server's figures, asked for every two seconds while somebody looks, and those of the last minutes. */
import { computed, effect, signal } from "@preact/signals";
import type { Figures } from "../../client/index.ts";
import { ask, who } from "../api.ts";
import { extended } from "./rates.ts";

export const EVERY_S = 2;
export const KEPT_MIN = 5;
/** Latencies are of so many seconds: of two they would jump. */
export const RECENT_S = 30;
const MOST = (KEPT_MIN * 60) / EVERY_S + 1;
const TOO_OLD_MS = 15_000;

const kept = signal<readonly Figures[]>([]);
const answered = signal<number | null>(null);
const failing = signal(false);

/** Oldest first, all of one run of the server. */
export const history = computed(() => kept.value);
export const latest = computed<Figures | null>(() => kept.value.at(-1) ?? null);
/** Since when there was no answer, milliseconds since the Unix epoch; null while there are answers. */
export const silentSince = computed<number | null>(() => (failing.value ? answered.value : null));

/** Ask for as long as an administrator is signed in and the page is in sight; call once. */
export function startWatching(): void {
  const visible = signal(document.visibilityState === "visible");
  document.addEventListener("visibilitychange", () => { visible.value = document.visibilityState === "visible"; });
  const watched = computed(() => visible.value && who.value.kind === "admin");
  effect(() => {
    if (who.value.kind !== "admin") kept.value = [];
  });
  effect(() => {
    if (!watched.value) return;
    let busy = false;
    const look = async (): Promise<void> => {
      if (busy) return;
      busy = true;
      await watch();
      busy = false;
    };
    void look();
    const timer = setInterval(() => void look(), EVERY_S * 1000);
    return () => clearInterval(timer);
  });
}

async function watch(): Promise<void> {
  try {
    const now = await ask("operator.figures", {});
    kept.value = extended(kept.peek(), now, MOST);
    answered.value = Date.now();
    failing.value = false;
  } catch {
    failing.value = answered.peek() !== null && Date.now() - (answered.peek() ?? 0) > TOO_OLD_MS;
  }
}
