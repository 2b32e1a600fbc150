/**
 * Rooms: those found around me, and those I am in. Filled by `app/rooms/`; the map draws both.
 */
import { computed, signal } from "@preact/signals";
import type { MyInvitation, RoomView } from "../../client/index.ts";

/** Rooms found around me by the last search, by id, nearest first. */
export const found = signal<ReadonlyMap<string, RoomView>>(new Map());
/** Rooms I am a member of, by id. */
export const mine = signal<ReadonlyMap<string, RoomView>>(new Map());
/** Rooms I may join because somebody invited me or let me in, by id. */
export const invitations = signal<ReadonlyMap<string, MyInvitation>>(new Map());
/** Rooms I asked to be let into since this page was loaded, and have no answer from. */
export const requested = signal<ReadonlySet<string>>(new Set());
/** Until when I may not speak in a room, by its id; milliseconds since the Unix epoch. */
export const mutedIn = signal<ReadonlyMap<string, number>>(new Map());
/** A room being made: drawn on the map while its form is open. */
export const draft = signal<{ readonly lat: number; readonly lng: number; readonly radiusM: number } | null>(null);

/** What the map shows: mine and those found. */
export const onMap = computed<readonly RoomView[]>(() => [...new Map([...found.value, ...mine.value]).values()]);
