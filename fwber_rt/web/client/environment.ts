/** Everything outside that the client uses: time, chance, sockets, HTTP, a place to keep things. Tests pass their own. */

/** A WebSocket as browsers and Node 22 have it; only what is used of it. */
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
  fetch(url: string, request: HttpRequest): Promise<HttpAnswer>;
  /** Do `work` while nobody else of this origin does anything under the same name. */
  alone<T>(name: string, work: () => Promise<T>): Promise<T>;
  /** Hold `name` for as long as this page lives; false when another page holds it. */
  hold(name: string): Promise<boolean>;
  /** Tell `call` when the network or the page comes back, so that a wait to reconnect is cut short. Returns the undoing. */
  onWake(call: () => void): () => void;
}

/** Where text is kept by name. Nothing raises: what cannot be kept is kept in memory by whoever implements this, or not at all. */
export interface Store {
  get(key: string): string | null;
  set(key: string, value: string): void;
  remove(key: string): void;
  keys(): string[];
}
