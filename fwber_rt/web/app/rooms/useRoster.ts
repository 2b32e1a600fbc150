/** The members of a room I am in, page by page, and what I am among them. */
import { signal } from "@preact/signals";
import { useEffect, useMemo } from "preact/hooks";
import type { MemberView } from "../../client/index.ts";
import { ask, hear, link, serverNow } from "../api.ts";
import { remember } from "../state/names.ts";
import { me } from "../state/people.ts";
import { after, joinedTo, type MemberPush } from "./roster.ts";

const PAGE = 100;
const MOST_PAGES = 10; // to find myself in; who keeps order in a larger room sees the tools once they scrolled to themselves

interface Roster {
  readonly room: string;
  readonly members: readonly MemberView[];
  readonly next: string;
}

const NONE: Roster = { room: "", members: [], next: "" };
const current = signal<Roster>(NONE);
let asked = 0;
let hearing = false;

export interface Members {
  readonly members: readonly MemberView[];
  /** There are more. */
  readonly open: boolean;
  readonly more: () => Promise<void>;
}

/** `here`: whether I am in it; who is not is told of nobody. */
export function useRoster(room: string, here: boolean): Members {
  useMemo(startHearing, []);
  const open = link.value.state === "open";
  useEffect(() => {
    if (here && open) begin(room).catch(() => undefined); // the banner tells, and it is asked again
    return () => { asked += 1; };
  }, [room, here, open]);
  const { members, next, room: of } = current.value;
  return here && of === room ? { members, open: next !== "", more: () => page(room) } : { members: [], open: false, more: () => page(room) };
}

function startHearing(): void {
  if (hearing) return;
  hearing = true;
  const take = (push: MemberPush): void => {
    const now = current.peek();
    if (push.d.room !== now.room) return;
    if ("name" in push.d) remember(push.d.user, push.d.name);
    current.value = { ...now, members: after(now.members, push, serverNow()) };
  };
  hear("member.join", take);
  hear("member.leave", take);
  hear("member.role", take);
}

async function begin(room: string): Promise<void> {
  if (current.peek().room !== room) current.value = { ...NONE, room };
  const ours = ++asked;
  let all: MemberView[] = [];
  let cursor = "";
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    const got = await ask("room.members", { room, limit: PAGE, ...(cursor ? { cursor } : {}) });
    if (ours !== asked) return;
    all = joinedTo(all, known(got.members));
    cursor = got.next ?? "";
    if (!cursor || all.some(({ user }) => user === me.peek()?.user)) break;
  }
  current.value = { room, members: all, next: cursor };
}

async function page(room: string): Promise<void> {
  const { next } = current.peek();
  if (!next || current.peek().room !== room) return;
  const got = await ask("room.members", { room, limit: PAGE, cursor: next });
  const now = current.peek();
  if (now.room === room) current.value = { room, members: joinedTo(now.members, known(got.members)), next: got.next ?? "" };
}

function known(members: MemberView[]): MemberView[] {
  for (const { user, name } of members) remember(user, name);
  return members;
}
