/** While I put myself on the map: the hexagon I would be shown in, at its true size, under the cross. */
import { computed } from "@preact/signals";
import { cellOf } from "../map/hexagons.ts";
import { config } from "../state/config.ts";
import { centreOfMap } from "../state/map.ts";
import { placing, sharing } from "../state/place.ts";

/** The resolution I am shown at when nothing hides me. */
export const myLevel = computed(() => sharing.value?.res || config.value.resolution);

export const preview = computed(() => (placing.value && centreOfMap.value ? cellOf(centreOfMap.value, myLevel.value) : null));
