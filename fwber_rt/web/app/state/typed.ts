/** What was typed into this tab and not sent: over reloads and the back button, gone with the tab. `shell/owner.ts` says whose it is. */
import { tab } from "./store.ts";

const PREFIX = "typed.";
const LONGEST = 20_000;

/** null where nothing is kept. */
export function typedOf(what: string): string | null {
  return tab.get(PREFIX + what);
}

export function keepTyped(what: string, text: string): void {
  if (text === "") tab.remove(PREFIX + what);
  else tab.set(PREFIX + what, text.slice(0, LONGEST));
}

export function forgetTyped(): void {
  for (const key of tab.keys()) if (key.startsWith(PREFIX)) tab.remove(key);
}
