import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import type { RoomView } from "../../client/index.ts";
import { ask, link, serverNow } from "../api.ts";
import { moment } from "../format.ts";
import { say } from "../state/notices.ts";
import { asking } from "../state/rooms.ts";
import { t } from "../text.ts";
import { Avatar } from "../ui/Avatar.tsx";
import { Button } from "../ui/Button.tsx";
import { Name } from "../ui/Name.tsx";
import { asked, asksNoMore } from "./asking.ts";

interface Kept {
  readonly user: string;
  readonly name: string;
  /** Since when, until when, why. */
  readonly note: string;
}

interface Page {
  readonly kept: readonly Kept[];
  readonly next: string;
}

type Load = (room: string, cursor: string) => Promise<Page>;

const PAGE = 50;

/** Who is invited, kept out or silenced; for those who keep order. */
export function Keeping({ room }: { room: RoomView }) {
  const [open, setOpen] = useState(false);
  return (
    <>
      <div class="row"><Button look="quiet small" aria-expanded={open} onPress={() => setOpen(!open)}>{t("keep.lists")}</Button></div>
      {open ? <><Invited room={room.room} /><Banned room={room.room} /><Muted room={room.room} /></> : null}
    </>
  );
}

/** Who asks to be let in; for those who may answer. */
export function Requests({ room }: { room: string }) {
  const answer = async (op: "room.request.accept" | "room.request.decline", user: string): Promise<void> => {
    await ask(op, { room, user });
    asksNoMore(room, user);
    say(t(op === "room.request.accept" ? "keep.let" : "keep.refused"));
  };
  return (
    <List title={t("keep.requests")} none={t("keep.requests.none")} room={room} load={requests} again={asking.value.get(room)?.size ?? 0} tools={({ user, name }, gone) => (
      <>
        <Button look="main small" aria-label={t("keep.accept.who", { name })} onPress={async () => { await answer("room.request.accept", user); gone(); }}>{t("keep.accept")}</Button>
        <Button look="quiet small" aria-label={t("keep.refuse.who", { name })} onPress={async () => { await answer("room.request.decline", user); gone(); }}>{t("keep.refuse")}</Button>
      </>
    )} />
  );
}

function Invited({ room }: { room: string }) {
  return <Undoing title={t("keep.invited")} room={room} load={invited} word="keep.uninvite" undo={(user) => ask("room.uninvite", { room, user })} />;
}

function Banned({ room }: { room: string }) {
  return <Undoing title={t("keep.bans")} room={room} load={bans} word="keep.undo" undo={(user) => ask("room.unban", { room, user })} />;
}

function Muted({ room }: { room: string }) {
  return <Undoing title={t("keep.mutes")} room={room} load={mutes} word="keep.undo" undo={(user) => ask("room.unmute", { room, user })} />;
}

interface UndoProps { title: string; room: string; load: Load; word: "keep.undo" | "keep.uninvite"; undo: (user: string) => Promise<unknown> }

function Undoing({ title, room, load, word, undo }: UndoProps) {
  return (
    <List title={title} none={t("keep.none")} room={room} load={load} again={0} tools={({ user, name }, gone) => (
      <Button look="quiet small" aria-label={t(`${word}.who`, { name })} onPress={async () => { await undo(user); gone(); }}>{t(word)}</Button>
    )} />
  );
}

interface ListProps {
  title: string;
  none: string;
  room: string;
  load: Load;
  /** Another number: fetch it again. */
  again: number;
  tools: (kept: Kept, gone: () => void) => ComponentChildren;
}

function List({ title, none, room, load, again, tools }: ListProps) {
  const [page, setPage] = useState<Page | null>(null);
  const open = link.value.state === "open";
  useEffect(() => {
    if (!open) return undefined;
    let wanted = true;
    load(room, "").then((got) => { if (wanted) setPage(got); }, () => undefined); // fetched again with the next connection
    return () => { wanted = false; };
  }, [room, open, again]);
  const more = async (): Promise<void> => {
    const got = await load(room, page?.next ?? "");
    setPage((now) => ({ kept: [...(now?.kept ?? []), ...got.kept], next: got.next }));
  };
  const drop = (user: string): void => setPage((now) => now && { ...now, kept: now.kept.filter((kept) => kept.user !== user) });
  return (
    <section class="section">
      <h2 class="minor">{title}</h2>
      {page?.kept.length === 0 ? <p class="soft small">{none}</p> : null}
      <ul class="list">
        {page?.kept.map((kept) => (
          <li class="item wraps" key={kept.user}>
            <Avatar name={kept.name} user={kept.user} />
            <span class="texts"><span class="line"><Name name={kept.name} user={kept.user} twin /></span><span class="second" dir="auto">{kept.note}</span></span>
            {tools(kept, () => drop(kept.user))}
          </li>
        ))}
      </ul>
      {page?.next ? <div class="row"><Button look="quiet small" onPress={more}>{t("list.more")}</Button></div> : null}
    </section>
  );
}

function till(until: number | null | undefined): string {
  return until ? t("keep.until", { date: moment(until, serverNow()) }) : t("keep.ever");
}

function at(room: string, cursor: string): { room: string; limit: number; cursor?: string } {
  return { room, limit: PAGE, ...(cursor ? { cursor } : {}) };
}

async function requests(room: string, cursor: string): Promise<Page> {
  const got = await ask("room.requests", at(room, cursor));
  if (!cursor) asked(room, got.requests.map(({ user }) => user));
  return { kept: got.requests.map((one) => ({ ...one, note: t("keep.since", { date: moment(one.at, serverNow()) }) })), next: got.next ?? "" };
}

async function invited(room: string, cursor: string): Promise<Page> {
  const got = await ask("room.invitations", at(room, cursor));
  return { kept: got.invitations.map((one) => ({ ...one, note: till(one.until) })), next: got.next ?? "" };
}

async function bans(room: string, cursor: string): Promise<Page> {
  const got = await ask("room.bans", at(room, cursor));
  return { kept: got.bans.map((one) => ({ ...one, note: [till(one.until), one.reason].filter(Boolean).join(" · ") })), next: got.next ?? "" };
}

async function mutes(room: string, cursor: string): Promise<Page> {
  const got = await ask("room.mutes", at(room, cursor));
  return { kept: got.mutes.map((one) => ({ ...one, note: till(one.until) })), next: got.next ?? "" };
}
