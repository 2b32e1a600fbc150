/** What this browser keeps for the page. Where it keeps nothing, the page's memory does, until a reload. */
import { persists, store } from "../../shared/browser.ts";

/** Shared by all tabs, over restarts. */
export const kept = store("localStorage");
/** Of this tab alone, and gone with it. */
export const tab = store("sessionStorage");
/** False when storage is disabled: everything works, for this visit. */
export const keeps = persists();

/** Nothing of somebody who is no more stays in this browser. Keys of one person alone name them second: `draft.USER.ROOM`. */
export function forgetUser(user: string): void {
  for (const key of kept.keys()) if (key.split(".")[1] === user) kept.remove(key);
}

/** A value kept as JSON; `otherwise` when there is none, or one that `read` does not accept. */
export function recall<T>(from: typeof kept, key: string, read: (value: unknown) => T | null, otherwise: T): T {
  const text = from.get(key);
  if (text === null) return otherwise;
  try {
    return read(JSON.parse(text)) ?? otherwise;
  } catch {
    return otherwise;
  }
}
