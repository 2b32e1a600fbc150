/** Everything outside that the client uses: time, chance, sockets, HTTP, a place to keep things. Tests pass their own. */

/** A WebSocket as browsers and Node have it; only what is used of it. */
export interface Socket {
  onopen: (() => void) | null;
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number; reason: string }) => void) | null;
  onerror: (() => void) | null;
  send(text: string): void;
  close(code?: number, reason?: string): void;
}

/** The part of `fetch` that is used. */
export interface HttpRequest {
  method: string;
  headers: Record<string, string>;
  body?: string;
  credentials: "same-origin" | "omit";
}

export interface HttpAnswer {
  status: number;
  json(): Promise<unknown>;
}

export type Timer = unknown;

/** `wake`: the network or the page came back. `leave`: the page may be gone in a moment. */
export type PageEvent = "wake" | "leave";

export interface Environment {
  /** Milliseconds that only go forward. */
  monotonic(): number;
  /** The device's clock, milliseconds since the Unix epoch; it may be wrong. */
  wall(): number;
  /** From 0 up to, not including, 1. */
  random(): number;
  /** Bytes nobody can guess. */
  randomBytes(count: number): Uint8Array;
  later(ms: number, call: () => void): Timer;
  cancel(timer: Timer): void;
  socket(url: string): Socket;
  /** Rejects when there is no answer. */
  fetch(url: string, request: HttpRequest): Promise<HttpAnswer>;
  /** Do `work` while nobody else of this origin does anything under the same name. */
  alone<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Hold `name` for as long as this page lives; false when another page holds it for all of `withinMs`. */
  hold(name: string, withinMs: number): Promise<boolean>;
  /** Returns the undoing. */
  onPage(call: (event: PageEvent) => void): () => void;
}

/**
 * Where text is kept by name. Nothing raises: what cannot be kept is kept in memory by whoever implements this, or not at all.
 * `watch`: told of every key that another page of this origin changed.
 */
export interface Store {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  keys(): string[];
  watch?(call: (key: string) => void): () => void;
}

/** 96 random bits as 16 characters. */
export function nonce(environment: Environment): string {
  const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  return Array.from(environment.randomBytes(16), (byte) => alphabet.charAt(byte % 64)).join("");
}
