/**
 * The page's one way to the server: the sign-in, and the connection that belongs to whoever is signed in.
 *
 * Nobody else makes a client. Screens ask with `ask`; what the server says by itself is heard with `hear`, once for the life of
 * the page: a new sign-in gets a new client, and every listener with it.
 */
import { signal, type ReadonlySignal } from "@preact/signals";
import {
  Client, Closed, Session, type Operations, type Push, type PushType, type SocketOp, type State, type Who,
} from "../client/index.ts";
import { environment } from "../shared/browser.ts";
import { deviceName } from "./device.ts";
import { kept, tab } from "./state/store.ts";

export interface Link {
  readonly state: State | "none";
  /** Why there is no connection, or no more. */
  readonly why: Error | null;
  /** When it tries again, `performance.now()`; null while it tries. */
  readonly retryAt: number | null;
}

const NONE: Link = { state: "none", why: null, retryAt: null };
const currentWho = signal<Who>({ kind: "nobody", why: null });
const currentLink = signal<Link>(NONE);
const currentClient = signal<Client | null>(null);
const lastEnd = signal<Error | null>(null);
const listeners: ((client: Client) => () => void)[] = [];
let undo: (() => void)[] = [];

export const session = new Session({
  store: kept,
  environment,
  cookie: location.protocol === "https:",
  device: deviceName(navigator.userAgent),
});

/** Who is signed in here. */
export const who: ReadonlySignal<Who> = currentWho;
/** The connection. */
export const link: ReadonlySignal<Link> = currentLink;
/** Why the last connection ended for good, where it did not end because somebody wanted it. */
export const ended: ReadonlySignal<Error | null> = lastEnd;
/** The client of whoever is signed in; null when nobody is. */
export const client: ReadonlySignal<Client | null> = currentClient;

/** One operation over the connection. Rejects with Refusal, Lost or Closed: `explain` has words for each. */
export function ask<O extends SocketOp>(op: O, d: Operations[O]["d"], options?: { timeoutMs?: number }): Promise<Operations[O]["ok"]> {
  const now = currentClient.peek();
  return now ? now.call(op, d, options) : Promise.reject(new Closed());
}

/** Hear every push of a type, of whichever client there is. */
export function hear<T extends PushType>(t: T, call: (push: Push<T>) => void): void {
  const listener = (now: Client): (() => void) => now.on(t, call);
  listeners.push(listener);
  const now = currentClient.peek();
  if (now) undo.push(listener(now));
}

/** The server's clock, milliseconds since the Unix epoch. */
export function serverNow(): number {
  return currentClient.peek()?.serverNow() ?? Date.now();
}

/** Begin: whoever this browser knows is connected. Call once, when all listeners are there. */
export function begin(): void {
  session.onChange(follow);
  follow(session.who);
}

/** Connect anew: another window took the connection over, or the server ended it. */
export function reconnect(): void {
  open();
}

function follow(now: Who): void {
  const before = currentWho.peek();
  currentWho.value = now;
  const [was, is] = [userOf(before), userOf(now)];
  if (is === null) close();
  else if (was !== is || !currentClient.peek()) open();
}

function userOf(now: Who): string | null {
  return now.kind === "nobody" ? null : now.user.user;
}

function open(): void {
  close();
  const made = new Client({ session, name: "fwber-web/1", environment, store: kept, tab });
  undo = [
    made.onState((state, { why, retryInMs }) => {
      currentLink.value = { state, why, retryAt: retryInMs === null ? null : performance.now() + retryInMs };
      if (state === "closed") lastEnd.value = why;
      if (state === "open") lastEnd.value = null;
    }),
    ...listeners.map((listener) => listener(made)),
  ];
  currentLink.value = { state: "connecting", why: null, retryAt: null };
  currentClient.value = made;
  made.start();
}

function close(): void {
  for (const call of undo) call();
  undo = [];
  currentClient.peek()?.close();
  currentClient.value = null;
  currentLink.value = NONE;
}
