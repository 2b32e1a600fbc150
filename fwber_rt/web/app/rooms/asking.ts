/** Asking to be let in: what I asked for, kept over reloads, and who asks me. */
import { effect } from "@preact/signals";
import { ask, link, serverNow, who } from "../api.ts";
import { me } from "../state/people.ts";
import { asking, mine, requested } from "../state/rooms.ts";
import { kept, recall } from "../state/store.ts";

const PAGE = 50; // as many as are counted where a room is listed
let learned = new Set<string>();
let user = ""; // who was signed in last

/** Start; call once. */
export function startAsking(): void {
  effect(() => {
    const now = who.value;
    requested.value = new Set(now.kind === "nobody" ? [] : Object.keys(read(now.user.user)));
    if (now.kind === "nobody" && user) kept.remove(key(user)); // whoever leaves leaves nothing of where they wanted to go
    user = now.kind === "nobody" ? "" : now.user.user;
  });
  effect(() => {
    if (link.value.state !== "open") learned = new Set();
    else for (const room of mine.value.values()) if (room.visibility !== "public" && room.owner === me.value?.user) learn(room.room);
  });
}

/** I ask to be let into a room; it stays so until an answer, or until `until` at the latest. */
export async function request(room: string): Promise<void> {
  const { until } = await ask("room.request", { room });
  keep((all) => ({ ...all, [room]: until }));
}

/** I take it back. */
export async function withdraw(room: string): Promise<void> {
  await ask("room.request.withdraw", { room });
  answered(room);
}

/** There is an answer, or no question any more. */
export function answered(room: string): void {
  if (requested.peek().has(room)) keep((all) => Object.fromEntries(Object.entries(all).filter(([id]) => id !== room)));
}

/** Somebody asks to be let into a room I keep. */
export function asks(room: string, user: string): void {
  asking.value = new Map(asking.peek()).set(room, new Set([...(asking.peek().get(room) ?? []), user]));
}

/** They were answered, or are in. */
export function asksNoMore(room: string, user: string): void {
  const known = asking.peek().get(room);
  if (known?.has(user)) asked(room, [...known].filter((id) => id !== user));
}

/** These do, and nobody else. */
export function asked(room: string, users: readonly string[]): void {
  const known = asking.peek().get(room);
  if (known?.size === users.length && users.every((user) => known.has(user))) return;
  asking.value = new Map(asking.peek()).set(room, new Set(users));
}

function learn(room: string): void {
  if (learned.has(room)) return;
  learned.add(room);
  ask("room.requests", { room, limit: PAGE }).then(({ requests }) => asked(room, requests.map(({ user }) => user)), () => undefined); // with the next connection
}

type Asked = Readonly<Record<string, number>>;

function keep(change: (all: Asked) => Asked): void {
  const mine = me.peek()?.user;
  if (!mine) return;
  const all = change(read(mine));
  if (Object.keys(all).length > 0) kept.set(key(mine), JSON.stringify(all));
  else kept.remove(key(mine));
  requested.value = new Set(Object.keys(all));
}

function read(of: string): Asked {
  const now = serverNow();
  const all = recall<Asked>(kept, key(of), (value) => (typeof value === "object" ? (value as Asked) : null), {});
  return Object.fromEntries(Object.entries(all).filter(([, until]) => typeof until === "number" && until > now));
}

function key(of: string): string {
  return `asked.${of}`;
}
