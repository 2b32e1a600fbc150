/** What can be made of a name without trusting it. */
import { hash } from "../map/hash.ts";

const graphemes = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** The first character as a reader counts them, in capitals; nothing that is only marks. */
export function initial(name: string): string {
  for (const { segment } of graphemes.segment(name.slice(0, 64))) {
    const first = /[\p{L}\p{N}]\p{M}?|\p{Extended_Pictographic}/u.exec(segment)?.[0];
    if (first) return first.toUpperCase();
  }
  return "·";
}

/** A hue that stays with a person, 0 to 359. */
export function hue(user: string): number {
  return (hash(user) % 24) * 15;
}
