import type { ErrorBody, Pushes } from "./schema.ts";

/**
 * What the client itself says, beside the server's pushes. `stream.lost`: events of `s` were missed and cannot be replayed, fetch
 * its history (it goes on after `o`). `stream.left`: after a reconnect `s` is no longer heard. `error`: a `notify` was refused.
 * `location.left`: I left the map on another device, so this one must not go on telling where it is; the client has stopped.
 */
export interface Announcements {
  "stream.lost": { epoch: string; o: number };
  "stream.left": Record<string, never>;
  "location.left": Record<string, never>;
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
