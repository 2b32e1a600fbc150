/** Rooms I am muted in: whoever was away when it began learns it from a refusal. */
import { effect } from "@preact/signals";
import { Refusal } from "../../client/index.ts";
import { client, serverNow } from "../api.ts";
import { mutedIn } from "../state/rooms.ts";

/** Start; call once. */
export function startHush(): void {
  effect(() => client.value?.onOutgoing(({ room, refusal }) => {
    if (room === null || !(refusal instanceof Refusal) || refusal.name !== "user.muted") return;
    mutedIn.value = new Map(mutedIn.peek()).set(room, serverNow() + refusal.retryAfterMs);
  }));
}
