/** Finding rooms: pages of `nearby.rooms`, around me or around the middle of the map. */
import { batch, effect, signal } from "@preact/signals";
import type { FindRooms } from "../../client/index.ts";
import { ask, link } from "../api.ts";
import { centreOfMap } from "../state/map.ts";
import { located, shown } from "../state/place.ts";
import { found } from "../state/rooms.ts";
import type { Kind } from "./fields.ts";

export interface Filters {
  readonly q: string;
  readonly kind: Kind | "";
  readonly tag: string;
  readonly radiusM: number;
  /** Around the middle of the map; otherwise around me. */
  readonly map: boolean;
}

export const RADII_M = [500, 1000, 2000, 5000, 10_000, 50_000] as const;
const PAGE = 50;
const MOST = 500; // the map draws them all
const SOON_MS = 350;

export const filters = signal<Filters>({ q: "", kind: "", tag: "", radiusM: 2000, map: false });
/** Where the next page begins; empty: there is none. */
export const next = signal("");
export const searching = signal(false);
/** A search has been answered: before that there is nothing to say about what is there. */
export const answered = signal(false);
/** Why the last search failed. */
export const failed = signal<unknown>(null);

let asked = 0;
let timer: ReturnType<typeof setTimeout> | undefined;

/** Search with every change of what is wanted and of where I am. */
export function startFinding(): void {
  effect(() => {
    void [shown.value, filters.value];
    clearTimeout(timer);
    if (link.value.state === "open" && (located.value || filters.value.map)) timer = setTimeout(() => void find(), SOON_MS);
  });
}

/** The request for a page. */
export function wanted({ q, kind, tag, radiusM, map }: Filters, middle: { lat: number; lng: number } | null, cursor: string): FindRooms {
  return {
    radius_m: radiusM, limit: PAGE,
    ...(q.trim() ? { q: q.trim() } : {}), ...(kind ? { kind } : {}), ...(tag.trim() ? { tag: tag.trim() } : {}),
    ...(map && middle ? { lat: middle.lat, lng: middle.lng } : {}), ...(cursor ? { cursor } : {}),
  };
}

/** Search anew. */
export function find(): Promise<void> {
  return page("");
}

/** The page after those that are there. */
export function more(): Promise<void> {
  return page(next.peek());
}

async function page(cursor: string): Promise<void> {
  const ours = ++asked;
  searching.value = true;
  try {
    const got = await ask("nearby.rooms", wanted(filters.peek(), centreOfMap.peek(), cursor));
    if (ours !== asked) return; // something else is wanted meanwhile
    batch(() => {
      found.value = new Map([...(cursor ? found.peek() : []), ...got.rooms.map((room) => [room.room, room] as const)]);
      next.value = found.peek().size < MOST ? (got.next ?? "") : "";
      failed.value = null;
      answered.value = true;
    });
  } catch (error) {
    if (ours === asked) failed.value = error;
  } finally {
    if (ours === asked) searching.value = false;
  }
}
