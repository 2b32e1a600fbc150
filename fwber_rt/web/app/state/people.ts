/** Who is around. */
import { computed, signal } from "@preact/signals";
import { who } from "../api.ts";
import { group, type Group } from "../people/groups.ts";
import { NOWHERE, type Count, type Hexes } from "../people/hexes.ts";
import { muted } from "./relations.ts";
import { cell, ghost, shown } from "./place.ts";

export const hexes = signal<Hexes>(NOWHERE);
/** People within reach whom the last page of `nearby.people` did not name. */
export const beyond = signal<Count>("few");
/** The last page is being fetched. */
export const looking = signal(false);

export const me = computed(() => (who.value.kind === "nobody" ? null : who.value.user));

/** Everybody who is named, nearest hexagons first. */
export const groups = computed<readonly Group[]>(() => {
  const from = ghost.value ? cell.value : (shown.value ?? cell.value);
  return from === null ? [] : group(hexes.value, from, muted.value);
});

export const peopleCount = computed(() => groups.value.reduce((sum, { people }) => sum + people.length, 0));
