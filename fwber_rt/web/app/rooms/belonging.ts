/** The rooms I am in, and those I may come into: learned with each connection, kept by what the server says. */
import { batch, effect } from "@preact/signals";
import type { MyInvitation, RoomView } from "../../client/index.ts";
import { ask, client, hear, link, who } from "../api.ts";
import { say } from "../state/notices.ts";
import { me } from "../state/people.ts";
import { found, invitations, mine, mutedIn, outOf, type Out } from "../state/rooms.ts";
import { t } from "../text.ts";
import { answered, startAsking } from "./asking.ts";
import { startFinding } from "./finding.ts";

const ROOM = "room:";
const MOST_INVITATIONS = 500;
/** What rooms that were looked at are called; those of one visit. */
const names = new Map<string, string>();

/** Start; call once. */
export function startRooms(): void {
  effect(() => {
    if (who.value.kind === "nobody") forgetAll();
    else if (link.value.state === "open") learnAll();
  });
  hear("streams", learnAll);
  hear("stream.left", ({ s }) => { if (s?.startsWith(ROOM)) leave(s.slice(ROOM.length)); });
  hear("stream.lost", ({ s }) => { if (s?.startsWith(ROOM)) learnRoom(s.slice(ROOM.length)).catch(ignore); });
  hear("room.update", ({ d }) => change(d.room));
  hear("room.delete", ({ d }) => gone(d.room));
  hear("member.join", ({ d }) => count(d.room, d.user, 1));
  hear("member.leave", ({ d }) => (d.user === me.peek()?.user ? leftBy(d.room, d.reason) : count(d.room, d.user, -1)));
  startAsking();
  startFinding();
}

/** I am in this room now; or it is another one now. */
export function belong(room: RoomView): void {
  names.set(room.room, room.name);
  batch(() => {
    mine.value = new Map(mine.peek()).set(room.room, room);
    invitations.value = without(invitations.peek(), room.room);
    outOf.value = without(outOf.peek(), room.room);
    answered(room.room);
  });
}

/** I am no longer in it, and not because I wanted to; said where its conversation was. */
export function putOut(room: string, why: Out): void {
  batch(() => {
    outOf.value = new Map(outOf.peek()).set(room, why);
    leave(room);
  });
}

/** What I call a room: its name, where I know it. */
export function nameOfRoom(id: string): string {
  return (mine.peek().get(id) ?? found.peek().get(id) ?? invitations.peek().get(id)?.room)?.name ?? names.get(id) ?? t("room.some");
}

/** I am no longer in it. */
export function leave(room: string): void {
  if (mine.peek().has(room)) mine.value = without(mine.peek(), room);
}

/** It is no longer there. */
export function end(room: string): void {
  batch(() => {
    leave(room);
    found.value = without(found.peek(), room);
    invitations.value = without(invitations.peek(), room);
  });
}

/** Ask for the invitations I have. */
export async function learnInvitations(): Promise<void> {
  const all = new Map<string, MyInvitation>();
  let cursor = "";
  do {
    const page = await ask("room.invitations.mine", { limit: 50, ...(cursor ? { cursor } : {}) });
    for (const invitation of page.invitations) all.set(invitation.room.room, invitation);
    cursor = page.next ?? "";
  } while (cursor && all.size < MOST_INVITATIONS);
  invitations.value = all;
}

/** One room as it is now; it is put where it belongs. */
export async function learnRoom(id: string): Promise<RoomView> {
  const room = await ask("room.get", { room: id });
  names.set(id, room.name);
  if (room.s) {
    mine.value = new Map(mine.peek()).set(id, room);
    outOf.value = without(outOf.peek(), id);
  } else leave(id);
  return room;
}

function leftBy(room: string, reason: string): void {
  if (reason === "outside") {
    say(t("room.walked", { room: nameOfRoom(room) }));
    putOut(room, { why: "outside", until: null, reason: "" });
  } else if (reason === "removed" && !outOf.peek().has(room)) putOut(room, { why: "kicked", until: null, reason: "" });
  else leave(room);
}

/** It has ended. Whoever ended it was told so, and is out of it already. */
function gone(room: string): void {
  if (mine.peek().has(room)) {
    say(t("room.over", { room: nameOfRoom(room) }));
    putOut(room, { why: "ended", until: null, reason: "" });
  }
  end(room);
}

function learnAll(): void {
  const now = (client.peek()?.streams ?? []).filter((s) => s.startsWith(ROOM)).map((s) => s.slice(ROOM.length));
  const known = mine.peek();
  const kept = now.flatMap((id) => { const room = known.get(id); return room ? [[id, room] as const] : []; });
  if (kept.length !== known.size) mine.value = new Map(kept);
  void learnEach(now.filter((id) => !known.has(id)));
  learnInvitations().catch(ignore);
}

async function learnEach(ids: readonly string[]): Promise<void> {
  for (const id of ids) await learnRoom(id).catch(ignore); // one that ended meanwhile is none of mine
}

/** A push is the same for everybody and does not say how many there are. */
function change(room: RoomView): void {
  const changed = <T extends ReadonlyMap<string, RoomView>>(rooms: T): ReadonlyMap<string, RoomView> => {
    const before = rooms.get(room.room);
    return before ? new Map(rooms).set(room.room, { ...before, ...room }) : rooms;
  };
  batch(() => {
    mine.value = changed(mine.peek());
    found.value = changed(found.peek());
  });
}

function count(id: string, user: string, by: number): void {
  const room = mine.peek().get(id);
  if (!room || typeof room.members !== "number" || user === me.peek()?.user) return;
  mine.value = new Map(mine.peek()).set(id, { ...room, members: Math.max(1, room.members + by) });
}

function forgetAll(): void {
  batch(() => {
    for (const state of [mine, found]) if (state.peek().size > 0) state.value = new Map();
    if (invitations.peek().size > 0) invitations.value = new Map();
    if (outOf.peek().size > 0) outOf.value = new Map();
    if (mutedIn.peek().size > 0) mutedIn.value = new Map();
  });
}

export function without<T>(map: ReadonlyMap<string, T>, key: string): ReadonlyMap<string, T> {
  if (!map.has(key)) return map;
  const next = new Map(map);
  next.delete(key);
  return next;
}

function ignore(): void {
  // It is asked again with the next connection; the banner says when there is none.
}
