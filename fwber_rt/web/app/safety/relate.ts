/** Blocking and muting, and the lists of whom. */
import { effect } from "@preact/signals";
import type { Related, Relation } from "../../client/index.ts";
import { ask, hear, link } from "../api.ts";
import { lose } from "../people/looking.ts";
import { blocked, muted } from "../state/relations.ts";

/** Start; call once. */
export function startRelations(): void {
  hear("relation", ({ d }) => learn(d));
  effect(() => {
    if (link.value.state === "open") void learnAll();
  });
}

/** `note` is for my eyes only: the lists have no names. */
export async function block(user: string, note = ""): Promise<void> {
  learn(await ask("user.block", { user, ...(note ? { note } : {}) }));
}

export async function unblock(user: string): Promise<void> {
  learn(await ask("user.unblock", { user }));
}

export async function mute(user: string, note = ""): Promise<void> {
  learn(await ask("user.mute", { user, ...(note ? { note } : {}) }));
}

export async function unmute(user: string): Promise<void> {
  learn(await ask("user.unmute", { user }));
}

/** Everybody on one of the lists, newest first. */
export async function listed(op: "user.blocks" | "user.mutes"): Promise<Related[]> {
  const found: Related[] = [];
  let cursor = "";
  do {
    const page = await ask(op, { limit: 100, ...(cursor ? { cursor } : {}) });
    found.push(...page.users);
    cursor = page.next ?? "";
  } while (cursor);
  return found.sort((a, b) => b.at - a.at);
}

async function learnAll(): Promise<void> {
  try {
    const [blocks, mutes] = [await listed("user.blocks"), await listed("user.mutes")];
    blocked.value = new Set(blocks.map(({ user }) => user));
    muted.value = new Set(mutes.map(({ user }) => user));
  } catch {
    // The marks are missing until the next connection; the server hides whom it has to, all the same.
  }
}

function learn(now: Relation): void {
  blocked.value = toggled(blocked.peek(), now.user, now.blocked);
  muted.value = toggled(muted.peek(), now.user, now.muted);
  if (now.blocked) lose(now.user);
}

function toggled(set: ReadonlySet<string>, user: string, on: boolean): ReadonlySet<string> {
  const next = new Set(set);
  if (on) next.add(user);
  else next.delete(user);
  return next;
}
