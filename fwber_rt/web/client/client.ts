import type { Environment, Store } from "./environment.ts";
import type { Outgoing } from "./outbox.ts";
import type { Push, PushType } from "./push.ts";
import type { Connected, Fix, Operations, SocketOp } from "./schema.ts";
import type { Session } from "./session.ts";
import type { State, Statistics } from "./state.ts";

export interface ClientOptions {
  session: Session;
  /** `name/version`. */
  name: string;
  environment: Environment;
  /** Where unsent messages are kept; shared by all tabs. */
  store: Store;
  /** Where what a resume needs is kept: of this tab alone (`sessionStorage`). */
  tab: Store;
}

/** One user's conversation with the server, over connections that come and go. */
export class Client {
  constructor(_options: ClientOptions) {}

  get state(): State {
    throw new Error("not built yet");
  }

  /** The last reply to `connect`; null before the first. */
  get welcome(): Connected | null {
    throw new Error("not built yet");
  }

  /** The server's clock, milliseconds since the Unix epoch; the device's until the first connection. */
  serverNow(): number {
    throw new Error("not built yet");
  }

  /** Start connecting, and stay connected from then on. */
  start(): void {
    throw new Error("not built yet");
  }

  /** `why`: why it is closed, or why there is no connection, where that is known. `retryAt`: when it tries again (`serverNow`). */
  onState(_call: (state: State, info: { why: Error | null; retryInMs: number | null }) => void): () => void {
    throw new Error("not built yet");
  }

  /** Called with every push of a type, in their order. Returns the undoing. */
  on<T extends PushType>(_t: T, _call: (push: Push<T>) => void): () => void {
    throw new Error("not built yet");
  }

  /**
   * One operation. Waits for a connection; after a lost one it is asked again when that is harmless.
   * Rejects with Refusal, Lost (not repeated, or `timeoutMs` passed) or Closed.
   */
  call<O extends SocketOp>(_op: O, _d?: Operations[O]["d"], _options?: { timeoutMs?: number }): Promise<Operations[O]["ok"]> {
    throw new Error("not built yet");
  }

  /** An operation whose reply nobody needs (`typing`); false when there is no connection. */
  notify<O extends SocketOp>(_op: O, _d: Operations[O]["d"]): boolean {
    throw new Error("not built yet");
  }

  /** Write to a room I am in. It is kept until it is stored, over reloads and restarts, and appears once. */
  send(_room: string, _text: string, _replyTo?: string): Outgoing {
    throw new Error("not built yet");
  }

  /** Say something to whoever hears my hexagon. */
  say(_text: string): Outgoing {
    throw new Error("not built yet");
  }

  /** My messages that are not stored, and those stored since the start, oldest first. */
  get outgoing(): readonly Outgoing[] {
    throw new Error("not built yet");
  }

  /** Called with a message of mine after every change of its delivery; `null` in place of one that was discarded. */
  onOutgoing(_call: (message: Outgoing) => void): () => void {
    throw new Error("not built yet");
  }

  /** Send a failed message again. */
  retry(_nonce: string): void {
    throw new Error("not built yet");
  }

  /** Give a failed message up. */
  discard(_nonce: string): void {
    throw new Error("not built yet");
  }

  /** Where I am from here on: sent now (`location.update`) and again with every reconnect. Its reply paces the next. */
  locate(_fix: Fix): Promise<Operations["location.update"]["ok"]> {
    throw new Error("not built yet");
  }

  statistics(): Statistics {
    throw new Error("not built yet");
  }

  /** Leave for good. Unsent messages stay in the store. */
  close(): void {
    throw new Error("not built yet");
  }
}
