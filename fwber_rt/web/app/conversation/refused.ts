/** Messages of mine that were refused while I am elsewhere: told there, with the way back to them. */
import { effect } from "@preact/signals";
import { client } from "../api.ts";
import { explain } from "../explain.ts";
import { go, route } from "../router/router.ts";
import { say } from "../state/notices.ts";
import { mine } from "../state/rooms.ts";
import { t } from "../text.ts";

/** Start; call once. */
export function startRefused(): void {
  effect(() => client.value?.onOutgoing(({ room, delivery, refusal }) => {
    const now = route.peek();
    const here = room === null ? now.screen === "here" : now.screen === "room" && now.room === room;
    if (here || delivery !== "failed" || refusal === null) return; // without one it was given up
    const conversation = room === null ? t("nav.here") : (mine.peek().get(room)?.name ?? t("room.one"));
    const run = () => go(room === null ? { screen: "here" } : { screen: "room", room });
    say(t("talk.unsent", { conversation, why: explain(refusal) }), { bad: true, stay: true, about: `unsent/${room}`, action: { text: t("talk.unsent.look"), run } });
  }));
}
