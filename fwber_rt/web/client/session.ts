import type { Environment, Store } from "./environment.ts";
import type { Consent, Operations, User } from "./schema.ts";

export type Op = keyof Operations;
export type Request<O extends Op> = Operations[O]["d"];
export type Reply<O extends Op> = Operations[O]["ok"];

/** Who is signed in here. `until`: when it ends unless renewed. `nobody`: sign in first. */
export type Who =
  | { kind: "nobody" }
  | { kind: "guest" | "user" | "admin"; user: User; sid: string; until: number };

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

/** A sign-in that is kept in `store`: survives a reload, shared by all tabs. */
export class Session {
  constructor(_options: SessionOptions) {}

  get who(): Who {
    throw new Error("not built yet");
  }

  /** Called after every change of `who`, in any tab. Returns the undoing. */
  onChange(_call: (who: Who) => void): () => void {
    throw new Error("not built yet");
  }

  guest(_name: string, _consent?: Consent): Promise<Who> {
    throw new Error("not built yet");
  }

  register(_d: Registration): Promise<Who> {
    throw new Error("not built yet");
  }

  /** `code`: of the second factor, asked for with Refusal `totp.required`. */
  signIn(_login: string, _password: string, _code?: string): Promise<Who> {
    throw new Error("not built yet");
  }

  /** A guest becomes an account and stays the same user. */
  upgrade(_d: { login: string; password: string; email?: string }): Promise<Who> {
    throw new Error("not built yet");
  }

  /** Ends the sign-in at the server as far as it can be reached, and here in any case. */
  signOut(_everywhere?: boolean): Promise<void> {
    throw new Error("not built yet");
  }

  /** Any operation over REST, also those the WebSocket has not (`auth.*`, `account.export.get`). Rejects with Refusal or Lost. */
  rest<O extends Op>(_op: O, _d?: Request<O>): Promise<Reply<O>> {
    throw new Error("not built yet");
  }
}
