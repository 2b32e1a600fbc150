/**
 * A conversation as a value: a window of its entries, folded from pushes and pages of history.
 *
 * A room is one stream, the talk around me one per hexagon I hear. Each is loaded page by page from its newest end. What is older
 * than the oldest entry of a stream that has more to give is kept but not shown: an older message of that stream may belong before
 * it (`shown`). The window is bounded. While somebody reads further up, what is new is only counted (`newer`), and fetched when
 * they come down; while they follow, the oldest fall out and are fetched again when they go up. Values are never changed.
 */
import type { Entry, Said } from "./entries.ts";
import { order } from "./entries.ts";

/** How far one stream is loaded. */
export interface Source {
  /** Null until its first page came. */
  readonly epoch: string | null;
  /** The oldest offset that was asked for and came; null: nothing yet. */
  readonly from: number | null;
  /** There is nothing before `from`. */
  readonly whole: boolean;
}

export interface Timeline {
  /** In order, without duplicates. */
  readonly entries: readonly Entry[];
  readonly sources: ReadonlyMap<string, Source>;
  /** The window does not reach the newest: entries came that it has no room for. */
  readonly cut: boolean;
  /** Messages that came since then. */
  readonly newer: number;
}

export interface Page {
  readonly s: string;
  readonly epoch: string;
  readonly messages: readonly Said[];
  /** There is nothing older. */
  readonly whole: boolean;
}

export const EMPTY: Timeline = { entries: [], sources: new Map(), cut: false, newer: 0 };
const FRESH: Source = { epoch: null, from: null, whole: false };

/** Hear these streams from here on, and no others. */
export function listen(now: Timeline, streams: Iterable<string>): Timeline {
  const wanted = new Set(streams);
  const sources = new Map([...wanted].map((s) => [s, now.sources.get(s) ?? FRESH]));
  const same = sources.size === now.sources.size && [...wanted].every((s) => now.sources.has(s));
  return same ? now : { ...now, sources, entries: now.entries.filter(({ s }) => wanted.has(s)) };
}

/** What came by itself. `most`: how many entries the window holds; `following`: its newest end is looked at. */
export function hear(now: Timeline, came: readonly Entry[], most: number, following: boolean): Timeline {
  const fresh = came.filter(({ s }) => now.sources.has(s));
  if (fresh.length === 0) return now;
  if (now.cut) return { ...now, newer: now.newer + fresh.filter(({ kind }) => kind === "said").length };
  const entries = merge(now.entries, fresh);
  if (entries === now.entries) return now;
  if (entries.length <= most) return { ...now, entries };
  return following ? dropOldest(now, entries, most) : dropNewest(now, entries, most);
}

/** An older page of one stream, or its newest where nothing is known. Whoever looks at it is at the old end. */
export function older(now: Timeline, page: Page, most: number): Timeline {
  const known = now.sources.get(page.s);
  if (!known) return now;
  const anew = known.epoch !== null && known.epoch !== page.epoch; // the stream began anew: what is known of it is another life's
  const before = anew ? now.entries.filter(({ s }) => s !== page.s) : now.entries;
  const from = page.messages[0]?.o ?? known.from;
  const sources = new Map(now.sources).set(page.s, { epoch: page.epoch, from: anew ? (page.messages[0]?.o ?? null) : from, whole: page.whole });
  const entries = merge(before, page.messages);
  const next = { ...now, sources, entries };
  return entries.length <= most ? next : dropNewest(next, entries, most);
}

/** A newer page of the only stream, after a cut; `last`: it reaches the newest. */
export function newer(now: Timeline, messages: readonly Said[], last: boolean, most: number): Timeline {
  const entries = merge(now.entries, messages);
  const next = { ...now, entries, cut: !last, newer: last ? 0 : Math.max(0, now.newer - messages.length) };
  return entries.length <= most ? next : dropOldest(next, entries, most);
}

/** Begin anew: something of `s` was missed, or the newest is wanted from far above. Without `s`: of all. */
export function forget(now: Timeline, s?: string): Timeline {
  const entries = s === undefined ? [] : now.entries.filter((entry) => entry.s !== s);
  const sources = new Map([...now.sources].map(([name, source]) => [name, s === undefined || s === name ? FRESH : source]));
  return { entries, sources, cut: s !== undefined && now.cut, newer: s === undefined ? 0 : now.newer };
}

/** What may be shown: nothing that an older message may still come in front of. */
export function shown({ entries, sources }: Timeline): readonly Entry[] {
  const hidden = horizon(entries, sources);
  return hidden <= 0 ? entries : entries.slice(hidden);
}

/** The streams whose next page is needed to show more; none: everything there is is shown. */
export function lacking({ entries, sources }: Timeline): string[] {
  const open = [...sources].filter(([, { whole }]) => !whole).map(([s]) => s);
  const fresh = open.filter((s) => sources.get(s)?.from === null);
  if (fresh.length > 0) return fresh;
  const at = horizon(entries, sources);
  return open.filter((s) => {
    const first = entries.findIndex((entry) => entry.s === s);
    return first === -1 || first >= at; // what fell out of the window is fetched again
  });
}

/** The newest message there is in the window. */
export function newest({ entries }: Timeline): Said | null {
  const last = entries.findLast(({ kind }) => kind === "said");
  return last?.kind === "said" ? last : null;
}

/** How many entries from the front must not be shown yet. */
function horizon(entries: readonly Entry[], sources: Timeline["sources"]): number {
  let at = 0;
  for (const [s, { whole, from }] of sources) {
    if (whole || from === null || sources.size === 1) continue;
    const first = entries.findIndex((entry) => entry.s === s);
    if (first > at) at = first;
  }
  return at;
}

function merge(known: readonly Entry[], fresh: readonly Entry[]): readonly Entry[] {
  const keys = new Set(known.map(({ key }) => key));
  const added: Entry[] = [];
  for (const entry of fresh) {
    if (keys.has(entry.key)) continue;
    keys.add(entry.key);
    added.push(entry);
  }
  if (added.length === 0) return known;
  const last = known.at(-1);
  added.sort(order);
  const first = added[0];
  if (!last || (first && order(last, first) < 0)) return [...known, ...added];
  return [...known, ...added].sort(order);
}

function dropOldest(now: Timeline, entries: readonly Entry[], most: number): Timeline {
  const kept = entries.slice(-most);
  const gone = new Set(entries.slice(0, -most).map(({ s }) => s));
  const sources = new Map(now.sources);
  for (const s of gone) {
    const source = sources.get(s) ?? FRESH;
    const from = kept.find((entry) => entry.s === s)?.o ?? (entries.findLast((entry) => entry.s === s)?.o ?? 0) + 1;
    sources.set(s, { ...source, from, whole: false });
  }
  return { ...now, entries: kept, sources };
}

function dropNewest(now: Timeline, entries: readonly Entry[], most: number): Timeline {
  const count = entries.slice(most).filter(({ kind }) => kind === "said").length;
  return { ...now, entries: entries.slice(0, most), cut: true, newer: now.newer + count };
}
