/**
 * Whose is what was typed in this tab. Whoever signs out takes it along, and the next account does not find it. Only a guest whose
 * visit has ended comes back as another user: what they had typed waits for whoever comes in next in this tab.
 */
import { effect } from "@preact/signals";
import type { Who } from "../../client/index.ts";
import { who } from "../api.ts";
import { ownerAfter } from "../state/owner.ts";
import { tab } from "../state/store.ts";
import { forgetTyped } from "../state/typed.ts";

const OWNER = "owner";

/** Start; call once. */
export function startOwner(): void {
  let before: Who = { kind: "nobody" };
  effect(() => {
    const [was, now] = [before, who.value];
    before = now;
    const owner = ownerAfter(tab.get(OWNER), was, now);
    if (owner === null || owner.forget) forgetTyped();
    if (owner === null) tab.remove(OWNER);
    else tab.set(OWNER, owner.name);
  });
}
