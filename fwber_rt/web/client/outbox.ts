/**
 * My messages on their way: kept from the moment they are written until the server has them, over reloads and crashes.
 *
 * A message's nonce names it for ever, and the server stores it once however often it is sent. Before the first send it is noted
 * that there was one, so that whoever sends it again (after a loss, in a reloaded page, in another tab) has the server look for it
 * (`retry`). One message per room is under way at a time, which keeps their order. What another tab wrote and has not sent after a
 * while is sent by this one too: that tab may be gone.
 */
import { type Environment, nonce, type Store, type Timer } from "./environment.ts";
import { Closed, isRecord, Lost, Refusal, refusalOf } from "./errors.ts";
import { backoffMs } from "./reconnect.ts";
import type { ErrorBody, Sent } from "./schema.ts";

/** `sending`: on its way, or waiting for a connection. `stored`: the server has it for good. `failed`: refused, see `refusal`. */
export type Delivery = "sending" | "stored" | "failed";

/** A message of mine, as it is now; a change of it is a new object with the same `nonce`. */
export interface Outgoing {
  readonly nonce: string;
  /** A room's id; null: to whoever hears my hexagon. */
  readonly room: string | null;
  readonly text: string;
  readonly reply_to: string | null;
  /** When it was written, by the server's clock. */
  readonly at: number;
  readonly delivery: Delivery;
  /** Why it failed; while it is being sent, why it has to wait. */
  readonly refusal: Refusal | null;
  /** Its place once it is stored. */
  readonly sent: Sent | null;
}

/** Too many messages wait already; this one was not taken. */
export class OutboxFull extends Error {
  override readonly name = "OutboxFull";
}

export const MOST_WAITING = 200;
const MOST_STORED = 200;
/** A message that may only be sent later than this has failed: its writer decides. */
const LONGEST_WAIT_MS = 60_000;
/** How long another tab has for sending what it wrote. */
const ADOPT_MS = 10_000;

export type Deliver = (op: "message.send" | "here.say", d: object, doubtful: boolean) => Promise<Sent>;

interface Item {
  message: Outgoing;
  tried: boolean;
}

interface Lane {
  busy: boolean;
  attempt: number;
  timer: Timer | null;
}

export class Outbox {
  readonly #environment: Environment;
  readonly #store: Store;
  readonly #prefix: string;
  readonly #deliver: Deliver;
  readonly #tell: (message: Outgoing) => void;
  readonly #items = new Map<string, Item>();
  readonly #lanes = new Map<string | null, Lane>();
  readonly #unwatch: (() => void) | undefined;
  #open = false;
  #adopting: Timer = null;

  /** `user`: whose messages; those of others in the same store are left alone. */
  constructor(environment: Environment, store: Store, user: string, deliver: Deliver, tell: (message: Outgoing) => void) {
    this.#environment = environment;
    this.#store = store;
    this.#prefix = `out.${user}.`;
    this.#deliver = deliver;
    this.#tell = tell;
    for (const item of this.#kept()) this.#items.set(item.message.nonce, item);
    this.#unwatch = store.watch?.((key) => { if (key.startsWith(this.#prefix)) this.#notice(key.slice(this.#prefix.length)); });
  }

  /** Send nothing any more; what waits stays in the store. */
  close(): void {
    this.open = false;
    this.#unwatch?.();
    this.#environment.cancel(this.#adopting);
  }

  /** Oldest first: those that are not stored, and the latest that are. */
  get messages(): Outgoing[] {
    return [...this.#items.values()].map((item) => item.message);
  }

  add(room: string | null, text: string, replyTo: string | null, at: number): Outgoing {
    const waiting = this.messages.filter((message) => message.delivery !== "stored").length;
    if (waiting >= MOST_WAITING) throw new OutboxFull(`${waiting} messages wait to be sent`);
    const message: Outgoing = {
      nonce: nonce(this.#environment), room, text, reply_to: replyTo, at, delivery: "sending", refusal: null, sent: null,
    };
    this.#put({ message, tried: false });
    this.#pump(room);
    return message;
  }

  /** Send a failed message again. */
  retry(nonce: string): void {
    const item = this.#items.get(nonce);
    if (item?.message.delivery !== "failed") return;
    if (this.#store.get(this.#prefix + nonce) === null) return this.#forget(item); // given up in another tab
    this.#put({ message: { ...item.message, delivery: "sending", refusal: null }, tried: true });
    this.#pump(item.message.room);
  }

  /** Give a failed message up. */
  discard(nonce: string): void {
    const item = this.#items.get(nonce);
    if (item?.message.delivery === "failed") this.#forget(item);
  }

  /** Give up all that is not stored. */
  takeBack(): Outgoing[] {
    const waiting = this.messages.filter(({ delivery }) => delivery !== "stored");
    for (const { nonce } of waiting) this.#remove(nonce);
    return waiting;
  }

  /** There is a connection, or there is none. */
  set open(open: boolean) {
    this.#open = open;
    for (const lane of this.#lanes.values()) this.#pause(lane, null);
    if (open) for (const room of new Set(this.messages.map((message) => message.room))) this.#pump(room);
  }

  /** Another tab wrote, sent or gave up a message. */
  #notice(nonce: string): void {
    const item = this.#items.get(nonce);
    if (this.#store.get(this.#prefix + nonce) === null) {
      if (item?.message.delivery === "failed") this.#forget(item);
    } else if (!item) {
      this.#adopting ??= this.#environment.later(ADOPT_MS, () => this.#adopt());
    }
  }

  #adopt(): void {
    this.#adopting = null;
    for (const item of this.#kept()) {
      const { nonce, room, delivery } = item.message;
      if (delivery !== "sending" || this.#items.has(nonce)) continue;
      this.#items.set(nonce, item);
      this.#tell(item.message);
      this.#pump(room);
    }
  }

  /** Send the oldest waiting message of a room, unless one is under way. */
  #pump(room: string | null): void {
    const lane = this.#lane(room);
    if (!this.#open || lane.busy || lane.timer !== null) return;
    const next = [...this.#items.values()].find(({ message }) => message.room === room && message.delivery === "sending");
    if (next) void this.#send(next, lane);
  }

  async #send(item: Item, lane: Lane): Promise<void> {
    const { nonce, room, text, reply_to } = item.message;
    const doubtful = item.tried;
    const d = { nonce, text, ...(doubtful && { retry: true }), ...(room !== null && { room }), ...(reply_to !== null && { reply_to }) };
    lane.busy = true;
    item.tried = true;
    this.#write(item);
    try {
      const sent = await this.#deliver(room === null ? "here.say" : "message.send", d, doubtful);
      lane.attempt = 0;
      this.#stored(item, sent);
    } catch (error) {
      this.#failed(item, lane, error);
    } finally {
      lane.busy = false;
    }
    this.#pump(room);
  }

  #stored(item: Item, sent: Sent): void {
    this.#store.remove(this.#prefix + item.message.nonce);
    this.#change(item, { ...item.message, delivery: "stored", refusal: null, sent });
    const stored = [...this.#items.values()].filter(({ message }) => message.delivery === "stored");
    for (const old of stored.slice(0, -MOST_STORED)) this.#items.delete(old.message.nonce);
  }

  #failed(item: Item, lane: Lane, error: unknown): void {
    if (error instanceof Closed) return; // it stays as it is, for the next time
    if (!(error instanceof Refusal)) {
      const why = error instanceof Lost ? error.message : String(error);
      const refusal = refusalOf({ code: 0, name: "lost", message: why, temporary: true });
      if (error instanceof Lost && error.code === 1009) return this.#refuse(item, refusal);
      return this.#pause(lane, backoffMs(++lane.attempt, this.#environment.random), item.message.room);
    }
    if (!error.temporary || error.retryAfterMs > LONGEST_WAIT_MS) return this.#refuse(item, error);
    const waitMs = error.retryAfterMs + backoffMs(lane.attempt++, this.#environment.random);
    this.#change(item, { ...item.message, refusal: error });
    this.#pause(lane, waitMs, item.message.room);
  }

  #refuse(item: Item, refusal: Refusal | null): void {
    this.#put({ message: { ...item.message, delivery: "failed", refusal }, tried: true });
  }

  /** Wait before the lane's next message; null: wait no longer. */
  #pause(lane: Lane, ms: number | null, room: string | null = null): void {
    if (lane.timer !== null) this.#environment.cancel(lane.timer);
    lane.timer = null;
    if (ms === null) return;
    lane.timer = this.#environment.later(ms, () => {
      lane.timer = null;
      this.#pump(room);
    });
  }

  #lane(room: string | null): Lane {
    const lane = this.#lanes.get(room) ?? { busy: false, attempt: 0, timer: null };
    this.#lanes.set(room, lane);
    return lane;
  }

  #put(item: Item): void {
    this.#items.set(item.message.nonce, item);
    this.#write(item);
    this.#tell(item.message);
  }

  #change(item: Item, message: Outgoing): void {
    item.message = message;
    this.#tell(message);
  }

  #forget(item: Item): void {
    this.#remove(item.message.nonce);
    this.#tell({ ...item.message, delivery: "failed", refusal: null });
  }

  #remove(nonce: string): void {
    this.#items.delete(nonce);
    this.#store.remove(this.#prefix + nonce);
  }

  #write({ message, tried }: Item): void {
    const { nonce, sent: _, refusal, ...rest } = message;
    this.#store.set(this.#prefix + nonce, JSON.stringify({ ...rest, tried, refusal: refusal?.body ?? null }));
  }

  /** What an earlier page left, oldest first. */
  #kept(): Item[] {
    const names = this.#store.keys().filter((key) => key.startsWith(this.#prefix));
    const items = names.flatMap((key) => read(key.slice(this.#prefix.length), this.#store.get(key)) ?? []);
    return items.sort((a, b) => a.message.at - b.message.at);
  }
}

function read(nonce: string, text: string | null): Item | null {
  let kept: unknown = null;
  try {
    kept = JSON.parse(text ?? "null");
  } catch {
    return null;
  }
  if (!isRecord(kept) || typeof kept.text !== "string") return null;
  const { room, text: words, reply_to, at, delivery, refusal, tried } = kept;
  const message: Outgoing = {
    nonce,
    text: words,
    room: typeof room === "string" ? room : null,
    reply_to: typeof reply_to === "string" ? reply_to : null,
    at: typeof at === "number" ? at : 0,
    delivery: delivery === "failed" ? "failed" : "sending",
    refusal: refusalOf(refusal as ErrorBody | null),
    sent: null,
  };
  return { message, tried: tried === true };
}
