import type { ComponentChildren } from "preact";
import { pieces, type Key } from "../text.ts";

/** A text in which something other than text stands in the places of its values. */
export function Say({ text, values }: { text: Key; values: Record<string, ComponentChildren> }) {
  return <>{pieces(text, values).map((piece) => (typeof piece === "string" ? piece : values[piece.name]))}</>;
}
