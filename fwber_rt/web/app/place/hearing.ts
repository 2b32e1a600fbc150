/** Which hexagons I hear; what is known of the others is forgotten. */
import { batch, effect } from "@preact/signals";
import { client, hear, link } from "../api.ts";
import { unheard } from "../people/hexes.ts";
import { hexes } from "../state/people.ts";
import { heard, shown } from "../state/place.ts";

const CELL = "cell:";

/** Start; call once. */
export function startHearing(): void {
  hear("streams", listen);
  hear("stream.left", listen);
  effect(() => {
    if (link.value.state !== "open") return;
    shown.value = client.peek()?.welcome?.shown ?? null;
    listen();
  });
}

/** Take over what the client now hears: after every reply that may have changed it. */
export function listen(): void {
  const streams = client.peek()?.streams ?? [];
  replace(new Set(streams.filter((s) => s.startsWith(CELL)).map((s) => s.slice(CELL.length))));
}

/** Nothing is heard any more. */
export function deaf(): void {
  replace(new Set());
}

function replace(now: ReadonlySet<string>): void {
  const before = heard.peek();
  if (now.size === before.size && [...now].every((cell) => before.has(cell))) return;
  batch(() => {
    heard.value = now;
    hexes.value = unheard(hexes.peek(), [...before].filter((cell) => !now.has(cell)));
  });
}
