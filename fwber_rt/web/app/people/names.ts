/** What can be made of a name without trusting it. */
import { hash } from "../map/hash.ts";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

const known = new Map<string, string>();
const MOST_KNOWN = 5000;

/** The first character as a reader counts them, in capitals; nothing that is only marks. */
export function initial(name: string): string {
  const before = known.get(name);
  if (before !== undefined) return before;
  if (known.size >= MOST_KNOWN) known.clear();
  const found = first(name);
  known.set(name, found);
  return found;
}

function first(name: string): string {
  for (const { segment } of graphemes.segment(name.slice(0, 64))) {
    const letter = /[\p{L}\p{N}]\p{M}?|\p{Extended_Pictographic}/u.exec(segment)?.[0];
    if (letter) return letter.toUpperCase();
  }
  return "·";
}

/** A hue that stays with a person, 0 to 359. */
export function hue(user: string): number {
  return (hash(user) % 24) * 15;
}
