/** What I have read: kept on this device, told to a room only where I share it. */
import { effect, signal, type ReadonlySignal } from "@preact/signals";
import { ask, link } from "../api.ts";
import { unread } from "../state/conversations.ts";
import { me } from "../state/people.ts";
import { kept, recall } from "../state/store.ts";
import type { Said } from "./entries.ts";
import { counted, forgotten, HERE, merged, missed, read, readMarks, writeMarks, type Marks } from "./marks.ts";

const SHARE = "share.read";
const KEEP_MS = 500;
const TELL_MS = 2000;

const current = signal<Marks>(new Map());
const shares = signal(kept.get(SHARE) === "on");
let keeping: ReturnType<typeof setTimeout> | undefined;
let telling: ReturnType<typeof setTimeout> | undefined;
const told = new Map<string, number>();

export const marks: ReadonlySignal<Marks> = current;
/** Whether the rooms I read in are told how far. Off until somebody wants it. */
export const sharing: ReadonlySignal<boolean> = shares;

/** Start; call once. */
export function startReading(): void {
  effect(() => {
    const user = me.value?.user;
    current.value = user === undefined ? new Map() : keptOf(user);
    told.clear();
  });
  effect(() => { unread.value = new Map([...current.value].flatMap(([conversation, mark]) => (mark.unread > 0 ? [[streamOf(conversation), mark.unread] as const] : []))); });
  addEventListener("storage", (event) => { // another tab has read
    const user = me.peek()?.user;
    if (user !== undefined && event.key?.endsWith(key(user))) current.value = merged(current.peek(), keptOf(user));
  });
  addEventListener("pagehide", keep);
}

/** Everything up to this message was looked at. */
export function haveRead(conversation: string, message: Said): void {
  change(read(current.peek(), conversation, message));
  if (conversation !== HERE && shares.peek()) tellSoon(conversation, message.o);
}

/** These came while nobody looked. */
export function haveMissed(conversation: string, came: readonly Said[]): void {
  change(missed(current.peek(), conversation, came));
}

/** So many are unread, counted anew. */
export function recount(conversation: string, unread: number): void {
  change(counted(current.peek(), conversation, unread));
}

export function forgetRead(conversation: string): void {
  change(forgotten(current.peek(), conversation));
}

export function share(on: boolean): void {
  shares.value = on;
  kept.set(SHARE, on ? "on" : "off");
}

function change(next: Marks): void {
  if (next === current.peek()) return;
  current.value = next;
  keeping ??= setTimeout(keep, KEEP_MS);
}

function keep(): void {
  clearTimeout(keeping);
  keeping = undefined;
  const user = me.peek()?.user;
  if (user !== undefined && current.peek().size > 0) kept.set(key(user), writeMarks(merged(current.peek(), keptOf(user))));
}

function keptOf(user: string): Marks {
  return recall(kept, key(user), readMarks, new Map());
}

function tellSoon(room: string, o: number): void {
  if ((told.get(room) ?? 0) >= o) return;
  clearTimeout(telling);
  telling = setTimeout(() => {
    if (link.peek().state !== "open" || !shares.peek()) return;
    told.set(room, o);
    ask("read.mark", { room, o, share: true }).catch(() => told.delete(room)); // told with the next message
  }, TELL_MS);
}

function key(user: string): string {
  return `read.${user}`;
}

function streamOf(conversation: string): string {
  return conversation === HERE ? HERE : `room:${conversation}`;
}
