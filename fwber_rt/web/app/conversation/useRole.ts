/** What I am in a room: asked for only where it matters, since the list of members is long. */
import { useEffect, useState } from "preact/hooks";
import type { RoomView } from "../../client/index.ts";
import { ask, client, link } from "../api.ts";
import { me } from "../state/people.ts";

const PAGE = 100;
const MOST_PAGES = 10; // in a larger room one who need not be slow may be told to be; the server lets them speak all the same

/** Whether I must be slow in a room: its moderators need not. */
export function useSlow(room: RoomView | null): boolean {
  const [slow, setSlow] = useState(false);
  const open = link.value.state === "open";
  const [id, user, owner, ms] = [room?.room ?? "", me.value?.user ?? "", room?.owner ?? "", room?.slow_ms ?? 0];
  useEffect(() => {
    let current = true;
    if (ms === 0 || owner === user || !open) setSlow(false);
    else void roleIn(id, user).then((role) => { if (current) setSlow(role === "member"); });
    const undo = client.peek()?.on("member.role", ({ d }) => { if (d.room === id && d.user === user) setSlow(ms > 0 && d.role === "member"); });
    return () => {
      current = false;
      undo?.();
    };
  }, [id, user, owner, ms, open]);
  return slow;
}

async function roleIn(room: string, user: string): Promise<string> {
  let cursor = "";
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const page = await ask("room.members", { room, limit: PAGE, ...(cursor ? { cursor } : {}) }).catch(() => null);
    const found = page?.members.find((member) => member.user === user);
    if (found) return found.role;
    cursor = page?.next ?? "";
    if (!cursor) break;
  }
  return "member";
}
