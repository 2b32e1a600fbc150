/**
 * Rooms: those found around me, and those I am in. Filled by `app/rooms/`; the map draws both.
 */
import { computed, signal } from "@preact/signals";
import type { MyInvitation, RoomView } from "../../client/index.ts";

export interface Out {
  readonly why: "kicked" | "banned" | "ended" | "outside";
  /** Until when I may not come back, milliseconds since the Unix epoch; null: for good, or not at all. */
  readonly until: number | null;
  /** What I was told; empty: nothing. */
  readonly reason: string;
}

/** Rooms found around me by the last search, by id, nearest first. */
export const found = signal<ReadonlyMap<string, RoomView>>(new Map());
/** Rooms I am a member of, by id. */
export const mine = signal<ReadonlyMap<string, RoomView>>(new Map());
/** Rooms I may join because somebody invited me or let me in, by id. */
export const invitations = signal<ReadonlyMap<string, MyInvitation>>(new Map());
/** Rooms I asked to be let into and have no answer from; kept over reloads by `app/rooms/asking.ts`. */
export const requested = signal<ReadonlySet<string>>(new Set());
/** Who asks to be let into rooms I keep, by room: as many as this page knows of. */
export const asking = signal<ReadonlyMap<string, ReadonlySet<string>>>(new Map());
/** Rooms I was in and am not any more, though I did not leave: until I am back, or the page is loaded anew. */
export const outOf = signal<ReadonlyMap<string, Out>>(new Map());
/** Until when I may not speak in a room, by its id; milliseconds since the Unix epoch. */
export const mutedIn = signal<ReadonlyMap<string, number>>(new Map());
/** A room being made: drawn on the map while its form is open. */
export const draft = signal<{ readonly lat: number; readonly lng: number; readonly radiusM: number } | null>(null);

/** The room in a list that has the focus or a pointer over it: shown on the map before any other. */
export const pointed = signal<string | null>(null);

/** What the map shows: mine and those found. */
export const onMap = computed<readonly RoomView[]>(() => [...new Map([...found.value, ...mine.value]).values()]);
