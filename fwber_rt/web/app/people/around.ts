/** Who is around, as lists: nearest hexagons first. */
import { computed } from "@preact/signals";
import { slowed } from "../state/frame.ts";
import { hexes } from "../state/people.ts";
import { cell, ghost, shown } from "../state/place.ts";
import { muted } from "../state/relations.ts";
import { group, type Group, type Person } from "./groups.ts";

const LIST_MS = 400; // the map is drawn with every frame; a list that jumps sixty times a second cannot be read
const calm = slowed(hexes, LIST_MS);

/** Everybody who is named, by rings around the hexagon I am seen in (a ghost: am in). */
export const groups = computed<readonly Group[]>(() => {
  const from = ghost.value ? cell.value : (shown.value ?? cell.value);
  return from === null ? [] : group(calm.value, from, muted.value);
});

export const peopleCount = computed(() => groups.value.reduce((sum, { people }) => sum + people.length, 0));

/** Somebody in sight; null when they are not. */
export function personOf(user: string): Person | null {
  for (const { people } of groups.value) for (const person of people) if (person.user === user) return person;
  return null;
}
