/** When I may speak again in a room I am muted in. */
import { effect } from "@preact/signals";
import { Refusal } from "../../client/index.ts";
import { client, hear, serverNow } from "../api.ts";
import { mutedIn } from "../state/rooms.ts";

/** Start; call once. The server says when a mute begins or ends; whoever was away then learns it from a refusal. */
export function startHush(): void {
  hear("room.muted", ({ d }) => silence(d.room, d.until));
  hear("room.unmuted", ({ d }) => silence(d.room, 0));
  effect(() => client.value?.onOutgoing(({ room, refusal }) => {
    if (room !== null && refusal instanceof Refusal && refusal.name === "user.muted") silence(room, serverNow() + refusal.retryAfterMs);
  }));
}

function silence(room: string, until: number): void {
  const next = new Map(mutedIn.peek());
  if (until > serverNow()) next.set(room, until);
  else next.delete(room);
  mutedIn.value = next;
}
