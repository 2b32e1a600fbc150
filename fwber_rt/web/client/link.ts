/**
 * One WebSocket connection: text out, text in, and its end told once.
 *
 * A page cannot see the server's pings, so silence alone says nothing. After `pingMs` without a message the link asks for one
 * (`onSilence`); when none comes within `PATIENCE_MS` it gives the connection up instead of waiting for TCP to notice.
 */
import type { Environment, Socket, Timer } from "./environment.ts";

export const PATIENCE_MS = 10_000;
export const OPEN_MS = 10_000;
const NORMAL = 1000;

export interface LinkOwner {
  onOpen(): void;
  onText(text: string): void;
  onSilence(): void;
  onLost(code: number, reason: string): void;
}

export class Link {
  readonly #environment: Environment;
  readonly #owner: LinkOwner;
  #socket: Socket | null = null;
  #open = false;
  #opened = false;
  #heard = 0;
  #heardAt: number;
  #pingMs = 0;
  #timer: Timer = null;

  /** Dials at once; `onLost` is called when there is no connection within `OPEN_MS`. */
  constructor(environment: Environment, url: string, owner: LinkOwner) {
    this.#environment = environment;
    this.#owner = owner;
    this.#heardAt = environment.monotonic();
    this.#set(OPEN_MS, () => this.#giveUp("no connection in time"));
    let socket: Socket;
    try {
      socket = environment.socket(url);
    } catch (error) {
      this.#set(0, () => this.#giveUp(String(error))); // the address is no good, or the page may not connect
      return;
    }
    this.#socket = socket;
    socket.onopen = () => {
      this.#open = this.#opened = true;
      owner.onOpen();
    };
    socket.onmessage = ({ data }) => {
      this.#heard += 1;
      this.#heardAt = environment.monotonic();
      if (typeof data === "string") owner.onText(data);
    };
    socket.onclose = ({ code, reason }) => this.#lose(code, reason);
    socket.onerror = () => {
      if (!this.#opened) this.#giveUp("could not connect"); // not all tell the end of what never began
    };
  }

  /** Whether the socket was ever open, so that `connect` could be said. */
  get opened(): boolean {
    return this.#opened;
  }

  /** False when there is no connection, or it is ending; nothing was sent then. */
  send(text: string): boolean {
    if (!this.#open || !this.#socket) return false;
    try {
      this.#socket.send(text);
      return true;
    } catch {
      return false;
    }
  }

  /** From now on look after every `pingMs` of silence whether the connection lives. */
  watch(pingMs: number): void {
    this.#pingMs = pingMs;
    this.#set(pingMs, this.#look);
  }

  /** Look now, such as when a device wakes up. */
  check(): void {
    if (this.#pingMs) this.#ask();
  }

  /** Leave; nothing is told any more. */
  close(code = NORMAL, reason = ""): void {
    this.#forget()?.close(code, reason);
  }

  #look = (): void => {
    const silence = this.#environment.monotonic() - this.#heardAt;
    if (silence >= this.#pingMs) this.#ask();
    else this.#set(this.#pingMs - silence, this.#look);
  };

  #ask(): void {
    const before = this.#heard;
    this.#set(PATIENCE_MS, () => {
      if (this.#heard === before) this.#giveUp("no sign of life");
      else this.#look();
    });
    this.#owner.onSilence();
  }

  /** The socket's own end may be long in coming; nothing waits for it. */
  #giveUp(reason: string): void {
    this.close();
    this.#owner.onLost(1006, reason);
  }

  #lose(code: number, reason: string): void {
    this.#forget();
    this.#owner.onLost(code, reason);
  }

  #set(ms: number, call: () => void): void {
    this.#environment.cancel(this.#timer);
    this.#timer = this.#environment.later(ms, call);
  }

  #forget(): Socket | null {
    this.#environment.cancel(this.#timer);
    const socket = this.#socket;
    this.#socket = null;
    this.#open = false;
    if (socket) socket.onopen = socket.onmessage = socket.onclose = socket.onerror = null;
    return socket;
  }
}
