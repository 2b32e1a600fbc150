/**
 * Who is signed in here: kept over reloads, shared by all tabs, renewed when it must be.
 *
 * A refresh token is good once, and using it twice ends the sign-in, so all tabs renew one at a time and look first whether
 * another has just done so. Each renewal has a name that is kept before it is asked for: when the answer is lost, in a reload
 * too, the same renewal is asked for again instead of a second one.
 *
 * The device's clock decides nothing: a token is used until the server says that it has ended.
 */
import { type Environment, nonce, type Store } from "./environment.ts";
import { isRecord, Refusal } from "./errors.ts";
import { ask, type Credential } from "./rest.ts";
import { type Consent, type ErrorName, ERRORS, type GuestCreated, type Operations, type SignedIn, type User } from "./schema.ts";

export type Op = keyof Operations;
export type Request<O extends Op> = Operations[O]["d"];
export type Reply<O extends Op> = Operations[O]["ok"];

/** `nobody`: sign in first; `why`: the refusal that ended the last sign-in. `until`: when this one ends unless it is renewed. */
export type Who =
  | { kind: "nobody"; why?: Refusal | null }
  | { kind: "guest" | "user" | "admin"; user: User; until: number };

export interface SessionOptions {
  /** `https://host`, or "" for the page's own. */
  url?: string;
  store: Store;
  environment: Environment;
  /** Sign accounts in with a cookie no script can read, instead of tokens. Only for pages of the server, over TLS. */
  cookie?: boolean;
  /** What this device is called in the list of sign-ins. */
  device?: string;
}

export interface Registration {
  login: string;
  password: string;
  name: string;
  email?: string;
  consent?: Consent;
}

/** What is kept. `renewal` names one that was asked for and not answered. */
interface Kept {
  kind: "guest" | "user" | "admin";
  user: User;
  until: number;
  cookie: boolean;
  token: string | null;
  refresh: string | null;
  renewal: string | null;
}

const KEY = "session";
const LOCK = "fwber.session";
/** Refusals after which one has to sign in again. */
export const ENDINGS: ReadonlySet<string> = new Set([
  "token.missing", "token.invalid", "token.expired", "token.reused", "user.banned",
]);

export class Session {
  readonly url: string;
  readonly #options: SessionOptions;
  readonly #listeners = new Set<(who: Who) => void>();
  #kept: Kept | null;
  #why: Refusal | null = null;
  #bad: string | null = null; // the token the server no longer takes

  constructor(options: SessionOptions) {
    this.url = options.url ?? "";
    this.#options = options;
    this.#kept = this.#read();
    options.store.watch?.((key) => {
      if (key === KEY) this.#follow();
    });
  }

  get who(): Who {
    return this.#kept ? { kind: this.#kept.kind, user: this.#kept.user, until: this.#kept.until } : { kind: "nobody", why: this.#why };
  }

  /** Whether a new token can be had when the one in use has ended. */
  get renewable(): boolean {
    return this.#kept !== null && (this.#kept.cookie || this.#kept.refresh !== null);
  }

  /** Called after every change of `who`, in any tab. Returns the undoing. */
  onChange(call: (who: Who) => void): () => void {
    this.#listeners.add(call);
    return () => this.#listeners.delete(call);
  }

  async guest(name: string, consent?: Consent): Promise<Who> {
    const made = (await this.#ask("auth.guest", { name, ...(consent && { consent }) }, {})) as GuestCreated;
    const { user, token, expires } = made;
    return this.#take({ kind: "guest", user, until: expires, cookie: false, token, refresh: null, renewal: null });
  }

  async register(d: Registration): Promise<Who> {
    return this.#signedIn(await this.#ask("auth.register", { ...d, ...this.#device }, this.#entering));
  }

  /** `code`: of the second factor, asked for with Refusal `totp.required`. */
  async signIn(login: string, password: string, code = ""): Promise<Who> {
    return this.#signedIn(await this.#ask("auth.sign_in", { login, password, code, ...this.#device }, this.#entering));
  }

  /** A guest becomes an account and stays the same user. */
  async upgrade(d: { login: string; password: string; email?: string }): Promise<Who> {
    return this.#signedIn(await this.#ask("auth.upgrade", { ...d, ...this.#device }, { ...this.#credential(), ...this.#entering }));
  }

  /** Ends the sign-in at the server as far as that can be reached, and here in any case. */
  async signOut(everywhere = false): Promise<void> {
    try {
      await this.rest("auth.sign_out", { everywhere });
    } finally {
      this.end(null);
    }
  }

  /** Any operation over REST, also those the WebSocket has not. Rejects with Refusal or Lost. */
  async rest<O extends Op>(op: O, d: Request<O> = {} as Request<O>): Promise<Reply<O>> {
    try {
      return (await this.#ask(op, d, this.#credential())) as Reply<O>;
    } catch (error) {
      if (!(error instanceof Refusal && error.name === "token.expired" && this.renewable)) throw error;
      this.reject();
      await this.entry();
      return (await this.#ask(op, d, this.#credential())) as Reply<O>;
    }
  }

  /**
   * What `connect` and `token` take: a token, or with a cookie a ticket. Rejects with Lost, or with a Refusal; when that says
   * that the sign-in is over, `who` is nobody from then on.
   */
  async entry(): Promise<{ token: string } | { ticket: string }> {
    const kept = this.#kept;
    if (!kept) throw this.#why ?? ended("token.missing", "Sign in first.");
    try {
      if (kept.cookie) {
        const { ticket } = (await this.#ask("auth.ticket", {}, { cookie: true })) as { ticket: string };
        return { ticket };
      }
      return { token: kept.token && kept.token !== this.#bad ? kept.token : await this.#renew() };
    } catch (error) {
      if (error instanceof Refusal && ENDINGS.has(error.name)) this.end(error);
      throw error;
    }
  }

  /** The server did not take the token, or will soon not: the next `entry` is another. */
  reject(): void {
    this.#bad = this.#kept?.token ?? null;
  }

  /** The server ended the sign-in (banned, revoked). */
  end(why: Refusal | null): void {
    if (!this.#kept) return;
    this.#kept = null;
    this.#why = why;
    this.#options.store.remove(KEY);
    this.#tell();
  }

  /** What the server calls me now. */
  rename(name: string): void {
    if (!this.#kept || this.#kept.user.name === name) return;
    this.#keep({ ...this.#kept, user: { ...this.#kept.user, name } });
    this.#tell();
  }

  /** What the server says I am now: somebody may be made an administrator, or be one no more, while they are signed in. */
  become(kind: string): void {
    const now = kind === "admin" || kind === "user" || kind === "guest" ? kind : null;
    if (!this.#kept || now === null || this.#kept.kind === now) return;
    this.#keep({ ...this.#kept, kind: now });
    this.#tell();
  }

  async #renew(): Promise<string> {
    return await this.#options.environment.alone(LOCK, async () => {
      this.#follow(); // another tab may have renewed it while this one waited
      const kept = this.#kept;
      if (!kept) throw this.#why ?? ended("token.missing", "Sign in first.");
      if (kept.token && kept.token !== this.#bad) return kept.token;
      if (!kept.refresh) throw ended("token.expired", "This visit has ended.");
      const renewal = kept.renewal ?? nonce(this.#options.environment);
      this.#keep({ ...kept, renewal });
      const answer = (await this.#ask("auth.refresh", { refresh: kept.refresh, nonce: renewal }, {})) as SignedIn;
      this.#signedIn(answer);
      return answer.token ?? "";
    });
  }

  #ask(op: Op, d: object, who: Credential): Promise<unknown> {
    return ask(this.#options.environment, this.url, op, d, who);
  }

  #credential(): Credential {
    if (this.#kept?.cookie) return { cookie: true };
    return this.#kept?.token ? { token: this.#kept.token } : {};
  }

  /** Without it the browser would not take the cookie it is answered with. */
  get #entering(): Credential {
    return this.#options.cookie ? { cookie: true } : {};
  }

  get #device(): { cookie: boolean; client: string } {
    return { cookie: this.#options.cookie ?? false, client: this.#options.device ?? "" };
  }

  #signedIn(answer: unknown): Who {
    const { user, kind, ends, token, refresh } = answer as SignedIn;
    const known = kind === "admin" ? "admin" : "user";
    return this.#take({
      kind: known, user, until: ends, cookie: !token, token: token ?? null, refresh: refresh ?? null, renewal: null,
    });
  }

  #take(kept: Kept): Who {
    this.#bad = null;
    this.#why = null;
    this.#keep(kept);
    this.#tell();
    return this.who;
  }

  #keep(kept: Kept): void {
    this.#kept = kept;
    this.#options.store.set(KEY, JSON.stringify(kept));
  }

  /** Take over what another tab did. */
  #follow(): void {
    const before = JSON.stringify(this.who);
    this.#kept = this.#read();
    if (JSON.stringify(this.who) !== before) this.#tell();
  }

  #read(): Kept | null {
    try {
      const kept: unknown = JSON.parse(this.#options.store.get(KEY) ?? "null");
      return isRecord(kept) && isRecord(kept.user) && typeof kept.kind === "string" ? (kept as unknown as Kept) : null;
    } catch {
      return null; // not ours, or an older version's
    }
  }

  #tell(): void {
    for (const call of [...this.#listeners]) call(this.who);
  }
}

/** A refusal of the client's own making, of the same form as the server's. */
export function ended(name: ErrorName, message: string): Refusal {
  return new Refusal({ code: ERRORS[name].code, name, message, temporary: false, retry_after_ms: 0, field: null });
}
