/** Who is writing: heard a moment ago, not since they said something. Times are `performance.now()`. */

export interface Writer {
  readonly user: string;
  readonly name: string;
  readonly until: number;
}

export const WRITING_MS = 6000;
/** How often I say that I am writing, while I am. */
export const TELL_MS = 3000;
const MOST = 20;

export function writes(now: readonly Writer[], user: string, name: string, at: number): readonly Writer[] {
  return [...now.filter((writer) => writer.user !== user), { user, name, until: at + WRITING_MS }].slice(-MOST);
}

export function stops(now: readonly Writer[], users: ReadonlySet<string>): readonly Writer[] {
  return now.some(({ user }) => users.has(user)) ? now.filter(({ user }) => !users.has(user)) : now;
}

export function still(now: readonly Writer[], at: number): readonly Writer[] {
  return now.some(({ until }) => until <= at) ? now.filter(({ until }) => until > at) : now;
}
