/** How far each conversation was read on this device, and how many messages have come since. */
import type { Said } from "./entries.ts";

export interface Mark {
  /** The newest message read: its offset (a room is one stream), and its id (the hexagons around me are several). */
  readonly o: number;
  readonly mid: string;
  readonly unread: number;
}

/** By conversation: a room's id, or `here`. */
export type Marks = ReadonlyMap<string, Mark>;

export const HERE = "here";
type Place = Pick<Mark, "o" | "mid">;
const MOST = 300;

/** Whether a message came after what was read; a conversation never opened has nothing unread from before. */
export function isNew(conversation: string, mark: Place | undefined, { o, mid }: Place): boolean {
  if (!mark) return false;
  if (conversation !== HERE) return o > mark.o;
  return mid.length !== mark.mid.length ? mid.length > mark.mid.length : mid > mark.mid;
}

/** Read up to this message. */
export function read(marks: Marks, conversation: string, { o, mid }: Said): Marks {
  const now = marks.get(conversation);
  if (now && now.unread === 0 && !isNew(conversation, now, { o, mid })) return marks;
  return put(marks, conversation, { o, mid, unread: 0 });
}

/** These came and were not looked at. A conversation never opened counts as read up to them. */
export function missed(marks: Marks, conversation: string, came: readonly Said[]): Marks {
  const first = came[0];
  if (!first) return marks;
  const now = marks.get(conversation) ?? { o: first.o - 1, mid: String(BigInt(first.mid) - 1n), unread: 0 };
  return put(marks, conversation, { ...now, unread: now.unread + came.length });
}

/** So many are unread, counted anew. */
export function counted(marks: Marks, conversation: string, unread: number): Marks {
  const now = marks.get(conversation);
  return !now || now.unread === unread ? marks : put(marks, conversation, { ...now, unread });
}

/** What two tabs know: whichever has read further is right, and where both have read as far, whichever has heard more since. */
export function merged(marks: Marks, others: Marks): Marks {
  let next = marks;
  for (const [conversation, mark] of others) {
    const now = marks.get(conversation);
    const more = !now || isNew(conversation, now, mark) || (!isNew(conversation, mark, now) && mark.unread > now.unread);
    if (more) next = put(next, conversation, mark);
  }
  return next;
}

/** A conversation that is no longer mine. */
export function forgotten(marks: Marks, conversation: string): Marks {
  if (!marks.has(conversation)) return marks;
  const next = new Map(marks);
  next.delete(conversation);
  return next;
}

/** What was kept, as far as it can be believed. */
export function readMarks(value: unknown): Marks | null {
  if (!Array.isArray(value)) return null;
  const marks = new Map<string, Mark>();
  for (const [conversation, o, mid, unread] of value as [unknown, unknown, unknown, unknown][]) {
    if (typeof conversation !== "string" || typeof o !== "number" || typeof mid !== "string" || typeof unread !== "number") return null;
    marks.set(conversation, { o, mid, unread });
  }
  return marks;
}

export function writeMarks(marks: Marks): string {
  return JSON.stringify([...marks].map(([conversation, { o, mid, unread }]) => [conversation, o, mid, unread]));
}

function put(marks: Marks, conversation: string, mark: Mark): Marks {
  const next = new Map(marks);
  next.delete(conversation); // the latest are last; the first go when there are too many
  next.set(conversation, mark);
  return next.size > MOST ? new Map([...next].slice(-MOST)) : next;
}
