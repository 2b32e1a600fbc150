/** A conversation as it is drawn: days between days, a line where the unread begin, and whose name stands over what. */
import type { Entry, Line, Said } from "./entries.ts";

export type Row =
  | { readonly kind: "day"; readonly key: string; readonly at: number }
  | { readonly kind: "unread"; readonly key: string }
  | { readonly kind: "line"; readonly key: string; readonly line: Line }
  | { readonly kind: "said"; readonly key: string; readonly said: Said; readonly first: boolean };

const TOGETHER_MS = 5 * 60_000;

/** `hidden`: whose words are not shown. `isNew`: whether a message came since the conversation was last looked at. */
export function rows(entries: readonly Entry[], hidden: (user: string) => boolean, isNew: (message: Said) => boolean): Row[] {
  const made: Row[] = [];
  let before: Said | null = null;
  let [day, divided] = ["", false];
  for (const entry of entries) {
    if (hidden(entry.user)) continue;
    if (entry.kind === "line") {
      made.push({ kind: "line", key: entry.key, line: entry });
      before = null;
      continue;
    }
    const today = new Date(entry.ts).toDateString();
    if (today !== day) made.push({ kind: "day", key: `day ${today}`, at: entry.ts });
    if (!divided && isNew(entry)) {
      divided = true;
      made.push({ kind: "unread", key: "unread" });
      before = null;
    }
    const first = today !== day || before?.user !== entry.user || before.name !== entry.name || entry.ts - before.ts > TOGETHER_MS;
    made.push({ kind: "said", key: entry.key, said: entry, first });
    [before, day] = [entry, today];
  }
  return made;
}
