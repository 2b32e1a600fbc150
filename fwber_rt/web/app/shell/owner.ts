/**
 * Whose is what was typed in this tab. Whoever signs out takes it along, and the next account does not find it. Only a guest whose
 * visit has ended comes back as another user: what they had typed, or said and nobody heard, waits for whoever comes in next in
 * this tab. Nothing else stays of guests who are gone, and of whoever had everything deleted.
 */
import { effect } from "@preact/signals";
import type { Who } from "../../client/index.ts";
import { client, who } from "../api.ts";
import { giveBack } from "../conversation/drafts.ts";
import { HERE } from "../conversation/marks.ts";
import { farewell } from "../state/farewell.ts";
import { ownerAfter } from "../state/owner.ts";
import { forgetUser, tab } from "../state/store.ts";
import { forgetTyped } from "../state/typed.ts";

const OWNER = "owner";

/** Start; call once. */
export function startOwner(): void {
  let before: Who = { kind: "nobody" };
  effect(() => {
    const was = before;
    const now: Who = who.value.kind === "nobody" && farewell.peek() ? { kind: "nobody" } : who.value; // nobody comes back
    before = now;
    if (was.kind !== "nobody" && now.kind === "nobody" && (was.kind === "guest" || farewell.peek())) part(was.user.user, Boolean(now.why));
    const owner = ownerAfter(tab.get(OWNER), was, now);
    if (owner === null || owner.forget) forgetTyped();
    if (owner === null) tab.remove(OWNER);
    else tab.set(OWNER, owner.name);
  });
}

/** Somebody is no more; `back`: a guest who may come back as another. */
function part(user: string, back: boolean): void {
  const unheard = client.peek()?.takeBack() ?? [];
  if (back) for (const { room, text } of unheard.reverse()) giveBack(room ?? HERE, text);
  forgetUser(user);
}
