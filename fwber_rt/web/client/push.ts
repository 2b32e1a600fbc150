import type { ErrorBody, Pushes } from "./schema.ts";

/**
 * What the client itself says, beside the server's pushes. `stream.lost`: events of `s` were missed and cannot be replayed, fetch
 * its history (it goes on after `o`). `stream.left`: after a reconnect `s` is no longer heard. `error`: a `notify` was refused.
 */
export interface Announcements {
  "stream.lost": { epoch: string; o: number };
  "stream.left": Record<string, never>;
  error: ErrorBody;
}

export type Heard = Pushes & Announcements;
export type PushType = keyof Heard;

/** One thing said: `s` its stream (`room:123`, `cell:88...`, `user:7`), `o` its offset there; null: never replayed. */
export interface Push<T extends PushType = PushType> {
  t: T;
  s: string | null;
  o: number | null;
  d: Heard[T];
}
