/**
 * Keeps one client connected: dials, introduces, waits for the loss, decides with reconnect.ts, waits, dials again.
 *
 * What is said over a connection is its owner's business. Everything runs in callbacks: no state lives in a pending promise but
 * the fetching of a credential, which `#turn` makes harmless when it comes too late.
 */
import type { Environment, Timer } from "./environment.ts";
import { Closed, Refusal } from "./errors.ts";
import { Link } from "./link.ts";
import { delayMs, judgeClose, judgeFailure, type Verdict } from "./reconnect.ts";
import { CLOSE } from "./schema.ts";
import { ENDINGS, ended, type Session } from "./session.ts";

/** A connection that lived this long makes the next loss the first in a row. */
const STABLE_MS = 5_000;
/** How often a device that wakes up may cut a wait short. */
const WAKE_MS = 1_000;

export type Entry = { token: string } | { ticket: string };

export interface KeeperOwner {
  /** Say `connect` on the new connection. */
  introduce(entry: Entry): void;
  take(text: string): void;
  /** Ask for a sign of life. */
  probe(): void;
  /** The connection is gone, or there was none; `retryInMs` null: for good. */
  lose(code: number, reason: string, why: Error, retryInMs: number | null): void;
}

export class Keeper {
  readonly #environment: Environment;
  readonly #session: Session;
  readonly #owner: KeeperOwner;
  readonly #url: string;
  #link: Link | null = null;
  #turn = 0;
  #attempt = 0;
  #openAt: number | null = null;
  #slotMs: number | null = null;
  #entered = ""; // the user and kind of sign-in the connection was made with
  #waiting: { timer: Timer; since: number; patient: boolean } | null = null;
  #done = false;

  constructor(environment: Environment, session: Session, url: string, owner: KeeperOwner) {
    this.#environment = environment;
    this.#session = session;
    this.#url = url;
    this.#owner = owner;
  }

  /** Dial now. */
  start(): void {
    if (this.#done) return;
    this.#waiting = null;
    const turn = ++this.#turn;
    this.#session.entry().then(
      (entry) => turn === this.#turn && this.#dial(entry),
      (error: Error) => turn === this.#turn && this.#decide(judgeFailure(error, false), 1006, ""),
    );
  }

  send(text: string): boolean {
    return this.#link?.send(text) ?? false;
  }

  /** `connect` was answered: the connection is of use from now on. */
  opened(pingMs: number): void {
    this.#openAt = this.#environment.monotonic();
    this.#link?.watch(pingMs);
  }

  /** `connect` was refused: leave, and come back as the refusal allows. */
  refused(refusal: Refusal): void {
    if (refusal.name === "token.expired" || refusal.name === "token.invalid") this.#session.reject();
    this.#leave(judgeFailure(refusal, this.#session.renewable), refusal.message);
  }

  /** The server said what it must not. */
  fail(reason: string): void {
    this.#leave(judgeClose(CLOSE.PROTOCOL_ERROR, reason, null), reason, CLOSE.PROTOCOL_ERROR);
  }

  /** The server announced when to come back after the loss that follows. */
  noteSlot(reconnectAfterMs: number): void {
    this.#slotMs = reconnectAfterMs;
  }

  /** The device or the network woke up: look whether the connection lives, or stop waiting for one. */
  wake(): void {
    if (this.#link) return this.#link.check();
    const waiting = this.#waiting;
    if (!waiting || waiting.patient || this.#environment.monotonic() - waiting.since < WAKE_MS) return;
    this.#environment.cancel(waiting.timer);
    this.start();
  }

  /** Leave for good; nothing is told. */
  close(): void {
    this.#done = true;
    this.#turn += 1;
    if (this.#waiting) this.#environment.cancel(this.#waiting.timer);
    this.#link?.close();
    this.#link = null;
  }

  #dial(entry: Entry): void {
    this.#openAt = this.#slotMs = null;
    this.#entered = this.#signIn();
    const owner = this.#owner;
    const link: Link = new Link(this.#environment, this.#url, {
      onOpen: () => owner.introduce(entry),
      onText: (text) => owner.take(text),
      onSilence: () => owner.probe(),
      onLost: (code, reason) => this.#lose(code, reason, link.opened),
    });
    this.#link = link;
  }

  #lose(code: number, reason: string, opened: boolean): void {
    this.#link = null;
    if (code === CLOSE.TOKEN_EXPIRED) this.#session.reject();
    let verdict = judgeClose(code, reason, this.#slotMs);
    const another = verdict.next === "stop" && this.#signIn() !== this.#entered; // signed in anew meanwhile, such as by upgrading
    const late = code === CLOSE.AUTH && !opened; // the page slept through the time there is for saying connect
    if (another) verdict = judgeClose(CLOSE.TOKEN_EXPIRED, reason, null);
    else if (late) verdict = judgeClose(1006, reason, null);
    this.#decide(verdict, code, reason);
  }

  #leave(verdict: Verdict, reason: string, code = 1006): void {
    this.#link?.close();
    this.#link = null;
    this.#decide(verdict, code, reason);
  }

  #decide(verdict: Verdict, code: number, reason: string): void {
    if (this.#done) return;
    if (verdict.next === "stop") {
      this.#done = true;
      const ending = endingOf(verdict.cause);
      if (ending) this.#session.end(ending);
      return this.#owner.lose(code, reason, verdict.cause, null);
    }
    if (this.#openAt !== null && this.#environment.monotonic() - this.#openAt >= STABLE_MS) this.#attempt = 0;
    const waitMs = delayMs(verdict, this.#attempt, this.#environment.random);
    this.#attempt += 1;
    this.#openAt = null;
    const timer = this.#environment.later(waitMs, () => this.start());
    const patient = verdict.slotMs !== null || verdict.atLeastMs > 0;
    this.#waiting = { timer, since: this.#environment.monotonic(), patient };
    this.#owner.lose(code, reason, verdict.cause, waitMs);
  }

  #signIn(): string {
    const who = this.#session.who;
    return who.kind === "nobody" ? "" : `${who.kind} ${who.user.user}`;
  }
}

/** Why one has to sign in again; null when one has not. */
function endingOf(cause: Error): Refusal | null {
  if (cause instanceof Refusal) return ENDINGS.has(cause.name) ? cause : null;
  if (!(cause instanceof Closed) || !cause.signedOut) return null;
  return cause.code === CLOSE.BANNED ? ended("user.banned", cause.message) : ended("token.invalid", cause.message);
}
