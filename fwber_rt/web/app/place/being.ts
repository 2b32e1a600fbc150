/** Being on the map: by this device, by hand, and not at all. */
import { batch } from "@preact/signals";
import { ask, client } from "../api.ts";
import { nowhere } from "../people/looking.ts";
import type { Point } from "../map/mercator.ts";
import { cell, fix, placing, shown, source, trouble } from "../state/place.ts";
import { recall, tab } from "../state/store.ts";
import { followDevice, mayAsk, stopFollowing } from "./device.ts";
import { deaf } from "./hearing.ts";
import { tellAnew } from "./telling.ts";
import { isPoint } from "./wire.ts";

const KEY = "place";
const PATIENCE_MS = 24 * 3_600_000;

/** Follow this device. */
export function useDevice(): void {
  placing.value = false;
  followDevice();
  tab.set(KEY, JSON.stringify({ source: "device" }));
}

/** I am at this point, and stay there until I say otherwise. */
export function useHand(point: Point): void {
  stopFollowing();
  tellAnew();
  batch(() => {
    placing.value = false;
    trouble.value = null;
    source.value = "hand";
    fix.value = { lat: point.lat, lng: point.lng, accuracyM: 0, headingDeg: null, speedMps: null };
  });
  tab.set(KEY, JSON.stringify({ source: "hand", lat: point.lat, lng: point.lng }));
}

/** Leave the map: here at once, and at the server, which tells whoever saw me; as soon as it can be reached, after a reload too. */
export async function vanish(): Promise<void> {
  leave();
  tab.set(KEY, JSON.stringify({ source: "nowhere" }));
  await ask("location.clear", {}, { timeoutMs: PATIENCE_MS });
  if (fix.peek() === null && source.peek() === null) tab.remove(KEY);
}

/** Nothing of where I am is left in this page. */
export function leave(): void {
  stopFollowing();
  client.peek()?.unlocate();
  tab.remove(KEY);
  batch(() => {
    fix.value = null;
    source.value = null;
    cell.value = null;
    shown.value = null;
    placing.value = false;
    deaf();
    nowhere();
  });
}

/** After a reload: as it was before, in this tab. */
export async function returnToPlace(): Promise<void> {
  const was = recall(tab, KEY, (value) => (typeof value === "object" && value !== null ? (value as { source?: unknown }) : null), {});
  const point = isPoint(was);
  if (was.source === "hand" && point) useHand(point);
  else if (was.source === "nowhere") vanish().catch(() => undefined); // who it concerns sees whether they are on the map
  else if (was.source === "device" && (await mayAsk()) && tab.get(KEY) !== null) useDevice(); // not left meanwhile
}
