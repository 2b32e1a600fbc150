/** The environment of Node 22 and newer, and of others with `fetch` and `WebSocket` but no pages. */
import type { Environment, HttpAnswer, Socket, Store, Timer } from "./environment.ts";

interface Globals {
  performance: { now(): number };
  crypto: { getRandomValues(bytes: Uint8Array): Uint8Array };
  setTimeout(call: () => void, ms: number): Timer;
  clearTimeout(timer: Timer): void;
  fetch(url: string, request: object): Promise<HttpAnswer>;
  WebSocket: new (url: string) => Socket;
}

/** One program is one page: nothing is shared with others, so nothing is held against them. Throws where there is no `WebSocket`. */
export function nodeEnvironment(): Environment {
  const globals = globalThis as unknown as Globals;
  // Told at once: a client that cannot open a socket would take it for a server that is away, and try for ever.
  if (!globals.WebSocket) throw new Error("there is no WebSocket here: fwber-rt-client needs Node 22 or newer, or an Environment of your own");
  const busy = new Map<string, Promise<unknown>>();
  return {
    monotonic: () => globals.performance.now(),
    wall: () => Date.now(),
    random: () => Math.random(),
    randomBytes: (count) => globals.crypto.getRandomValues(new Uint8Array(count)),
    later: (ms, call) => globals.setTimeout(call, ms),
    cancel: (timer) => globals.clearTimeout(timer),
    socket: (url) => new globals.WebSocket(url),
    fetch: (url, { credentials: _, ...request }) => globals.fetch(url, { ...request, redirect: "error" }),
    alone: (name, work) => {
      const done = (busy.get(name) ?? Promise.resolve()).then(work, work);
      busy.set(name, done);
      return done;
    },
    hold: () => Promise.resolve(true),
    onPage: () => () => undefined,
  };
}

/** Keeps things as long as the program runs. */
export function memoryStore(): Store {
  const kept = new Map<string, string>();
  return {
    get: (key) => kept.get(key) ?? null,
    set: (key, value) => void kept.set(key, value),
    remove: (key) => void kept.delete(key),
    keys: () => [...kept.keys()],
  };
}
