/**
 * What was typed and not sent, by conversation: over reloads, refusals and lost connections. Two tabs may write in one conversation,
 * so each goes on with its own text; what all tabs keep is the latest, for a tab that has none, and of this person alone.
 */
import { kept } from "../state/store.ts";
import { keepTyped, typedOf } from "../state/typed.ts";

const LONGEST = 20_000;

export function draftOf(user: string, conversation: string): string {
  return typedOf(here(conversation)) ?? kept.get(everywhere(user, conversation)) ?? "";
}

export function keepDraft(user: string, conversation: string, text: string): void {
  const [before, key] = [typedOf(here(conversation)), everywhere(user, conversation)];
  keepTyped(here(conversation), text);
  if (text !== "") kept.set(key, text.slice(0, LONGEST));
  else if (before === null || kept.get(key) === before) kept.remove(key); // else it is another tab's
}

/** Words that were given back are written anew, before what is being typed. */
export function giveBack(conversation: string, text: string): void {
  keepTyped(here(conversation), [text, typedOf(here(conversation))].filter(Boolean).join("\n"));
}

function here(conversation: string): string {
  return `draft.${conversation}`;
}

function everywhere(user: string, conversation: string): string {
  return `draft.${user}.${conversation}`;
}
