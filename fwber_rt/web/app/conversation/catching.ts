/** What was said in my rooms while this page was not there: after a connection that could not resume, counted from the history. */
import { effect } from "@preact/signals";
import { ask, client, link } from "../api.ts";
import { me } from "../state/people.ts";
import { marks, recount } from "./reading.ts";

const ROOM = "room:";
const MOST_ROOMS = 20;
const MOST = 100; // the tabs say 99+ from there on

/** Start; call once. */
export function startCatching(): void {
  effect(() => {
    if (link.value.state === "open") void catchUp();
  });
}

async function catchUp(): Promise<void> {
  const [now, self] = [client.peek(), me.peek()?.user];
  const behind = Object.entries(now?.welcome?.streams ?? {}).flatMap(([s, { o, recovered }]) => {
    const mark = s.startsWith(ROOM) && !recovered ? marks.peek().get(s.slice(ROOM.length)) : undefined;
    return mark && mark.o < o ? [{ room: s.slice(ROOM.length), after: mark.o }] : [];
  });
  for (const { room, after } of behind.slice(0, MOST_ROOMS)) {
    const page = await ask("message.history", { room, after, limit: MOST }).catch(() => null);
    if (client.peek() !== now) return;
    if (page && marks.peek().get(room)?.o === after) recount(room, page.messages.filter(({ user }) => user !== self).length);
  }
}
