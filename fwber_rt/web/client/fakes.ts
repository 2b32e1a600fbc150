/** For tests: time that moves when it is told to, sockets and HTTP with the test at the other end, and stores. */
import { expect } from "vitest";
import { Client } from "./client.ts";
import type { Environment, HttpRequest, PageEvent, Socket, Store } from "./environment.ts";
import { ERRORS, type ErrorName } from "./schema.ts";
import { Session } from "./session.ts";

export const WALL = 1_800_000_000_000;
export const ADA = { user: "7", name: "Ada" };

export interface Frame {
  id?: number;
  op: string;
  d: Record<string, unknown>;
}

/** The server's end of a connection. */
export class Wire implements Socket {
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number; reason: string }) => void) | null = null;
  onerror: (() => void) | null = null;
  readonly frames: Frame[] = [];
  closed: number | null = null;
  readonly url: string;

  constructor(url: string) {
    this.url = url;
  }

  send(text: string): void {
    this.frames.push(JSON.parse(text) as Frame);
  }

  close(code = 1000): void {
    this.closed = code;
  }

  /** The latest request of a kind. */
  asked(op: string): Frame {
    const found = this.frames.findLast((frame) => frame.op === op);
    expect(found, `${op} among ${this.frames.map((frame) => frame.op).join()}`).toBeDefined();
    return found as Frame;
  }

  count(op: string): number {
    return this.frames.filter((frame) => frame.op === op).length;
  }

  say(frame: object): void {
    this.onmessage?.({ data: JSON.stringify(frame) });
  }

  ok(op: string, ok: object = {}): void {
    this.say({ id: this.asked(op).id, ok });
  }

  err(op: string, name: ErrorName, more: object = {}): void {
    this.say({ id: this.asked(op).id, err: body(name, more) });
  }

  push(t: string, d: object, s?: string, o?: number): void {
    this.say({ t, d, ...(s !== undefined && { s }), ...(o !== undefined && { o }) });
  }

  end(code: number, reason = ""): void {
    this.onclose?.({ code, reason });
  }
}

export class World {
  now = 0;
  wall = WALL;
  readonly wires: Wire[] = [];
  readonly asked: { url: string; request: HttpRequest }[] = [];
  /** Answers to HTTP requests, first come first served; none: there is no network. */
  answers: { status: number; body: unknown }[] = [];
  held = new Set<string>();
  random = 0.5;
  #timers: { at: number; id: number; call: () => void }[] = [];
  #ids = 0;
  #seed = 1;
  #page = new Set<(event: PageEvent) => void>();
  #locks = new Map<string, Promise<unknown>>();

  /** One page's view of it. */
  environment(): Environment {
    return {
      monotonic: () => this.now,
      wall: () => this.wall + this.now,
      random: () => this.random,
      randomBytes: (count) => Uint8Array.from({ length: count }, () => this.#byte()),
      later: (ms, call) => {
        this.#timers.push({ at: this.now + ms, id: ++this.#ids, call });
        return this.#ids;
      },
      cancel: (id) => {
        this.#timers = this.#timers.filter((timer) => timer.id !== id);
      },
      socket: (url) => {
        this.wires.push(new Wire(url));
        return this.wire;
      },
      fetch: (url, request) => this.#fetch(url, request),
      alone: (name, work) => this.#alone(name, work),
      hold: (name) => {
        const free = !this.held.has(name);
        this.held.add(name);
        return Promise.resolve(free);
      },
      onPage: (call) => {
        this.#page.add(call);
        return () => this.#page.delete(call);
      },
    };
  }

  /** How many timers run. */
  get timers(): number {
    return this.#timers.length;
  }

  /** The latest connection. */
  get wire(): Wire {
    const wire = this.wires.at(-1);
    if (!wire) throw new Error("nobody has dialled");
    return wire;
  }

  /** Let time pass, and what is due happen, in its order. */
  async pass(ms: number): Promise<void> {
    const until = this.now + ms;
    await settle();
    for (;;) {
      const next = this.#timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at || a.id - b.id)[0];
      if (!next) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.now = Math.max(this.now, next.at);
      next.call();
      await settle();
    }
    this.now = until;
  }

  page(event: PageEvent): void {
    for (const call of [...this.#page]) call(event);
  }

  /** The page is gone: timers, sockets and locks with it. */
  leave(): void {
    this.page("leave");
    this.#timers = [];
    this.#page.clear();
    this.held.clear();
  }

  #byte(): number {
    this.#seed = (Math.imul(this.#seed, 1_664_525) + 1_013_904_223) >>> 0;
    return this.#seed >>> 24;
  }

  async #fetch(url: string, request: HttpRequest): Promise<{ status: number; json(): Promise<unknown> }> {
    this.asked.push({ url, request });
    const answer = this.answers.shift();
    if (!answer) throw new TypeError("failed to fetch");
    return Promise.resolve({ status: answer.status, json: () => Promise.resolve(answer.body) });
  }

  #alone<T>(name: string, work: () => Promise<T>): Promise<T> {
    const done = (this.#locks.get(name) ?? Promise.resolve()).then(work, work);
    this.#locks.set(name, done);
    return done;
  }
}

/** Let what is decided be done: promises, not time. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn += 1) await Promise.resolve();
}

export function body(name: ErrorName, more: object = {}): object {
  return { code: ERRORS[name].code, name, message: "no", temporary: ERRORS[name].temporary, retry_after_ms: 0, field: null, ...more };
}

/** A store several pages may share; `blocked`: one that keeps nothing. */
export function shelf(blocked = false): Store & { kept: Map<string, string> } {
  const kept = new Map<string, string>();
  const watchers = new Set<(key: string) => void>();
  const tell = (key: string): void => {
    for (const call of watchers) call(key);
  };
  return {
    kept,
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => {
      if (!blocked) kept.set(key, value);
      tell(key);
    },
    remove: (key) => {
      kept.delete(key);
      tell(key);
    },
    keys: () => [...kept.keys()].reverse(), // no order is promised
    watch: (call) => {
      watchers.add(call);
      return () => watchers.delete(call);
    },
  };
}

export interface Page {
  session: Session;
  client: Client;
  states: string[];
}

/** A page of somebody who is signed in with `kept`, connecting. */
export async function visit(world: World, store: Store, tab: Store): Promise<Page> {
  const environment = world.environment();
  const session = new Session({ url: "http://here", store, environment });
  const client = new Client({ session, name: "test/1", environment, store, tab });
  const states: string[] = [];
  client.onState((state) => states.push(state));
  client.start();
  await settle();
  return { session, client, states };
}

export const GUEST = JSON.stringify({
  kind: "guest", user: ADA, until: WALL + 1e9, cookie: false, token: "guest-token", refresh: null, renewal: null,
});
export const ACCOUNT = JSON.stringify({
  kind: "user", user: ADA, until: WALL + 1e9, cookie: false, token: "old-token", refresh: "refresh-1", renewal: null,
});

/** What the server says to `connect`. */
export function welcome(streams: object = {}, more: object = {}): object {
  return {
    conn: "1", session: "secret-1", user: ADA, server_time: WALL, ping_ms: 25_000, feature_level: 1, expires: WALL + 1e9,
    limits: {}, streams, shown: null, ...more,
  };
}
