/** Where I am: what this device knows, what the server was told, and what others see. Positions live in memory only. */
import { computed, signal } from "@preact/signals";
import type { SharingView } from "../../client/index.ts";
import type { Point } from "../map/mercator.ts";

export interface Fix extends Point {
  readonly accuracyM: number;
  readonly headingDeg: number | null;
  readonly speedMps: number | null;
}

/** `device`: this device's location is followed. `hand`: I put myself on the map. */
export type Source = "device" | "hand";

/** Why the device does not say where it is. */
export type Trouble = "denied" | "absent" | "insecure" | "slow";

/** Where I am as this device knows it; null: not known, or not told. Nobody else ever sees this. */
export const fix = signal<Fix | null>(null);
export const source = signal<Source | null>(null);
export const trouble = signal<Trouble | null>(null);
/** The device is being asked. */
export const finding = signal(false);
/** The hexagon the server found for the last fix; null when I am not on the map. */
export const cell = signal<string | null>(null);
/** The hexagon others see me in; null: none. */
export const shown = signal<string | null>(null);
/** What I chose to share; null until the server has told. */
export const sharing = signal<SharingView | null>(null);
/** Whether I agreed to the use of my location; null until the server has told. */
export const consented = signal<boolean | null>(null);
/** Putting myself on the map by hand: the next tap is where I am. */
export const placing = signal(false);
/** Hexagons whose people and talk I hear, as the server listed them. */
export const heard = signal<ReadonlySet<string>>(new Set());

/** On the map: by this device, or by another of mine. */
export const located = computed(() => cell.value !== null || shown.value !== null || heard.value.size > 0);
export const ghost = computed(() => sharing.value?.res === 0);
