/** Who is around. */
import { computed, signal } from "@preact/signals";
import { who } from "../api.ts";
import { NOWHERE, type Count, type Hexes } from "../people/hexes.ts";

export const hexes = signal<Hexes>(NOWHERE);
/** People within reach whom the last page of `nearby.people` did not name. */
export const beyond = signal<Count>("few");
/** The last page is being fetched. */
export const looking = signal(false);

export const me = computed(() => (who.value.kind === "nobody" ? null : who.value.user));
