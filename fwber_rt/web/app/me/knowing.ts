/** What the server knows of me: my account, my consents, what I share. Asked with every new connection. */
import { effect } from "@preact/signals";
import { ask, hear, link, who } from "../api.ts";
import { leave } from "../place/being.ts";
import { account } from "../state/account.ts";
import { blocked, muted } from "../state/relations.ts";
import { consented, sharing, shown } from "../state/place.ts";

/** Start; call once. */
export function startKnowing(): void {
  hear("location.shown", ({ d }) => {
    shown.value = d.cell;
    if (d.cell === null) void follow();
  });
  hear("location.left", leave); // on another device: this one must not put me back with its next fix
  hear("account", ({ d }) => {
    const now = account.peek();
    if (now) account.value = { ...now, user: { ...now.user, name: d.name } };
  });
  effect(() => {
    if (link.value.state === "open") void know();
  });
  let before: string | null = null;
  effect(() => {
    const now = who.value.kind === "nobody" ? null : who.value.user.user;
    if (before !== null && now !== before) forget();
    before = now;
  });
}

/** Ask for it all again; whether it was told. */
export async function know(): Promise<boolean> {
  try {
    const [mine, shared] = await Promise.all([ask("account.me", {}), ask("location.sharing", {})]);
    account.value = mine;
    sharing.value = shared;
    shown.value = shared.shown;
    consented.value = mine.consents.includes("location");
    return true;
  } catch {
    return false; // asked again with the next connection; until then what is not known is not shown
  }
}

/** Nobody sees me any more: by choice, or because consent was taken back, and then nothing may go on as before. */
async function follow(): Promise<void> {
  if ((await know()) && consented.peek() === false) leave();
}

/** Nothing of somebody who left is shown to whoever comes next. */
function forget(): void {
  leave();
  account.value = null;
  sharing.value = null;
  consented.value = null;
  blocked.value = new Set();
  muted.value = new Set();
}
