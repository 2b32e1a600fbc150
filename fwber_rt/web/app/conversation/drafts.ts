/** What was typed and not sent, by conversation: over reloads, refusals and lost connections, and of this person alone. */
import { kept } from "../state/store.ts";

const LONGEST = 20_000;

export function draftOf(user: string, conversation: string): string {
  return kept.get(key(user, conversation)) ?? "";
}

export function keepDraft(user: string, conversation: string, text: string): void {
  if (text === "") kept.remove(key(user, conversation));
  else kept.set(key(user, conversation), text.slice(0, LONGEST));
}

function key(user: string, conversation: string): string {
  return `draft.${user}.${conversation}`;
}
