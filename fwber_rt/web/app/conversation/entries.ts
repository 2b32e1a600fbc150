/** What stands in a conversation: messages, and lines about who came, went, or is something else now. */
import type { Message, Push } from "../../client/index.ts";

export interface Said {
  readonly kind: "said";
  readonly key: string;
  readonly s: string;
  readonly o: number;
  readonly mid: string;
  readonly user: string;
  readonly name: string;
  /** Null: its author was erased, or it is of a kind this page does not know. */
  readonly text: string | null;
  readonly ts: number;
}

/** A line about a member; `what` is `join`, a reason of `member.leave`, or a role. */
export interface Line {
  readonly kind: "line";
  readonly key: string;
  readonly s: string;
  readonly o: number;
  readonly user: string;
  readonly name: string;
  readonly what: string;
}

export type Entry = Said | Line;

/** A message of a push or of a history page; null when it has no place in a stream. */
export function said(message: Message, s: string | null, o: number | null | undefined): Said | null {
  if (s === null || o === null || o === undefined) return null;
  const { mid, user, ts, name, content } = message;
  const text = typeof content?.text === "string" ? content.text : null;
  return { kind: "said", key: mid, s, o, mid, user, name: name ?? "", text, ts };
}

/** A line for a push about a member; null for what is not told. `nameOf` knows those who came earlier. */
export function line(push: Push<"member.join" | "member.leave" | "member.role">, nameOf: (user: string) => string): Line | null {
  const { s, o, d } = push;
  if (s === null || o === null) return null;
  const what = "reason" in d ? d.reason : push.t === "member.join" ? "join" : d.role;
  return { kind: "line", key: `${s}/${o}`, s, o, user: d.user, name: "name" in d ? d.name : nameOf(d.user), what };
}

/**
 * The order of a conversation. Within a stream offsets decide. Across streams (the hexagons around) ids do: they begin with the
 * time at which one server made them, and grow in every stream.
 */
export function order(a: Entry, b: Entry): number {
  if (a.s === b.s) return a.o - b.o;
  const [left, right] = [midOf(a), midOf(b)];
  return left.length - right.length || (left < right ? -1 : left > right ? 1 : 0);
}

function midOf(entry: Entry): string {
  return entry.kind === "said" ? entry.mid : "";
}
