/**
 * The client: one user's conversation with the server, over connections that come and go.
 *
 * Exactly-once has three parts: requests that may be repeated wait across a loss and are asked again after the resume (a message
 * with its nonce and `retry`, see outbox.ts); streams resume from the last push handed over, after a reload too; pushes already
 * seen are dropped. The reply to `connect` is understood before the replay behind it is read, since both come through `#take`.
 */
import { Calls, encode, repeatable } from "./calls.ts";
import { type Environment, nonce, type Store, type Timer } from "./environment.ts";
import { Closed, isRecord, Lost, Refusal, refusalOf, write } from "./errors.ts";
import { type Entry, Keeper } from "./keeper.ts";
import { type Deliver, Outbox, type Outgoing } from "./outbox.ts";
import { Positions } from "./positions.ts";
import type { Push, PushType } from "./push.ts";
import { type Bye, type Connected, type Fix, type Operations, PREFIX, type Sent, type SocketOp, type StreamAt } from "./schema.ts";
import type { Session } from "./session.ts";
import type { State, Statistics } from "./state.ts";

const CALL_MS = 15_000;
const SEND_MS = 60_000;
/** How long positions may be behind in what a reload resumes from; what lies between is replayed and dropped or shown again. */
const KEEP_MS = 1_000;
const HOLD_MS = 500;

export interface ClientOptions {
  /** Who; signed in. */
  session: Session;
  /** `name/version`. */
  name: string;
  environment: Environment;
  /** Where unsent messages are kept; shared by all tabs. */
  store: Store;
  /** Where what a resume needs is kept: of this tab alone (`sessionStorage`). */
  tab: Store;
}

/** `why`: why there is no connection. `retryInMs`: when it is tried again, counted from now; null: not, or it is being tried. */
export interface StateInfo {
  why: Error | null;
  retryInMs: number | null;
}

type Listener = (push: Push<never>) => void;

export class Client {
  readonly #environment: Environment;
  readonly #options: ClientOptions;
  readonly #user: string;
  readonly #keeper: Keeper;
  readonly #outbox: Outbox;
  readonly #calls = new Calls();
  readonly #positions = new Positions();
  readonly #pushListeners = new Map<string, Set<Listener>>();
  readonly #stateListeners = new Set<(state: State, info: StateInfo) => void>();
  readonly #outgoingListeners = new Set<(message: Outgoing) => void>();
  readonly #stopHearing: () => void;
  #state: State = "connecting";
  #info: StateInfo = { why: null, retryInMs: null };
  #welcome: Connected | null = null;
  #secret: string | null = null;
  #location: Fix | null = null;
  #locatedFrom = 0; // what earlier calls say of where I am is over
  #cleared: number | null = null; // when I left the map, as last told
  #clearing = 0; // how often that is being asked
  #clock: { server: number; at: number } | null = null;
  #written = 0;
  #keeping: Timer | null = null;
  #started = false;
  #counts = { connects: 0, pushes: 0, resumed: 0, lost: 0 };

  /** Throws TypeError when nobody is signed in. */
  constructor(options: ClientOptions) {
    const { session, environment, store } = options;
    if (session.who.kind === "nobody") throw new TypeError("sign in first");
    this.#options = options;
    this.#environment = environment;
    this.#user = session.who.user.user;
    const deliver: Deliver = (op, d) => this.#ask(op, d, SEND_MS, true) as Promise<Sent>;
    this.#outbox = new Outbox(environment, store, this.#user, deliver, (message) => {
      for (const call of [...this.#outgoingListeners]) this.#guarded(() => call(message));
    });
    this.#keeper = new Keeper(environment, session, socketUrl(session.url), {
      introduce: (entry) => this.#introduce(entry),
      take: (text) => this.#take(text),
      probe: () => void this.#probe(),
      lose: (code, reason, why, retryInMs) => this.#lose(code, reason, why, retryInMs),
    });
    this.#stopHearing = environment.onPage((event) => (event === "wake" ? this.#keeper.wake() : this.#keep()));
  }

  // Life.

  get state(): State {
    return this.#state;
  }

  get info(): StateInfo {
    return this.#info;
  }

  /** The last reply to `connect`; null before the first. */
  get welcome(): Connected | null {
    return this.#welcome;
  }

  /** Streams heard now: `room:123`, `cell:88...`, `user:7`. */
  get streams(): string[] {
    return this.#positions.streams;
  }

  /** The server's clock, milliseconds since the Unix epoch; the device's until the first connection. */
  serverNow(): number {
    if (!this.#clock) return this.#environment.wall();
    return Math.round(this.#clock.server + this.#environment.monotonic() - this.#clock.at);
  }

  /** Start connecting, and stay connected from then on. */
  start(): void {
    if (this.#started) return;
    this.#started = true;
    void this.#restore().then(() => this.#keeper.start());
  }

  /** Leave for good. Unsent messages stay in the store. */
  close(): void {
    if (this.#state === "closed") return;
    this.#keep();
    this.#keeper.close();
    this.#end(new Closed());
  }

  /** Called after every change of state. Returns the undoing. */
  onState(call: (state: State, info: StateInfo) => void): () => void {
    this.#stateListeners.add(call);
    return () => this.#stateListeners.delete(call);
  }

  statistics(): Statistics {
    return { ...this.#counts, duplicates: this.#positions.duplicates, repeated: this.#calls.repeated };
  }

  // Asking.

  /**
   * One operation. Waits for a connection; after a lost one it is asked again when that is harmless.
   * Rejects with Refusal, Lost (not repeated, or `timeoutMs` passed) or Closed.
   */
  async call<O extends SocketOp>(op: O, d?: Operations[O]["d"], options: { timeoutMs?: number } = {}): Promise<Operations[O]["ok"]> {
    return (await this.#ask(op, d ?? {}, options.timeoutMs ?? CALL_MS, repeatable(op, d ?? {}))) as Operations[O]["ok"];
  }

  /** An operation whose reply nobody needs (`typing`); false when there is no connection. A refusal is announced as `error`. */
  notify<O extends SocketOp>(op: O, d: Operations[O]["d"]): boolean {
    return this.#state === "open" && this.#keeper.send(write({ op, d }));
  }

  /** Where I am from here on: sent now (`location.update`), and again with every reconnect. The reply says when to send the next. */
  locate(fix: Fix): Promise<Operations["location.update"]["ok"]> {
    return this.call("location.update", this.#dated(fix, this.#clearing > 0 ? null : this.#cleared));
  }

  /**
   * Say no more where I am: neither with reconnects nor by what is still to be sent (such calls reject with Lost). `location.clear`
   * does so by itself, and has it forgotten by the server.
   */
  unlocate(): void {
    this.#location = null;
    this.#locatedFrom = this.#calls.next;
    this.#calls.overtake("location.update", new Lost(1006, "the place was taken back"));
  }

  // Speaking.

  /** Write to a room I am in. It is kept until it is stored, over reloads and restarts, and appears once. Throws OutboxFull. */
  send(room: string, text: string, replyTo?: string): Outgoing {
    return this.#outbox.add(room, text, replyTo ?? null, this.#writtenAt());
  }

  /** Say something to whoever hears my hexagon. Throws OutboxFull. */
  say(text: string): Outgoing {
    return this.#outbox.add(null, text, null, this.#writtenAt());
  }

  /** My messages that are not stored, and the latest stored since the start, oldest first. */
  get outgoing(): readonly Outgoing[] {
    return this.#outbox.messages;
  }

  /** Called with a message of mine after every change of it; one that is no longer in `outgoing` was discarded. */
  onOutgoing(call: (message: Outgoing) => void): () => void {
    this.#outgoingListeners.add(call);
    return () => this.#outgoingListeners.delete(call);
  }

  /** Send a failed message again. */
  retry(nonce: string): void {
    this.#outbox.retry(nonce);
  }

  /** Give a failed message up. */
  discard(nonce: string): void {
    this.#outbox.discard(nonce);
  }

  /** Give up all that is not stored, oldest first: for giving it back to whoever wrote it, when it will not be sent any more. */
  takeBack(): Outgoing[] {
    return this.#outbox.takeBack();
  }

  // Hearing.

  /** Called with every push of a type, in their order. Returns the undoing. */
  on<T extends PushType>(t: T, call: (push: Push<T>) => void): () => void {
    const listeners = this.#pushListeners.get(t) ?? new Set();
    this.#pushListeners.set(t, listeners);
    listeners.add(call as Listener);
    return () => listeners.delete(call as Listener);
  }

  // What goes out.

  #ask(op: string, d: object, timeoutMs: number, repeatable: boolean): Promise<unknown> {
    if (this.#state === "closed") return Promise.reject(this.#info.why ?? new Closed());
    const withdrawing = withdraws(op, d);
    if (withdrawing) this.unlocate(); // it holds before it is heard: a connection made meanwhile must not tell
    if (withdrawing) this.#clearing += 1;
    return new Promise((resolve, reject) => {
      const timer = this.#environment.later(timeoutMs, () => {
        this.#calls.discard(call);
        if (withdrawing) this.#clearing -= 1;
        reject(new Lost(1006, "no answer in time"));
      });
      const call = this.#calls.add(op, d, repeatable, (result) => {
        this.#environment.cancel(timer);
        if (withdrawing) this.#clearing -= 1;
        if ("ok" in result) resolve(result.ok);
        else reject(result.error);
      });
      if (this.#state === "open") call.sent = this.#keeper.send(encode(call));
    });
  }

  #introduce(entry: Entry): void {
    const d = {
      ...entry,
      client: this.#options.name,
      ...(this.#location && { location: this.#location }),
      ...(this.#secret !== null && { resume: { session: this.#secret, streams: this.#positions.resumable() } }),
    };
    const askedAt = this.#environment.monotonic();
    const call = this.#calls.add("connect", d, false, (result) => {
      if ("ok" in result) this.#welcomed(result.ok as Connected, askedAt);
      else if (result.error instanceof Refusal) this.#unwelcome(result.error, entry);
    });
    call.sent = this.#keeper.send(encode(call));
    if (!call.sent) this.#calls.discard(call);
  }

  #unwelcome(refusal: Refusal, entry: Entry): void {
    const place = refusal.name === "consent.required" || refusal.field?.startsWith("location");
    if (!place || !this.#location) return this.#keeper.refused(refusal);
    this.#location = null; // consent was withdrawn elsewhere; the connection is worth having without it
    if ("ticket" in entry) this.#keeper.refused(new Refusal({ ...refusal.body, temporary: true })); // it is used up
    else this.#introduce(entry);
  }

  async #probe(): Promise<void> {
    const askedAt = this.#environment.monotonic();
    try {
      const { server_time } = await this.call("ping", {});
      this.#setClock(server_time, askedAt);
    } catch {
      // the link judges by silence, not by this
    }
  }

  // What comes in.

  #take(text: string): void {
    try {
      const frame: unknown = JSON.parse(text);
      if (!isRecord(frame)) throw new TypeError("no object");
      if (typeof frame.t === "string") this.#takePush(frame as unknown as Push);
      else this.#takeReply(frame);
    } catch (error) {
      this.#keeper.fail(`the server sent what is not of the protocol: ${String(error)}`);
    }
  }

  #takePush(frame: Push): void {
    const push: Push = { t: frame.t, s: frame.s ?? null, o: frame.o ?? null, d: frame.d };
    if (push.s !== null && push.o !== null && !this.#positions.hear(push.s, push.o)) return;
    this.#counts.pushes += 1;
    if (push.o !== null) this.#keepSoon();
    if (push.o !== null && isEmpty(push.d)) return; // by somebody who was erased since: only its place is left
    if (push.t === "bye") this.#keeper.noteSlot((push.d as Bye).reconnect_after_ms);
    else if (push.t === "token.expiring") void this.#renew();
    else if (push.t === "location.shown") this.#noteCleared((push as Push<"location.shown">).d, true);
    else if (push.t === "streams") this.#positions.learn("streams", {}, push.d);
    else if (push.t === "room.delete" || push.t === "member.leave" || push.t === "member.join") this.#followMembership(push);
    else if (push.t === "account") this.#options.session.rename((push as Push<"account">).d.name);
    this.#handOver(push);
  }

  /** The server says nothing else when others end my membership. */
  #followMembership({ t, s, o, d }: Push): void {
    const mine = t === "room.delete" || (d as { user?: unknown }).user === this.#user;
    if (mine && s !== null && o !== null) this.#positions.member(s, o, t === "member.join");
  }

  #takeReply(frame: Record<string, unknown>): void {
    const refusal = frame.err === undefined ? null : refusalOf(frame.err);
    if (typeof frame.id !== "number") {
      if (refusal) this.#handOver({ t: "error", s: null, o: null, d: refusal.body });
      return;
    }
    if (!refusal && !isRecord(frame.ok)) throw new TypeError("neither ok nor err");
    const call = this.#calls.answer(frame.id, refusal);
    if (!call) return;
    if (refusal) return call.settle({ error: refusal });
    this.#positions.learn(call.op, call.d, frame.ok);
    if (call.op === "location.update" && call.id >= this.#locatedFrom) this.#location = this.#dated(call.d as Fix, this.#cleared);
    else if (call.op === "location.clear") this.#noteCleared(frame.ok as { cleared?: number }, true);
    else if (call.op === "account.update" && "name" in call.d) this.#options.session.rename(String(call.d.name));
    call.settle({ ok: frame.ok });
  }

  /** So that the server knows that I left the map since, on another device. */
  #dated(fix: Fix, cleared: number | null): Fix {
    return cleared === null ? fix : { ...fix, cleared };
  }

  /** Whoever left the map on another device has left it. `heard`: as it happened, so that what is asked here may have done it. */
  #noteCleared({ cleared }: { cleared?: number }, heard: boolean): void {
    const known = this.#cleared;
    if (cleared === undefined || (known !== null && cleared <= known)) return;
    this.#cleared = cleared;
    this.#keep();
    if (known === null || (heard && this.#clearing > 0)) return;
    this.unlocate();
    this.#handOver({ t: "location.left", s: null, o: null, d: {} });
  }

  #handOver(push: Push): void {
    for (const call of [...(this.#pushListeners.get(push.t) ?? [])]) this.#guarded(() => call(push as Push<never>));
  }

  /** Runs inside the reading of that frame, so before the replay that follows it. */
  #welcomed(ok: Connected, askedAt: number): void {
    this.#welcome = ok;
    this.#noteCleared(ok, false);
    this.#secret = ok.session;
    this.#counts.connects += 1;
    this.#setClock(ok.server_time, askedAt);
    this.#keeper.opened(ok.ping_ms);
    for (const s in ok.streams) if (ok.streams[s]?.recovered) this.#counts.resumed += 1;
    const said = this.#positions.connect(ok.streams);
    this.#keep();
    this.#options.session.rename(ok.user.name);
    this.#enter("open", { why: null, retryInMs: null });
    for (const { t, s, d } of said) {
      if (t === "stream.lost") this.#counts.lost += 1;
      this.#handOver({ t, s, o: null, d } as Push);
    }
    for (const call of this.#calls.unsent()) call.sent = this.#keeper.send(encode(call));
    this.#outbox.open = true;
  }

  #lose(code: number, reason: string, why: Error, retryInMs: number | null): void {
    if (retryInMs === null) return this.#end(why);
    this.#outbox.open = false;
    this.#calls.lose(code, reason);
    this.#enter(this.#welcome ? "resuming" : "connecting", { why, retryInMs });
  }

  #end(why: Error): void {
    if (this.#state === "closed") return;
    this.#stopHearing();
    this.#outbox.close();
    this.#enter("closed", { why, retryInMs: null });
    this.#calls.end(why);
    this.#stateListeners.clear();
  }

  async #renew(): Promise<void> {
    const { session } = this.#options;
    if (!session.renewable) return;
    session.reject();
    try {
      await this.call("token", await session.entry());
    } catch {
      // it is fetched again when it has ended
    }
  }

  // What is kept.

  /** Take up what this tab had before a reload; not when it is a duplicate of a tab that is still there. */
  async #restore(): Promise<void> {
    const { tab } = this.#options;
    const id = tab.get("tab") ?? nonce(this.#environment);
    const mine = await this.#environment.hold(`fwber.tab.${id}`, HOLD_MS);
    tab.set("tab", mine ? id : nonce(this.#environment));
    const before = readResume(tab.get("resume"));
    if (before?.user === this.#user) this.#cleared = before.cleared ?? null;
    const kept = mine ? before : null;
    if (kept?.user !== this.#user) return tab.remove("resume");
    this.#secret = kept.session;
    this.#positions.restore(kept.streams);
  }

  #keep(): void {
    if (this.#keeping !== null) this.#environment.cancel(this.#keeping);
    this.#keeping = null;
    if (this.#secret === null || this.#state === "closed") return;
    const { who } = this.#options.session;
    if (who.kind === "nobody" || who.user.user !== this.#user) return this.#options.tab.remove("resume"); // signed out
    const resume: Resume = { user: this.#user, session: this.#secret, streams: this.#positions.resumable(), cleared: this.#cleared };
    this.#options.tab.set("resume", JSON.stringify(resume));
  }

  #keepSoon(): void {
    this.#keeping ??= this.#environment.later(KEEP_MS, () => this.#keep());
  }

  // The rest.

  #enter(state: State, info: StateInfo): void {
    this.#state = state;
    this.#info = info;
    for (const call of [...this.#stateListeners]) this.#guarded(() => call(state, info));
  }

  #setClock(server: number, askedAt: number): void {
    const at = this.#environment.monotonic();
    this.#clock = { server: server + (at - askedAt) / 2, at };
  }

  #writtenAt(): number {
    this.#written = Math.max(this.serverNow(), this.#written + 1);
    return this.#written;
  }

  /** A listener's fault is not the connection's: it is raised where pages report errors. */
  #guarded(call: () => void): void {
    try {
      call();
    } catch (error) {
      this.#environment.later(0, () => {
        throw error;
      });
    }
  }
}

function withdraws(op: string, d: object): boolean {
  return op === "location.clear" || (op === "consent.withdraw" && "purpose" in d && d.purpose === "location");
}

function isEmpty(d: unknown): boolean {
  return !isRecord(d) || Object.keys(d).length === 0;
}

interface Resume {
  user: string;
  session: string;
  streams: Record<string, StreamAt>;
  cleared?: number | null;
}

function readResume(text: string | null): Resume | null {
  try {
    const kept: unknown = JSON.parse(text ?? "null");
    const whole = isRecord(kept) && typeof kept.session === "string" && isRecord(kept.streams);
    return whole ? (kept as unknown as Resume) : null;
  } catch {
    return null;
  }
}

function socketUrl(url: string): string {
  const base = url || (globalThis as { location?: { origin: string } }).location?.origin || "";
  return base.replace(/^http/, "ws") + `${PREFIX}/ws`;
}
