/**
 * What is said, from the connection to what the page knows of it: the conversation that is open, what is unread in the others,
 * who is writing, my messages on their way, notifications. A hundred messages a second are one change per frame.
 */
import { effect, signal, type ReadonlySignal } from "@preact/signals";
import { Closed, type Outgoing, type Push } from "../../client/index.ts";
import { ask, client, hear, link } from "../api.ts";
import { gather } from "../state/frame.ts";
import { nameOf, remember } from "../state/names.ts";
import { me } from "../state/people.ts";
import { heard } from "../state/place.ts";
import { mine } from "../state/rooms.ts";
import { t } from "../text.ts";
import { startCatching } from "./catching.ts";
import { Conversation, type Histories } from "./Conversation.ts";
import { line, said, type Entry, type Said } from "./entries.ts";
import { startHush } from "./hush.ts";
import { HERE } from "./marks.ts";
import { tell } from "./notes.ts";
import { stored } from "./outgoing.ts";
import { patiently } from "./patience.ts";
import { startRefused } from "./refused.ts";
import { forgetRead, haveMissed, haveRead, startReading } from "./reading.ts";
import { still, stops, writes, type Writer } from "./typing.ts";
import { newest } from "./timeline.ts";

const current = signal<Conversation | null>(null);
const writing = signal<readonly Writer[]>([]);
const sent = signal<readonly Outgoing[]>([]);
const reads = signal<ReadonlyMap<string, number>>(new Map());

/** The conversation on the screen. */
export const open: ReadonlySignal<Conversation | null> = current;
/** Who is writing in it. */
export const writers: ReadonlySignal<readonly Writer[]> = writing;
/** My messages that are not stored, and the latest that are, of all conversations. */
export const outgoing: ReadonlySignal<readonly Outgoing[]> = sent;
/** How far others have read in it, where they share that, by user. */
export const readers: ReadonlySignal<ReadonlyMap<string, number>> = reads;

/** Start; call once. */
export function startTalk(): void {
  startReading();
  startCatching();
  startHush();
  startRefused();
  hearMessages();
  hearMembers();
  followOutgoing();
  hear("typing", ({ s, d }) => { if (s === streamOfOpen() && d.user !== me.peek()?.user) writing.value = writes(writing.peek(), d.user, d.name, performance.now()); });
  hear("read", ({ s, d }) => { if (s === streamOfOpen()) reads.value = new Map(reads.peek()).set(d.user, Math.max(d.o, reads.peek().get(d.user) ?? 0)); });
  hear("stream.lost", ({ s }) => { if (s !== null) current.peek()?.miss(s); });
  hear("room.delete", ({ d }) => forgetRead(d.room));
  setInterval(() => { writing.value = still(writing.peek(), performance.now()); }, 1000);
  effect(() => {
    const cells = heard.value;
    if (current.value?.id === HERE) current.value.listen([...cells].map((cell) => `cell:${cell}`));
  });
  effect(() => {
    if (link.value.state === "open" && current.value?.error.peek()) void current.value.loadOlder();
  });
  document.addEventListener("visibilitychange", look);
}

/** Show a conversation, until `leave`. */
export function enter(id: string): Conversation {
  const made = new Conversation(id, history);
  writing.value = [];
  reads.value = new Map();
  current.value = made;
  if (id !== HERE) made.listen([`room:${id}`]);
  return made;
}

export function leave(conversation: Conversation): void {
  conversation.close();
  if (current.peek() === conversation) current.value = null;
}

/** The newest end of the open conversation is in sight: it is read. */
export function look(): void {
  const now = current.peek();
  const last = now && newest(now.timeline.peek());
  if (!now || !last || document.visibilityState !== "visible" || !now.following || now.timeline.peek().cut) return;
  haveRead(now.id, last);
}

/** Say something in a conversation. Throws OutboxFull, and Closed when nobody is signed in any more. */
export function speak(id: string, text: string): void {
  const to = client.peek();
  if (!to) throw new Closed();
  if (id === HERE) to.say(text);
  else to.send(id, text);
}

const history: Histories = (s, at) => {
  const room = roomOf(s);
  const { after: _, ...back } = at;
  const page = () => (room !== null ? ask("message.history", { room, ...at }) : ask("here.history", { s, ...back }));
  return patiently(page, (ms) => new Promise((done) => setTimeout(done, ms)));
};

function hearMessages(): void {
  const take = gather<Entry>(takeAll);
  const each = (push: Push<"message.new" | "here.message">): void => {
    const entry = said(push.d, push.s, push.o);
    if (entry) take(entry);
  };
  hear("message.new", each);
  hear("here.message", each);
}

function hearMembers(): void {
  const take = gather<Entry>((lines) => current.peek()?.take(lines));
  const each = (push: Push<"member.join" | "member.leave" | "member.role">): void => {
    if ("name" in push.d) remember(push.d.user, push.d.name);
    const entry = push.s === streamOfOpen() ? line(push, (user) => nameOf(user) ?? t("person.somebody")) : null;
    if (entry) take(entry);
  };
  hear("member.join", each);
  hear("member.leave", each);
  hear("member.role", each);
}

/** All that was said since the last frame. */
function takeAll(entries: readonly Entry[]): void {
  const messages = entries.filter((entry): entry is Said => entry.kind === "said");
  for (const { user, name } of messages) if (name) remember(user, name);
  const now = current.peek();
  now?.take(messages.filter(({ s }) => conversationOf(s) === now.id));
  writing.value = stops(writing.peek(), new Set(messages.map(({ user }) => user)));
  look();
  const self = me.peek()?.user;
  for (const [id, came] of byConversation(messages.filter(({ user }) => user !== self))) {
    const looked = now?.id === id && now.following && document.visibilityState === "visible";
    if (!looked) haveMissed(id, came);
    const last = came.at(-1);
    if (last) tell(id, id === HERE ? t("nav.here") : (mine.peek().get(id)?.name ?? t("nav.rooms")), last);
  }
}

function byConversation(messages: readonly Said[]): Map<string, Said[]> {
  const groups = new Map<string, Said[]>();
  for (const message of messages) {
    const id = conversationOf(message.s);
    const group = groups.get(id);
    if (group) group.push(message);
    else groups.set(id, [message]);
  }
  return groups;
}

function followOutgoing(): void {
  const take = gather<Outgoing>((changed) => {
    sent.value = [...(client.peek()?.outgoing ?? [])];
    const self = me.peek();
    const now = current.peek();
    if (!now || !self) return;
    const mine = changed.filter(({ room }) => (room ?? HERE) === now.id).flatMap((message) => stored(message, self) ?? []);
    if (mine.length > 0) now.take(mine);
    look();
  });
  effect(() => {
    const now = client.value;
    sent.value = [...(now?.outgoing ?? [])];
    return now?.onOutgoing(take);
  });
}

function streamOfOpen(): string | null {
  const id = current.peek()?.id;
  return id === undefined || id === HERE ? null : `room:${id}`;
}

function roomOf(s: string): string | null {
  return s.startsWith("room:") ? s.slice("room:".length) : null;
}

function conversationOf(s: string): string {
  return roomOf(s) ?? HERE;
}
